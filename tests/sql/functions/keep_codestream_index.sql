SELECT plan(6);
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    footprint, assets
) VALUES (
    'c', 'a', '2024-06-01', '2024-07-01', 'Sentinel-2A', '05.10', 'take', 1, '29UNU',
    'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))',
    '{
        "root": "/x/",
        "grids": [{"crs": "EPSG:32629", "transform": [1, 0, 0, 0, -1, 0], "width": 1, "height": 1}],
        "assets": [{
            "band": "B04", "path": "B04.jp2", "grid": 0, "components": 1, "bits": 15,
            "offset": 0, "quantification": 1, "nodata": 0
        }]
    }'
);
SELECT is(keep_codestream_index('a', 0, '/x/B04.jp2', 2, 9, 's', 'p', NULL), TRUE, 'it is kept');
SELECT is(
    keep_codestream_index('a', 0, '/x/B04.jp2', 2, 9, 's', 'p', NULL), FALSE, 'the same is not written'
);
SELECT is(
    keep_codestream_index('a', 0, '/x/B04.jp2', 1, 9, 't', 'q', NULL), FALSE, 'nor is an older format'
);
SELECT is(
    keep_codestream_index('a', 0, '/x/other.jp2', 3, 9, 's', 'q', NULL), FALSE,
    'nor what is of another file'
);
SELECT is(
    keep_codestream_index('a', 0, '/x/B04.jp2', 2, 9, 't', NULL, 'why'), TRUE, 'another state is'
);
SELECT results_eq(
    'SELECT version, file_stamp, packets, unfit FROM codestream_indexes',
    $$VALUES (2::smallint, 't', NULL::bytea, 'why')$$, 'in the place of the former'
);
SELECT * FROM finish();
