-- Writes a scene and its image files as they are now, and tells whether it was new, updated or
-- unchanged. An unchanged scene has none of its rows rewritten. The footprint is repaired where
-- it is invalid.
CREATE OR REPLACE FUNCTION write_scene(scene jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    given scenes;
    held scenes;
    outcome text := 'unchanged';
    changed bigint;
BEGIN
    SELECT * INTO given FROM jsonb_populate_record(NULL::scenes, scene - 'footprint' - 'assets');
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
            relative_orbit, cell, cloud_cover, footprint
        ) VALUES (
            given.collection, given.name, given.acquired, given.generated, given.platform,
            given.baseline, given.datatake, given.relative_orbit, given.cell,
            given.cloud_cover, given.footprint
        ) RETURNING scene_id INTO given.scene_id;
        outcome := 'new';
    ELSE
        given.scene_id := held.scene_id;
        given.superseded := held.superseded;
        IF given IS DISTINCT FROM held THEN
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
                footprint = given.footprint
            WHERE scenes.scene_id = given.scene_id;
            outcome := 'updated';
        END IF;
    END IF;

    DELETE FROM assets
    WHERE
        assets.scene_id = given.scene_id
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(scene -> 'assets') AS asset
            WHERE asset ->> 'href' = assets.href
        );
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 AND outcome = 'unchanged' THEN
        outcome := 'updated';
    END IF;

    INSERT INTO assets (
        scene_id, band, href, crs, transform, width, height, components, bits,
        sample_offset, quantification, nodata
    )
    SELECT
        given.scene_id, asset.band, asset.href, asset.crs, asset.transform, asset.width,
        asset.height, asset.components, asset.bits, asset.sample_offset, asset.quantification,
        asset.nodata
    FROM jsonb_populate_recordset(NULL::assets, scene -> 'assets') AS asset
    ON CONFLICT (scene_id, href) DO UPDATE SET
        band = excluded.band,
        crs = excluded.crs,
        transform = excluded.transform,
        width = excluded.width,
        height = excluded.height,
        components = excluded.components,
        bits = excluded.bits,
        sample_offset = excluded.sample_offset,
        quantification = excluded.quantification,
        nodata = excluded.nodata,
        codestream_index = NULL,
        codestream_index_version = NULL
    WHERE
        (
            assets.band, assets.crs, assets.transform, assets.width, assets.height,
            assets.components, assets.bits, assets.sample_offset, assets.quantification,
            assets.nodata
        ) IS DISTINCT FROM (
            excluded.band, excluded.crs, excluded.transform, excluded.width, excluded.height,
            excluded.components, excluded.bits, excluded.sample_offset, excluded.quantification,
            excluded.nodata
        );
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 AND outcome = 'unchanged' THEN
        outcome := 'updated';
    END IF;

    IF outcome = 'unchanged' THEN
        RETURN outcome;
    END IF;

    PERFORM mark_superseded(given.collection, given.datatake, given.cell);
    IF (held.collection, held.datatake, held.cell)
        <> (given.collection, given.datatake, given.cell) THEN
        PERFORM mark_superseded(held.collection, held.datatake, held.cell);
    END IF;

    IF given.cell <> '' THEN
        INSERT INTO grid_cells (cell, footprint)
        SELECT given.cell, outline_of_image(asset.crs, asset.transform, asset.width, asset.height)
        FROM assets AS asset
        WHERE
            asset.scene_id = given.scene_id
            AND NOT EXISTS (SELECT FROM grid_cells WHERE grid_cells.cell = given.cell)
        ORDER BY asset.href
        LIMIT 1
        ON CONFLICT (cell) DO NOTHING;
    END IF;
    RETURN outcome;
END
$$;
