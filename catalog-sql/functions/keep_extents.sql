-- Keeps cell_extents and collections exact under any change of scenes. What is inserted widens
-- them; what is changed or deleted has its cells counted anew by the index on (collection, cell),
-- and its collections from their cells: never a scan over the scenes of a collection.
CREATE OR REPLACE FUNCTION keep_extents() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    touched_collections text[];
    touched_cells text[];
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        DELETE FROM cell_extents;
        DELETE FROM collections;
        RETURN NULL;
    END IF;

    IF tg_op = 'INSERT' THEN
        SELECT array_agg(DISTINCT arrived.collection ORDER BY arrived.collection)
        INTO touched_collections FROM arrived;
    ELSIF tg_op = 'DELETE' THEN
        SELECT array_agg(touched.collection), array_agg(touched.cell)
        INTO touched_collections, touched_cells
        FROM (SELECT DISTINCT collection, cell FROM departed) AS touched;
    ELSE
        SELECT array_agg(touched.collection), array_agg(touched.cell)
        INTO touched_collections, touched_cells
        FROM (
            SELECT collection, cell FROM departed
            UNION
            SELECT collection, cell FROM arrived
        ) AS touched;
    END IF;

    -- One writer a collection until it commits: what it counts is what will be there.
    PERFORM pg_advisory_xact_lock(hashtext('keep_extents'), hashtext(touched.collection))
    FROM (
        SELECT DISTINCT collection FROM unnest(touched_collections) AS collection
        ORDER BY collection
    ) AS touched;

    IF tg_op = 'INSERT' THEN
        INSERT INTO cell_extents AS held
        SELECT
            collection, cell,
            min(st_xmin(footprint)), min(st_ymin(footprint)),
            max(st_xmax(footprint)), max(st_ymax(footprint)),
            min(acquired), max(acquired), count(*), reach_of(st_collect(footprint))
        FROM arrived
        WHERE NOT superseded
        GROUP BY collection, cell
        ON CONFLICT (collection, cell) DO UPDATE SET
            west = least(held.west, excluded.west),
            south = least(held.south, excluded.south),
            east = greatest(held.east, excluded.east),
            north = greatest(held.north, excluded.north),
            first_acquired = least(held.first_acquired, excluded.first_acquired),
            last_acquired = greatest(held.last_acquired, excluded.last_acquired),
            scene_count = held.scene_count + excluded.scene_count,
            reach = reach_of(st_collect(held.reach, excluded.reach));

        INSERT INTO collections AS held
        SELECT
            collection,
            min(st_xmin(footprint)), min(st_ymin(footprint)),
            max(st_xmax(footprint)), max(st_ymax(footprint)),
            min(acquired), max(acquired), count(*)
        FROM arrived
        WHERE NOT superseded
        GROUP BY collection
        ON CONFLICT (collection) DO UPDATE SET
            west = least(held.west, excluded.west),
            south = least(held.south, excluded.south),
            east = greatest(held.east, excluded.east),
            north = greatest(held.north, excluded.north),
            first_acquired = least(held.first_acquired, excluded.first_acquired),
            last_acquired = greatest(held.last_acquired, excluded.last_acquired),
            scene_count = held.scene_count + excluded.scene_count;
        RETURN NULL;
    END IF;

    DELETE FROM cell_extents AS held
    USING unnest(touched_collections, touched_cells) AS touched (collection, cell)
    WHERE held.collection = touched.collection AND held.cell = touched.cell;

    INSERT INTO cell_extents
    SELECT
        scenes.collection, scenes.cell,
        min(st_xmin(scenes.footprint)), min(st_ymin(scenes.footprint)),
        max(st_xmax(scenes.footprint)), max(st_ymax(scenes.footprint)),
        min(scenes.acquired), max(scenes.acquired), count(*),
        reach_of(st_collect(scenes.footprint))
    FROM unnest(touched_collections, touched_cells) AS touched (collection, cell)
    INNER JOIN scenes
        ON touched.collection = scenes.collection AND touched.cell = scenes.cell
    WHERE NOT scenes.superseded
    GROUP BY scenes.collection, scenes.cell;

    DELETE FROM collections WHERE collection = ANY(touched_collections);

    INSERT INTO collections
    SELECT
        collection, min(west), min(south), max(east), max(north),
        min(first_acquired), max(last_acquired), sum(scene_count)
    FROM cell_extents
    WHERE collection = ANY(touched_collections)
    GROUP BY collection;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER keep_extents_of_inserted
AFTER INSERT ON scenes
REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION keep_extents();

CREATE OR REPLACE TRIGGER keep_extents_of_updated
AFTER UPDATE ON scenes
REFERENCING OLD TABLE AS departed NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION keep_extents();

CREATE OR REPLACE TRIGGER keep_extents_of_deleted
AFTER DELETE ON scenes
REFERENCING OLD TABLE AS departed
FOR EACH STATEMENT EXECUTE FUNCTION keep_extents();

CREATE OR REPLACE TRIGGER keep_extents_of_truncated
AFTER TRUNCATE ON scenes
FOR EACH STATEMENT EXECUTE FUNCTION keep_extents();
