SELECT plan(10);
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
SELECT results_eq(
    $$SELECT * FROM write_scenes(
        ARRAY[pg_temp.given('b', '2024-07-02'), pg_temp.given('a', '2024-07-01')],
        ARRAY['00000000-0000-0000-0000-000000000001', NULL]::uuid[], '{disk,disk}',
        '{1}', '{0}', '{/x/B04.jp2}', '{1}', '{9}', '{s}', '{p}', '{NULL}'
    )$$,
    $$VALUES (1, 'new', TRUE, FALSE), (2, 'new', FALSE, TRUE)$$,
    'each is told in its place, whichever supersedes the other'
);
SELECT results_eq(
    'SELECT name FROM scenes INNER JOIN scene_fingerprints USING (scene_id)', ARRAY['b'],
    'a fingerprint is kept where there is one'
);
SELECT results_eq(
    'SELECT name FROM scenes INNER JOIN codestream_indexes USING (scene_id)', ARRAY['b'],
    'an index is kept with its scene'
);
SELECT results_eq(
    $$SELECT * FROM write_scenes(
        ARRAY[pg_temp.given('b', '2024-07-02')], ARRAY[NULL]::uuid[], '{disk}',
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'
    )$$,
    $$VALUES (1, 'unchanged', FALSE, FALSE)$$, 'what is there already changes nothing'
);
SELECT count(*) FROM write_scenes(
    ARRAY[
        pg_temp.given('d', '2024-07-02') || '{"collection": "a", "cell": "29UPU"}',
        pg_temp.given('c', '2024-07-02') || '{"collection": "b", "cell": "29UNU"}'
    ],
    ARRAY[NULL, NULL]::uuid[], '{disk,disk}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'
);
SELECT results_eq(
    $$SELECT name FROM scenes WHERE name IN ('c', 'd') ORDER BY scene_id$$, ARRAY['c', 'd'],
    'cells, which collections share, are taken in order'
);
CREATE FUNCTION pg_temp.told(source text, fingerprint integer, cloud integer) RETURNS text
LANGUAGE sql AS $$
    SELECT outcome FROM write_scenes(
        ARRAY[pg_temp.given('two', '2024-07-02')
            || jsonb_build_object('cloud_cover', cloud, 'cell', '29UQU')],
        ARRAY[lpad(fingerprint::text, 32, '0')::uuid], ARRAY[source],
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'
    );
$$;
CREATE FUNCTION pg_temp.fingerprints_of_two() RETURNS integer []
LANGUAGE sql AS $$
    SELECT array_agg(right(fingerprint::text, 4)::integer ORDER BY fingerprint)
    FROM scene_fingerprints INNER JOIN scenes USING (scene_id)
    WHERE name = 'two';
$$;
SELECT is(
    ARRAY[
        pg_temp.told('disk', 1, 10), pg_temp.told('item', 2, 20), pg_temp.told('item', NULL, 30)
    ],
    ARRAY['new', 'updated', 'updated'], 'what changed last counts, even where it lacks something'
);
SELECT is(
    pg_temp.fingerprints_of_two(), NULL, 'then the other source is to tell it again'
);
SELECT is(
    ARRAY[pg_temp.told('disk', 1, 10), pg_temp.told('item', NULL, 30)],
    ARRAY['updated', 'unchanged'], 'which is not written over by less'
);
SELECT is(
    ARRAY[pg_temp.told('item', 2, 20), pg_temp.told('disk', 3, 10), pg_temp.told('item', 4, 40)],
    ARRAY['updated', 'updated', 'updated']
);
SELECT is(
    pg_temp.fingerprints_of_two(), ARRAY[3, 4], 'each source has one fingerprint, its last'
);
SELECT * FROM finish();
