-- Lists scenes page by page, the most recent first and by name where they tie, with their assets.
--
-- What is null does not narrow the list. The area is in degrees. First and last are part of the
-- time asked for. A page begins after the scene at (after_acquired, after_name): whoever goes on
-- from the last of one page to the next meets each scene once, whatever is written meanwhile.
-- Superseded scenes are listed only where they are named.

CREATE OR REPLACE FUNCTION list_scenes(
    in_collections text[],
    in_names text[],
    in_area geometry,
    first_acquired timestamptz,
    last_acquired timestamptz,
    after_acquired timestamptz,
    after_name text,
    page_size integer
) RETURNS TABLE (
    collection text,
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
    assets text
)
LANGUAGE plpgsql STABLE
-- How much lies in the area and the time decides what a scene on no grid is best found by.
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    -- Up to so many grid cells are gone through one by one, each to the depth of a page. Of more,
    -- at least one in a hundred of all scenes lies in the area: they are met soon enough in the
    -- order of time.
    most_cells constant integer := 256;
    area constant geometry := st_makevalid(in_area);
    earliest constant timestamptz := coalesce(first_acquired, '-infinity');
    latest constant timestamptz := least(
        coalesce(last_acquired, 'infinity'), coalesce(after_acquired, 'infinity')
    );
    searched text [];
    cells_of text [];
    cells text [];
    insides boolean [];
    listed bigint [];
BEGIN
    SELECT array_agg(held.collection)
    INTO searched
    FROM collections AS held
    WHERE
        (in_collections IS NULL OR held.collection = ANY(in_collections))
        AND held.last_acquired >= earliest
        AND held.first_acquired <= latest;

    IF in_names IS NULL AND area IS NOT NULL THEN
        SELECT array_agg(met.collection), array_agg(met.cell), array_agg(met.inside)
        INTO cells_of, cells, insides
        FROM (
            SELECT held.collection, held.cell, st_covers(area, held.reach) AS inside
            FROM cell_extents AS held
            WHERE
                st_intersects(held.reach, area)
                AND held.collection = ANY(searched)
                AND held.first_acquired <= latest
                AND held.last_acquired >= earliest
            LIMIT most_cells + 1
        ) AS met;
    END IF;

    IF in_names IS NOT NULL THEN
        listed := ARRAY(
            SELECT scenes.scene_id
            FROM scenes
            WHERE
                scenes.name = ANY(in_names)
                AND (in_collections IS NULL OR scenes.collection = ANY(in_collections))
                AND scenes.acquired BETWEEN earliest AND latest
                AND (
                    after_acquired IS NULL
                    OR (scenes.acquired, scenes.name COLLATE "C") < (after_acquired, after_name)
                )
                AND (area IS NULL OR st_intersects(scenes.footprint, area))
            ORDER BY scenes.acquired DESC, scenes.name COLLATE "C" DESC
            LIMIT page_size
        );
    ELSIF area IS NOT NULL AND coalesce(cardinality(cells), 0) <= most_cells THEN
        listed := ARRAY(
            SELECT found.scene_id
            FROM (
                SELECT latest_of_cell.*
                FROM unnest(cells_of, cells, insides) AS met (collection, cell, inside)
                CROSS JOIN LATERAL (
                    SELECT scenes.scene_id, scenes.acquired, scenes.name
                    FROM scenes
                    WHERE
                        NOT scenes.superseded
                        AND scenes.collection = met.collection
                        AND scenes.cell = met.cell
                        AND scenes.acquired BETWEEN earliest AND latest
                        AND (
                            after_acquired IS NULL
                            OR (scenes.acquired, scenes.name COLLATE "C")
                            < (after_acquired, after_name)
                        )
                        AND (met.inside OR st_intersects(scenes.footprint, area))
                    ORDER BY scenes.acquired DESC, scenes.name COLLATE "C" DESC
                    LIMIT page_size
                ) AS latest_of_cell
                WHERE met.cell <> ''
                UNION ALL
                (
                    SELECT scenes.scene_id, scenes.acquired, scenes.name
                    FROM scenes
                    WHERE
                        NOT scenes.superseded
                        AND scenes.cell = ''
                        AND scenes.collection = ANY(searched)
                        AND scenes.acquired BETWEEN earliest AND latest
                        AND (
                            after_acquired IS NULL
                            OR (scenes.acquired, scenes.name COLLATE "C")
                            < (after_acquired, after_name)
                        )
                        AND st_intersects(scenes.footprint, area)
                    ORDER BY scenes.acquired DESC, scenes.name COLLATE "C" DESC
                    LIMIT page_size
                )
            ) AS found
            ORDER BY found.acquired DESC, found.name COLLATE "C" DESC
            LIMIT page_size
        );
    ELSE
        listed := ARRAY(
            SELECT found.scene_id
            FROM unnest(searched) AS held (collection)
            CROSS JOIN LATERAL (
                SELECT scenes.scene_id, scenes.acquired, scenes.name
                FROM scenes
                WHERE
                    NOT scenes.superseded
                    AND scenes.collection = held.collection
                    AND scenes.acquired BETWEEN earliest AND latest
                    AND (
                        after_acquired IS NULL
                        OR (scenes.acquired, scenes.name COLLATE "C")
                        < (after_acquired, after_name)
                    )
                    AND (area IS NULL OR st_intersects(scenes.footprint, area))
                ORDER BY scenes.acquired DESC, scenes.name COLLATE "C" DESC
                LIMIT page_size
            ) AS found
            ORDER BY found.acquired DESC, found.name COLLATE "C" DESC
            LIMIT page_size
        );
    END IF;

    RETURN QUERY
    SELECT
        scenes.collection,
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
    FROM unnest(listed) WITH ORDINALITY AS place (scene_id, number)
    INNER JOIN scenes ON place.scene_id = scenes.scene_id
    ORDER BY place.number;
END
$$;
