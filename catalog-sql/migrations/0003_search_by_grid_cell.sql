-- A search goes from grid cell to grid cell, each through the best of its scenes in order.

DROP FUNCTION IF EXISTS search_scenes(
    text, double precision, double precision, double precision, double precision,
    tstzmultirange, double precision, text, integer
);

-- Rows are longer than toast_tuple_target; all but the assets are to stay in them all the same.
ALTER TABLE scenes
ALTER COLUMN name SET STORAGE PLAIN,
ALTER COLUMN datatake SET STORAGE PLAIN,
ALTER COLUMN footprint SET STORAGE MAIN;

-- What a search bounds is looked at in the index; only scenes that pass are fetched.
DROP INDEX scenes_cell_acquired;
CREATE INDEX scenes_cell_acquired
ON scenes (collection, cell, acquired, coalesce(cloud_cover, 'infinity'))
WHERE NOT superseded;
CREATE INDEX scenes_cell_cloud_cover
ON scenes (collection, cell, coalesce(cloud_cover, 'infinity'), acquired DESC)
WHERE NOT superseded;

-- Scenes on no grid are found by where they lie.
DROP INDEX scenes_footprint;
CREATE INDEX scenes_footprint ON scenes USING gist (footprint) WHERE NOT superseded AND cell = '';

ALTER TABLE cell_extents ADD COLUMN reach geometry (MULTIPOLYGON, 4326);

UPDATE cell_extents SET reach = spanned.reach
FROM (
    SELECT
        hull.collection,
        hull.cell,
        st_multi(st_union(hull.outline)) AS reach
    FROM (
        SELECT
            scenes.collection,
            scenes.cell,
            st_convexhull(st_collect(part.geom)) AS outline
        FROM scenes
        INNER JOIN cell_extents AS held
            ON scenes.collection = held.collection AND scenes.cell = held.cell
        CROSS JOIN st_dump(scenes.footprint) AS part
        WHERE NOT scenes.superseded
        GROUP BY
            scenes.collection, scenes.cell,
            held.east - held.west > 180 AND st_xmin(part.geom) + st_xmax(part.geom) < 0
    ) AS hull
    GROUP BY hull.collection, hull.cell
) AS spanned
WHERE cell_extents.collection = spanned.collection AND cell_extents.cell = spanned.cell;

ALTER TABLE cell_extents ALTER COLUMN reach SET NOT NULL;

COMMENT ON COLUMN cell_extents.reach IS
'What scenes span, closer than by its bounds: their convex hull, split at the antimeridian.';

CREATE INDEX cell_extents_reach ON cell_extents USING gist (reach);
