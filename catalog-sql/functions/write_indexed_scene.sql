-- Writes a scene and the codestream indexes that were made of its files, all or nothing. The arrays
-- have one element an index. Tells what became of the scene.
CREATE OR REPLACE FUNCTION write_indexed_scene(
    scene jsonb,
    in_assets integer[],
    hrefs text[],
    versions integer[],
    file_sizes bigint[],
    file_stamps text[],
    packets bytea[],
    unfit text[]
) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    outcome constant text := write_scene(scene);
BEGIN
    PERFORM
        keep_codestream_index(
            scene ->> 'name', given.asset, given.href, given.version, given.file_size,
            given.file_stamp, given.packets, given.unfit
        )
    FROM
        unnest(in_assets, hrefs, versions, file_sizes, file_stamps, packets, unfit)
        AS given (asset, href, version, file_size, file_stamp, packets, unfit);
    RETURN outcome;
END
$$;
