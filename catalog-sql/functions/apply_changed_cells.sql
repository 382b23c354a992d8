-- Applies what a transaction changed, once, as it commits: cell_extents and collection_parts become
-- exact, versions grow, and whoever listens to sentinel_ows_catalogue is told the collections.
--
-- Cells with nothing but arrivals are widened by them; others are counted anew by the index on
-- (collection, cell), and parts from their cells: never a scan over the scenes of a collection.
-- Parts are locked in one order and only now: whatever transactions write, in whatever order, they
-- wait for each other no longer than a commit takes, and never in a ring.
CREATE OR REPLACE FUNCTION apply_changed_cells() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    own constant xid8 := pg_current_xact_id();
BEGIN
    -- One writer a part until it has committed: what it counts is what will be there.
    INSERT INTO collection_parts AS held (collection, part, version)
    SELECT touched.collection, touched.part, next_version(0)
    FROM (
        SELECT DISTINCT collection, part_of_cell(cell) AS part
        FROM changed_cells
        WHERE writer = own
    ) AS touched
    ORDER BY touched.collection, touched.part
    ON CONFLICT (collection, part) DO UPDATE SET version = next_version(held.version);

    PERFORM pg_notify('sentinel_ows_catalogue', touched.collection)
    FROM (SELECT DISTINCT collection FROM changed_cells WHERE writer = own) AS touched;

    DELETE FROM cell_extents AS held
    USING changed_cells AS changed
    WHERE
        changed.writer = own
        AND changed.scene_count IS NULL
        AND held.collection = changed.collection
        AND held.cell = changed.cell;

    INSERT INTO cell_extents (
        collection, cell, west, south, east, north, first_acquired, last_acquired, scene_count,
        reach, part, cloud_known, cloud_sum, cloud_least, cloud_most, cloud_histogram
    )
    SELECT
        scenes.collection, scenes.cell,
        min(st_xmin(scenes.footprint)), min(st_ymin(scenes.footprint)),
        max(st_xmax(scenes.footprint)), max(st_ymax(scenes.footprint)),
        min(scenes.acquired), max(scenes.acquired), count(*), reach_of(st_collect(scenes.footprint)),
        part_of_cell(scenes.cell),
        count(scenes.cloud_cover), coalesce(sum(scenes.cloud_cover::numeric), 0),
        min(scenes.cloud_cover), max(scenes.cloud_cover), cloud_histogram(scenes.cloud_cover)
    FROM (
        SELECT DISTINCT collection, cell FROM changed_cells
        WHERE writer = own AND scene_count IS NULL
    ) AS changed
    INNER JOIN scenes
        ON changed.collection = scenes.collection AND changed.cell = scenes.cell
    WHERE NOT scenes.superseded
    GROUP BY scenes.collection, scenes.cell;

    INSERT INTO cell_extents AS held (
        collection, cell, west, south, east, north, first_acquired, last_acquired, scene_count,
        reach, part, cloud_known, cloud_sum, cloud_least, cloud_most, cloud_histogram
    )
    SELECT
        collection, cell, min(west), min(south), max(east), max(north),
        min(first_acquired), max(last_acquired), sum(scene_count), reach_of(st_collect(reach)),
        part_of_cell(cell),
        sum(cloud_known), sum(cloud_sum), min(cloud_least), max(cloud_most),
        sum_each(cloud_histogram)
    FROM changed_cells
    WHERE writer = own
    GROUP BY collection, cell
    HAVING count(*) = count(scene_count)
    ON CONFLICT (collection, cell) DO UPDATE SET
        west = least(held.west, excluded.west),
        south = least(held.south, excluded.south),
        east = greatest(held.east, excluded.east),
        north = greatest(held.north, excluded.north),
        first_acquired = least(held.first_acquired, excluded.first_acquired),
        last_acquired = greatest(held.last_acquired, excluded.last_acquired),
        scene_count = held.scene_count + excluded.scene_count,
        reach = reach_of(st_collect(held.reach, excluded.reach)),
        cloud_known = held.cloud_known + excluded.cloud_known,
        cloud_sum = held.cloud_sum + excluded.cloud_sum,
        cloud_least = least(held.cloud_least, excluded.cloud_least),
        cloud_most = greatest(held.cloud_most, excluded.cloud_most),
        cloud_histogram = add_each(held.cloud_histogram, excluded.cloud_histogram);

    UPDATE collection_parts AS held SET
        west = counted.west,
        south = counted.south,
        east = counted.east,
        north = counted.north,
        first_acquired = counted.first_acquired,
        last_acquired = counted.last_acquired,
        scene_count = counted.scene_count,
        cloud_known = counted.cloud_known,
        cloud_sum = counted.cloud_sum,
        cloud_least = counted.cloud_least,
        cloud_most = counted.cloud_most,
        cloud_histogram = counted.cloud_histogram
    FROM (
        SELECT
            touched.collection,
            touched.part,
            min(cell.west) AS west,
            min(cell.south) AS south,
            max(cell.east) AS east,
            max(cell.north) AS north,
            min(cell.first_acquired) AS first_acquired,
            max(cell.last_acquired) AS last_acquired,
            coalesce(sum(cell.scene_count), 0) AS scene_count,
            coalesce(sum(cell.cloud_known), 0) AS cloud_known,
            coalesce(sum(cell.cloud_sum), 0) AS cloud_sum,
            min(cell.cloud_least) AS cloud_least,
            max(cell.cloud_most) AS cloud_most,
            sum_each(cell.cloud_histogram) AS cloud_histogram
        FROM (
            SELECT DISTINCT collection, part_of_cell(cell) AS part
            FROM changed_cells
            WHERE writer = own
        ) AS touched
        LEFT JOIN cell_extents AS cell
            ON touched.collection = cell.collection AND touched.part = cell.part
        GROUP BY touched.collection, touched.part
    ) AS counted
    WHERE held.collection = counted.collection AND held.part = counted.part;

    DELETE FROM changed_cells WHERE writer = own;
    DELETE FROM changing_transactions WHERE writer = own;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS apply_changed_cells ON changing_transactions;
CREATE CONSTRAINT TRIGGER apply_changed_cells
AFTER INSERT ON changing_transactions
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION apply_changed_cells();
