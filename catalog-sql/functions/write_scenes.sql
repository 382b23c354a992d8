-- Writes scenes and the codestream indexes that were made of their files, all or nothing, and tells
-- of each, by its place from 1, what became of it: its outcome as of write_scene, whether it takes
-- the place of an older generation, and whether a newer one is there already.
--
-- The indexes are given in arrays with one element an index; in_places says whose they are. A scene
-- without a fingerprint keeps none. Acquisitions are locked in one order before anything is
-- written, and written cell by cell, for collections share the cells' outlines: two who write the
-- same ones never deadlock.
CREATE OR REPLACE FUNCTION write_scenes(
    given jsonb[],
    fingerprints uuid[],
    in_places integer[],
    in_assets integer[],
    hrefs text[],
    versions integer[],
    file_sizes bigint[],
    file_stamps text[],
    packets bytea[],
    unfit text[]
) RETURNS TABLE (place integer, outcome text, superseding boolean, superseded boolean)
LANGUAGE plpgsql AS $$
DECLARE
    arriving record;
    outcomes text [] := array_fill(NULL::text, ARRAY[cardinality(given)]);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('write_scene'), acquisition.hash)
    FROM (
        SELECT DISTINCT
            hashtext(
                concat_ws('/', scene ->> 'collection', scene ->> 'datatake', scene ->> 'cell')
            ) AS hash
        FROM unnest(given) AS scene
        ORDER BY hash
    ) AS acquisition;

    FOR arriving IN
        SELECT listed.scene, listed.fingerprint, listed.number::integer
        FROM unnest(given, fingerprints) WITH ORDINALITY AS listed (scene, fingerprint, number)
        ORDER BY listed.scene ->> 'cell', listed.scene ->> 'collection', listed.number
    LOOP
        outcomes[arriving.number] := write_scene(arriving.scene);

        PERFORM
            keep_codestream_index(
                arriving.scene ->> 'name', made.asset, made.href, made.version, made.file_size,
                made.file_stamp, made.packets, made.unfit
            )
        FROM
            unnest(
                in_places, in_assets, hrefs, versions, file_sizes, file_stamps, packets, unfit
            ) AS made (place, asset, href, version, file_size, file_stamp, packets, unfit)
        WHERE made.place = arriving.number;

        DELETE FROM scene_fingerprints AS held
        USING scenes
        WHERE
            scenes.name = arriving.scene ->> 'name'
            AND held.scene_id = scenes.scene_id
            AND held.fingerprint IS DISTINCT FROM arriving.fingerprint;
        INSERT INTO scene_fingerprints (scene_id, fingerprint)
        SELECT scenes.scene_id, arriving.fingerprint
        FROM scenes
        WHERE scenes.name = arriving.scene ->> 'name' AND arriving.fingerprint IS NOT NULL
        ON CONFLICT (scene_id) DO NOTHING;
    END LOOP;

    RETURN QUERY
    SELECT
        listed.number::integer,
        listed.outcome,
        listed.outcome <> 'unchanged' AND EXISTS (
            SELECT FROM scenes AS older
            WHERE
                older.superseded
                AND older.collection = scenes.collection
                AND older.datatake = scenes.datatake
                AND older.cell = scenes.cell
                AND (older.generated, older.name) < (scenes.generated, scenes.name)
        ),
        scenes.superseded
    FROM unnest(given, outcomes) WITH ORDINALITY AS listed (scene, outcome, number)
    INNER JOIN scenes ON scenes.name = listed.scene ->> 'name'
    ORDER BY listed.number;
END
$$;
