-- The scenes of a collection that meet a box, best first, with their assets.
--
-- The box is in degrees; west > east means that it lies across the antimeridian. No times means
-- any time. A cloud limit leaves out scenes whose cloud cover is not known. Priority is
-- mostRecent, leastRecent or leastCC. Scenes that tie are in the order of generation, the newest
-- first, and then of name.
CREATE OR REPLACE FUNCTION search_scenes(
    in_collection text,
    west double precision,
    south double precision,
    east double precision,
    north double precision,
    in_times tstzmultirange,
    max_cloud double precision,
    priority text,
    scene_limit integer
) RETURNS TABLE (
    name text,
    acquired timestamptz,
    generated timestamptz,
    platform text,
    baseline text,
    datatake text,
    relative_orbit integer,
    cell text,
    cloud_cover double precision,
    footprint text,
    assets jsonb
)
LANGUAGE sql STABLE AS $$
    WITH area AS (
        SELECT
            st_makeenvelope(
                search_scenes.west, search_scenes.south,
                CASE
                    WHEN search_scenes.west <= search_scenes.east THEN search_scenes.east
                    ELSE 180
                END,
                search_scenes.north, 4326
            ) AS box,
            st_makeenvelope(
                -180, search_scenes.south,
                CASE WHEN search_scenes.west > search_scenes.east THEN search_scenes.east END,
                search_scenes.north, 4326
            ) AS box_beyond
    )

    SELECT
        scenes.name,
        scenes.acquired,
        scenes.generated,
        scenes.platform,
        scenes.baseline,
        scenes.datatake,
        scenes.relative_orbit,
        scenes.cell,
        scenes.cloud_cover,
        st_astext(scenes.footprint),
        scenes.assets
    FROM area
    INNER JOIN scenes
        ON
            st_intersects(scenes.footprint, area.box)
            OR st_intersects(scenes.footprint, area.box_beyond)
    WHERE
        NOT scenes.superseded
        AND scenes.collection = search_scenes.in_collection
        AND (
            search_scenes.in_times IS NULL
            OR scenes.acquired <@ search_scenes.in_times
        )
        AND (
            search_scenes.max_cloud IS NULL
            OR scenes.cloud_cover <= search_scenes.max_cloud
        )
    ORDER BY
        CASE WHEN search_scenes.priority = 'leastCC' THEN scenes.cloud_cover END NULLS LAST,
        CASE WHEN search_scenes.priority = 'leastRecent' THEN scenes.acquired END,
        scenes.acquired DESC,
        scenes.generated DESC,
        scenes.name
    LIMIT search_scenes.scene_limit;
$$;
