-- Notes which cells a statement changes: with what arrived, where scenes were but inserted, else to
-- be counted anew. What is noted is applied as the transaction commits; see apply_changed_cells.
CREATE OR REPLACE FUNCTION keep_extents() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    own constant xid8 := pg_current_xact_id();
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        -- Nobody else writes: whoever truncates holds the table alone.
        DELETE FROM changed_cells WHERE writer = own;
        DELETE FROM cell_extents;
        UPDATE collection_parts SET
            version = next_version(version),
            west = NULL, south = NULL, east = NULL, north = NULL,
            first_acquired = NULL, last_acquired = NULL, scene_count = 0,
            cloud_known = 0, cloud_sum = 0, cloud_least = NULL, cloud_most = NULL,
            cloud_histogram = DEFAULT;
        PERFORM pg_notify('sentinel_ows_catalogue', '');
        RETURN NULL;
    END IF;

    IF tg_op = 'INSERT' THEN
        INSERT INTO changed_cells (
            collection, cell, west, south, east, north, first_acquired, last_acquired, scene_count,
            reach, cloud_known, cloud_sum, cloud_least, cloud_most, cloud_histogram
        )
        SELECT
            collection, cell,
            min(st_xmin(footprint)), min(st_ymin(footprint)),
            max(st_xmax(footprint)), max(st_ymax(footprint)),
            min(acquired), max(acquired), count(*), reach_of(st_collect(footprint)),
            count(cloud_cover), coalesce(sum(cloud_cover::numeric), 0),
            min(cloud_cover), max(cloud_cover), cloud_histogram(cloud_cover)
        FROM arrived
        GROUP BY collection, cell
        HAVING NOT bool_or(superseded);
        INSERT INTO changed_cells (collection, cell)
        SELECT DISTINCT collection, cell FROM arrived WHERE superseded;
    ELSIF tg_op = 'DELETE' THEN
        INSERT INTO changed_cells (collection, cell)
        SELECT DISTINCT collection, cell FROM departed;
    ELSE
        INSERT INTO changed_cells (collection, cell)
        SELECT collection, cell FROM departed
        UNION
        SELECT collection, cell FROM arrived;
    END IF;

    INSERT INTO changing_transactions (writer)
    SELECT own WHERE EXISTS (SELECT FROM changed_cells WHERE writer = own)
    ON CONFLICT (writer) DO NOTHING;
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
