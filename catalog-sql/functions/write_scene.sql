-- Writes a scene as it is now, and tells whether it was new, updated or unchanged. The row of an
-- unchanged scene is not rewritten. A footprint that is invalid is repaired. A datatake that is
-- given without its orbit does not replace one that is held with it.
CREATE OR REPLACE FUNCTION write_scene(scene jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    given scenes;
    held scenes;
    outcome text;
BEGIN
    SELECT * INTO given FROM jsonb_populate_record(NULL::scenes, scene - 'footprint');
    given.footprint := st_multi(st_collectionextract(
        st_makevalid(st_geomfromtext(scene ->> 'footprint', 4326)), 3
    ));

    -- Generations of one acquisition are written one after another: each must see the others.
    PERFORM pg_advisory_xact_lock(
        hashtext('write_scene'),
        hashtext(concat_ws('/', given.collection, given.datatake, given.cell))
    );

    SELECT * INTO held FROM scenes WHERE scenes.name = given.name FOR UPDATE;
    IF NOT found THEN
        INSERT INTO scenes (
            collection, name, acquired, generated, platform, baseline, datatake,
            relative_orbit, cell, cloud_cover, footprint, assets
        ) VALUES (
            given.collection, given.name, given.acquired, given.generated, given.platform,
            given.baseline, given.datatake, given.relative_orbit, given.cell,
            given.cloud_cover, given.footprint, given.assets
        ) RETURNING scene_id INTO given.scene_id;
        outcome := 'new';
    ELSE
        given.scene_id := held.scene_id;
        given.superseded := held.superseded;
        IF starts_with(held.datatake, given.datatake || '_') THEN
            given.datatake := held.datatake;
        END IF;
        IF given IS NOT DISTINCT FROM held THEN
            RETURN 'unchanged';
        END IF;
        UPDATE scenes SET
            collection = given.collection,
            acquired = given.acquired,
            generated = given.generated,
            platform = given.platform,
            baseline = given.baseline,
            datatake = given.datatake,
            relative_orbit = given.relative_orbit,
            cell = given.cell,
            cloud_cover = given.cloud_cover,
            footprint = given.footprint,
            assets = given.assets
        WHERE scenes.scene_id = given.scene_id;
        DELETE FROM codestream_indexes AS known
        WHERE
            known.scene_id = given.scene_id
            AND href_of_asset(given.assets::jsonb, known.asset)
            IS DISTINCT FROM href_of_asset(held.assets::jsonb, known.asset);
        outcome := 'updated';
    END IF;

    PERFORM mark_superseded(given.collection, given.datatake, given.cell);
    IF (held.collection, held.datatake, held.cell)
        <> (given.collection, given.datatake, given.cell) THEN
        PERFORM mark_superseded(held.collection, held.datatake, held.cell);
    END IF;

    IF given.cell <> '' THEN
        PERFORM keep_grid_cell(given.cell, given.assets::jsonb);
    END IF;
    RETURN outcome;
END
$$;
