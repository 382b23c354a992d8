-- Keeps the index of one image file, and tells whether anything had to be written.
--
-- The asset is known by its scene's name, its place and its address: where the scene lists another
-- file there by now, nothing is kept. An index in a newer format stays, so that two versions of the
-- program do not write over each other in turn.
CREATE OR REPLACE FUNCTION keep_codestream_index(
    scene_name text,
    in_asset integer,
    href text,
    in_version integer,
    in_file_size bigint,
    in_file_stamp text,
    in_packets bytea,
    in_unfit text
) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO codestream_indexes AS held (
        scene_id, asset, version, file_size, file_stamp, packets, unfit
    )
    SELECT
        scenes.scene_id, in_asset, in_version, in_file_size, in_file_stamp, in_packets, in_unfit
    FROM scenes
    WHERE scenes.name = scene_name AND href_of_asset(scenes.assets::jsonb, in_asset) = href
    ON CONFLICT (scene_id, asset) DO UPDATE SET
        version = excluded.version,
        file_size = excluded.file_size,
        file_stamp = excluded.file_stamp,
        packets = excluded.packets,
        unfit = excluded.unfit
    WHERE
        held.version <= excluded.version
        AND (held.version, held.file_size, held.file_stamp, held.packets, held.unfit)
        IS DISTINCT FROM (
            excluded.version, excluded.file_size, excluded.file_stamp, excluded.packets,
            excluded.unfit
        );
    RETURN found;
END
$$;
