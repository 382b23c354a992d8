SELECT plan(4);
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    'c', name, '2024-06-01T10:00Z', generated, 'Sentinel-2A', '05.10', 'take', 1, '29UNU', 5,
    area, '{"root": "/", "grids": [], "assets": []}'
FROM (VALUES
    ('older', '2024-06-02'::timestamptz, 'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))'::geometry),
    ('newer', '2024-06-03', 'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))'),
    ('beside', '2024-06-04', 'SRID=4326;MULTIPOLYGON(((5 0,7 0,7 2,5 2,5 0)))')
) AS v (name, generated, area);
SELECT results_eq(
    'SELECT cell, scene_count FROM changed_cells', $$VALUES ('29UNU', 3::bigint)$$,
    'what arrives is noted'
);
SELECT is_empty('SELECT FROM cell_extents', 'and not yet applied');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT results_eq(
    'SELECT scene_count, cloud_known, cloud_mean, west, east FROM collections',
    'VALUES (3::bigint, 3::bigint, 5::float8, 0::float8, 7::float8)', 'but on commit'
);
SELECT is_empty('SELECT FROM changed_cells', 'nothing is left to apply');
SELECT * FROM finish();
