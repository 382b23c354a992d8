-- The bands that a scene lists, and the polarisations of a radar one, which a newer generation must
-- list to take its place. Probabilities and masks are not among them: some sources leave them out.
CREATE OR REPLACE FUNCTION bands_of_assets(assets jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT
        jsonb_path_query_array(
            assets, '$.assets[*].band ? (!(@ like_regex "^(MSK_|CLDPRB$|SNWPRB$)"))'
        )
        || jsonb_path_query_array(assets, '$.radar.images[*].polarisation');
$$;
