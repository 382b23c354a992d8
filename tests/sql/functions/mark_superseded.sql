SELECT plan(3);
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
SELECT mark_superseded('c', 'take', '29UNU');
SELECT results_eq(
    'SELECT name FROM scenes WHERE superseded', ARRAY['older'], 'the newest that covers it counts'
);
UPDATE scenes SET superseded = FALSE;
SELECT mark_superseded('c', 'another', '29UNU');
SELECT is_empty('SELECT FROM scenes WHERE superseded', 'of one datatake only');
DELETE FROM scenes WHERE name = 'newer';
UPDATE scenes SET superseded = TRUE;
SELECT mark_superseded('c', 'take', '29UNU');
SELECT is_empty('SELECT FROM scenes WHERE superseded', 'what superseded it may go');
SELECT * FROM finish();
