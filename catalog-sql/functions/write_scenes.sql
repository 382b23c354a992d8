-- Writes scenes and the codestream indexes that were made of their files, all or nothing, and tells
-- of each, by its place from 1, what became of it: its outcome as of write_scene, whether it takes
-- the place of an older generation, and whether a newer one is there already.
--
-- The indexes are given in arrays with one element an index; in_places says whose they are. What
-- comes without a fingerprint lacks something: it keeps none, and where another source told the
-- scene whole it changes nothing. Acquisitions are locked in one order before anything is
-- written, and written cell by cell, for collections share the cells' outlines: two who write the
-- same ones never deadlock.
CREATE OR REPLACE FUNCTION write_scenes(
    given jsonb[],
    fingerprints uuid[],
    sources text[],
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
            hashtext(concat_ws('/', touched.collection, touched.datatake, touched.cell)) AS hash
        FROM (
            SELECT
                scene ->> 'collection' AS collection,
                scene ->> 'datatake' AS datatake,
                scene ->> 'cell' AS cell
            FROM unnest(given) AS scene
            UNION ALL
            SELECT scenes.collection, scenes.datatake, scenes.cell
            FROM scenes
            INNER JOIN unnest(given) AS scene ON scenes.name = scene ->> 'name'
        ) AS touched
        ORDER BY hash
    ) AS acquisition;

    FOR arriving IN
        SELECT
            listed.scene,
            listed.fingerprint,
            md5(listed.source)::uuid AS source,
            listed.number::integer
        FROM
            unnest(given, fingerprints, sources)
            WITH ORDINALITY AS listed (scene, fingerprint, source, number)
        ORDER BY listed.scene ->> 'cell', listed.scene ->> 'collection', listed.number
    LOOP
        IF arriving.fingerprint IS NULL AND (
            SELECT count(*) > 0 AND NOT coalesce(bool_or(held.source = arriving.source), FALSE)
            FROM scene_fingerprints AS held
            INNER JOIN scenes USING (scene_id)
            WHERE scenes.name = arriving.scene ->> 'name'
        ) THEN
            outcomes[arriving.number] := 'unchanged';
            CONTINUE;
        END IF;
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

        -- Where this source lacks something, the others are to tell it again.
        DELETE FROM scene_fingerprints AS held
        USING scenes
        WHERE
            scenes.name = arriving.scene ->> 'name'
            AND held.scene_id = scenes.scene_id
            AND (held.source = arriving.source OR arriving.fingerprint IS NULL)
            AND held.fingerprint IS DISTINCT FROM arriving.fingerprint;
        INSERT INTO scene_fingerprints (scene_id, source, fingerprint)
        SELECT scenes.scene_id, arriving.source, arriving.fingerprint
        FROM scenes
        WHERE scenes.name = arriving.scene ->> 'name' AND arriving.fingerprint IS NOT NULL
        ON CONFLICT (scene_id, source) DO NOTHING;
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
