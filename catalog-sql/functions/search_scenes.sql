-- The scenes of a collection that meet a box, best first, with their assets.
--
-- The box is in degrees; west > east means that it lies across the antimeridian. No times means
-- any time. A cloud limit leaves out scenes whose cloud cover is not known. Priority is
-- mostRecent, leastRecent or leastCC. Scenes that tie are in the order of generation, the newest
-- first, and then of name.
--
-- Where there are more scenes than the limit, the best of every grid cell come before the second of
-- any, so that no cell stays empty for the depth of another. Coverings is how many scenes may cover
-- all of the box that lies in a cell before the others of that cell are left out; null leaves out
-- none. A scene that covers a part of it, at the edge of its swath, does not count.
CREATE OR REPLACE FUNCTION search_scenes(
    in_collection text,
    west double precision,
    south double precision,
    east double precision,
    north double precision,
    in_times tstzmultirange,
    max_cloud double precision,
    priority text,
    coverings integer,
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
    assets text
)
LANGUAGE plpgsql STABLE
-- One plan a session, of nested loops through indexes. How few rows each step gives is known here,
-- not from statistics; and to compile a plan takes longer than to run this one.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_sort = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    -- Times nearer to each other are looked through at once: a cell has a scene every few days.
    gap constant interval := interval '15 days';
    -- A cell may give up to so many times its fair share, in place of cells that have less.
    generosity constant double precision := 2.0;
    -- So many cells are looked into for each scene that may be found, spread over the box: filters
    -- may leave most of them without one.
    most_cells constant integer := 16;
    -- So many scenes are looked at for each covering: as many swaths may share a cell.
    orbits constant integer := 8;
    -- Degrees that a scene may miss at the edge of its cell: outlines differ in their last digits.
    tolerance constant double precision := 0.002;
    -- In less of the collection's time than this, all scenes are fetched to find the least cloudy;
    -- in more, they are gone through in the order of cloud cover.
    short_time constant double precision := 0.01;
    least_cloudy constant boolean := priority = 'leastCC';
    most_cloud constant double precision := coalesce(max_cloud, 'infinity');
    area constant geometry := area_of_box(west, south, east, north);
    boxes constant geometry [] := ARRAY(SELECT part.geom FROM st_dump(area) AS part);
    starts timestamptz [];
    ends timestamptz [];
    is_short boolean;
    cells text [];
    insides boolean [];
    share integer;
BEGIN
    SELECT
        array_agg(coalesce(lower(span) + gap, '-infinity')),
        array_agg(coalesce(upper(span) - gap, 'infinity'))
    INTO starts, ends
    FROM (
        SELECT unnest(range_agg(tstzrange(lower(given) - gap, upper(given) + gap))) AS span
        FROM unnest(coalesce(in_times, '{(,)}')) AS given
    ) AS widened;

    IF least_cloudy THEN
        SELECT
            coalesce(sum(
                extract(EPOCH FROM least(span.last, held.last_acquired))
                - extract(EPOCH FROM greatest(span.first, held.first_acquired))
            ) FILTER (
                WHERE span.first <= held.last_acquired AND span.last >= held.first_acquired
            ), 0)
            < short_time * extract(EPOCH FROM held.last_acquired - held.first_acquired)
        INTO is_short
        FROM collections AS held
        CROSS JOIN unnest(starts, ends) AS span (first, last)
        WHERE held.collection = in_collection
        GROUP BY held.first_acquired, held.last_acquired;
    END IF;

    SELECT array_agg(met.cell), array_agg(met.inside)
    INTO cells, insides
    FROM (
        SELECT
            held.cell,
            bool_or(
                held.west >= st_xmin(box) AND held.east <= st_xmax(box)
                AND held.south >= st_ymin(box) AND held.north <= st_ymax(box)
            ) AS inside
        FROM unnest(boxes) AS box
        INNER JOIN cell_extents AS held ON st_intersects(held.reach, box)
        WHERE
            held.collection = in_collection
            AND held.first_acquired <= (SELECT max(last) FROM unnest(ends) AS last)
            AND held.last_acquired >= (SELECT min(first) FROM unnest(starts) AS first)
        GROUP BY held.cell
        ORDER BY hashtext(held.cell), held.cell
        LIMIT most_cells * scene_limit
    ) AS met;
    share := least(
        ceil(generosity * scene_limit / cardinality(cells)), scene_limit, coverings * orbits
    );

    RETURN QUERY
    WITH near AS MATERIALIZED (
        SELECT met.cell, met.inside, part.target, part.is_all
        FROM unnest(cells, insides) AS met (cell, inside)
        LEFT JOIN LATERAL (
            SELECT
                st_intersection(shrunk.reach, area) AS target,
                st_covers(shrunk.reach, area) AS is_all
            FROM (
                SELECT st_buffer(held.reach, -tolerance) AS reach
                FROM cell_extents AS held
                WHERE held.collection = in_collection AND held.cell = met.cell
                OFFSET 0
            ) AS shrunk
            WHERE share > coverings
        ) AS part ON TRUE
    ),

    candidates AS (
        SELECT near.cell, near.target, near.is_all, best.*
        FROM near
        CROSS JOIN LATERAL (
            (
                SELECT latest.*
                FROM unnest(starts, ends) AS span (first, last)
                CROSS JOIN LATERAL (
                    SELECT
                        scenes.scene_id, scenes.acquired, scenes.generated, scenes.name,
                        scenes.cloud_cover, scenes.footprint
                    FROM scenes
                    WHERE
                        NOT scenes.superseded
                        AND scenes.collection = in_collection
                        AND scenes.cell = near.cell
                        AND scenes.acquired BETWEEN span.first AND span.last
                        AND coalesce(scenes.cloud_cover, 'infinity') <= most_cloud
                        AND (in_times IS NULL OR scenes.acquired <@ in_times)
                        AND (near.inside OR st_intersects(scenes.footprint, area))
                    ORDER BY scenes.acquired DESC, scenes.generated DESC, scenes.name
                    LIMIT share
                ) AS latest
                WHERE priority = 'mostRecent' AND near.cell <> ''
                ORDER BY latest.acquired DESC, latest.generated DESC, latest.name
                LIMIT share
            )
            UNION ALL
            (
                SELECT earliest.*
                FROM unnest(starts, ends) AS span (first, last)
                CROSS JOIN LATERAL (
                    SELECT
                        scenes.scene_id, scenes.acquired, scenes.generated, scenes.name,
                        scenes.cloud_cover, scenes.footprint
                    FROM scenes
                    WHERE
                        NOT scenes.superseded
                        AND scenes.collection = in_collection
                        AND scenes.cell = near.cell
                        AND scenes.acquired BETWEEN span.first AND span.last
                        AND coalesce(scenes.cloud_cover, 'infinity') <= most_cloud
                        AND (in_times IS NULL OR scenes.acquired <@ in_times)
                        AND (near.inside OR st_intersects(scenes.footprint, area))
                    ORDER BY scenes.acquired, scenes.generated DESC, scenes.name
                    LIMIT share
                ) AS earliest
                WHERE priority = 'leastRecent' AND near.cell <> ''
                ORDER BY earliest.acquired, earliest.generated DESC, earliest.name
                LIMIT share
            )
            UNION ALL
            (
                SELECT
                    scenes.scene_id, scenes.acquired, scenes.generated, scenes.name,
                    scenes.cloud_cover, scenes.footprint
                FROM scenes
                WHERE
                    least_cloudy
                    AND NOT is_short
                    AND near.cell <> ''
                    AND NOT scenes.superseded
                    AND scenes.collection = in_collection
                    AND scenes.cell = near.cell
                    AND scenes.acquired BETWEEN starts[1] AND ends[cardinality(ends)]
                    AND coalesce(scenes.cloud_cover, 'infinity') <= most_cloud
                    AND (in_times IS NULL OR scenes.acquired <@ in_times)
                    AND (near.inside OR st_intersects(scenes.footprint, area))
                ORDER BY
                    coalesce(scenes.cloud_cover, 'infinity'), scenes.acquired DESC,
                    scenes.generated DESC, scenes.name
                LIMIT share
            )
            UNION ALL
            (
                SELECT clearest.*
                FROM unnest(starts, ends) AS span (first, last)
                CROSS JOIN LATERAL (
                    SELECT
                        scenes.scene_id, scenes.acquired, scenes.generated, scenes.name,
                        scenes.cloud_cover, scenes.footprint
                    FROM scenes
                    WHERE
                        NOT scenes.superseded
                        AND scenes.collection = in_collection
                        AND scenes.cell = near.cell
                        AND scenes.acquired BETWEEN span.first AND span.last
                        AND coalesce(scenes.cloud_cover, 'infinity') <= most_cloud
                        AND (in_times IS NULL OR scenes.acquired <@ in_times)
                        AND (near.inside OR st_intersects(scenes.footprint, area))
                    ORDER BY scenes.acquired
                    OFFSET 0
                ) AS clearest
                WHERE least_cloudy AND is_short AND near.cell <> ''
                ORDER BY
                    clearest.cloud_cover, clearest.acquired DESC, clearest.generated DESC,
                    clearest.name
                LIMIT share
            )
            UNION ALL
            (
                SELECT
                    scenes.scene_id, scenes.acquired, scenes.generated, scenes.name,
                    scenes.cloud_cover, scenes.footprint
                FROM unnest(boxes) WITH ORDINALITY AS side (box, number)
                INNER JOIN scenes ON st_intersects(scenes.footprint, side.box)
                WHERE
                    near.cell = ''
                    AND (side.number = 1 OR NOT st_intersects(scenes.footprint, boxes[1]))
                    AND NOT scenes.superseded
                    AND scenes.cell = ''
                    AND scenes.collection = in_collection
                    AND coalesce(scenes.cloud_cover, 'infinity') <= most_cloud
                    AND (in_times IS NULL OR scenes.acquired <@ in_times)
            )
        ) AS best
    ),

    placed AS (
        SELECT
            candidates.scene_id,
            candidates.cell,
            candidates.is_all,
            st_covers(candidates.footprint, candidates.target) AS covers,
            row_number() OVER (
                ORDER BY
                    CASE WHEN least_cloudy THEN candidates.cloud_cover END,
                    CASE WHEN priority = 'leastRecent' THEN candidates.acquired END,
                    candidates.acquired DESC,
                    candidates.generated DESC,
                    candidates.name
            ) AS place
        FROM candidates
    ),

    ranked AS (
        SELECT
            placed.scene_id,
            placed.place,
            row_number() OVER (PARTITION BY placed.cell ORDER BY placed.place) AS rank,
            count(*) FILTER (WHERE placed.covers) OVER (
                PARTITION BY placed.cell ORDER BY placed.place
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS coverings_of_cell,
            count(*) FILTER (WHERE placed.covers AND placed.is_all) OVER (
                ORDER BY placed.place
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS coverings_of_all
        FROM placed
    ),

    chosen AS (
        SELECT ranked.scene_id, ranked.place
        FROM ranked
        WHERE
            coverings IS NULL
            OR (ranked.coverings_of_cell < coverings AND ranked.coverings_of_all < coverings)
        ORDER BY ranked.rank, ranked.place
        LIMIT scene_limit
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
    FROM chosen
    INNER JOIN scenes ON chosen.scene_id = scenes.scene_id
    ORDER BY chosen.place;
END
$$;
