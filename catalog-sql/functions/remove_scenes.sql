-- Removes scenes, with their codestream indexes, by their names. Extents follow by triggers, and an
-- older generation comes back where what superseded it is gone. Tells the name of each scene that
-- is removed, and of each that is restored.
CREATE OR REPLACE FUNCTION remove_scenes(names text[]) RETURNS TABLE (name text, change text)
LANGUAGE plpgsql AS $$
DECLARE
    acquisition record;
    hidden text [] := ARRAY[]::text[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('write_scene'), touched.hash)
    FROM (
        SELECT DISTINCT
            hashtext(concat_ws('/', scenes.collection, scenes.datatake, scenes.cell)) AS hash
        FROM scenes
        WHERE scenes.name = ANY(names)
        ORDER BY hash
    ) AS touched;

    FOR acquisition IN
        SELECT
            gone.collection,
            gone.datatake,
            gone.cell,
            array_agg(gone.name ORDER BY gone.name) AS names
        FROM scenes AS gone
        WHERE gone.name = ANY(names)
        GROUP BY gone.collection, gone.datatake, gone.cell
        ORDER BY gone.collection, gone.cell, gone.datatake
    LOOP
        hidden := ARRAY(
            SELECT other.name
            FROM scenes AS other
            WHERE
                other.superseded
                AND other.collection = acquisition.collection
                AND other.datatake = acquisition.datatake
                AND other.cell = acquisition.cell
        );
        RETURN QUERY
        DELETE FROM scenes WHERE scenes.name = ANY(acquisition.names)
        RETURNING scenes.name, 'removed';
        PERFORM mark_superseded(acquisition.collection, acquisition.datatake, acquisition.cell);
        RETURN QUERY
        SELECT scenes.name, 'restored'
        FROM scenes
        WHERE scenes.name = ANY(hidden) AND NOT scenes.superseded;
    END LOOP;
END
$$;
