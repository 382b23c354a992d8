SELECT plan(11);
CREATE FUNCTION pg_temp.given(name text, generated text) RETURNS jsonb
LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'collection', 'c', 'name', name, 'acquired', '2024-06-01T10:00Z', 'generated', generated,
        'platform', 'Sentinel-2A', 'baseline', '05.10', 'datatake', 'take', 'relative_orbit', 1,
        'cell', '29UNU', 'cloud_cover', 5, 'footprint', 'POLYGON((0 0,2 0,2 2,0 2,0 0))',
        'assets', '{
            "root": "/x/",
            "grids": [{
                "crs": "EPSG:32629", "transform": [60, 0, 499980, 0, -60, 5900040], "width": 1830,
                "height": 1830
            }],
            "assets": [{
                "band": "B04", "path": "B04.jp2", "grid": 0, "components": 1, "bits": 15,
                "offset": 0, "quantification": 1, "nodata": 0
            }]
        }'::jsonb
    );
$$;
SELECT is(write_scene(pg_temp.given('a', '2024-07-01')), 'new');
SELECT is(write_scene(pg_temp.given('a', '2024-07-01')), 'unchanged');
SELECT is(write_scene(pg_temp.given('a', '2024-07-02')), 'updated');
SELECT is(
    (SELECT st_astext(footprint) FROM scenes), 'MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))',
    'a footprint becomes a multipolygon'
);
SELECT results_eq(
    'SELECT band, href, width FROM assets', $$VALUES ('B04', '/x/B04.jp2', 1830)$$,
    'its images can be read'
);
SELECT results_eq('SELECT cell FROM grid_cells', ARRAY['29UNU'], 'its cell is drawn');
SELECT is(write_scene(pg_temp.given('b', '2024-07-03')), 'new');
SELECT results_eq(
    'SELECT name FROM scenes WHERE superseded', ARRAY['a'], 'an older generation is superseded'
);
SELECT is(write_scene(pg_temp.given('b', '2024-07-03') || '{"datatake": "take_1"}'), 'updated');
SELECT is(
    write_scene(pg_temp.given('b', '2024-07-03')), 'unchanged', 'a shorter datatake tells less'
);
SELECT results_eq(
    $$SELECT datatake FROM scenes WHERE name = 'b'$$, ARRAY['take_1'], 'the longer is kept'
);
SELECT * FROM finish();
