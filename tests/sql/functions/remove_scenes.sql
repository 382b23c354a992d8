SELECT plan(4);
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    'c', name, acquired::timestamptz, '2024-07-01', 'Sentinel-2A', '05.10', name, 1, '29UNU', cloud,
    'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))',
    '{"root": "/x/", "grids": [], "assets": []}'
FROM (VALUES ('a', '2024-06-01', 10), ('b', '2024-06-02', 50), ('c', '2024-06-03', NULL)) AS v (name, acquired, cloud);
UPDATE scenes SET datatake = 'take', cloud_cover = 7;
SELECT mark_superseded('c', 'take', '29UNU');
SELECT set_eq(
    'SELECT name FROM scenes WHERE superseded', ARRAY['a', 'b'], 'the last of the names is on top'
);
SELECT results_eq(
    $$SELECT name, change FROM remove_scenes('{c,x}')$$,
    $$VALUES ('c', 'removed'), ('b', 'restored')$$,
    'what it hid is restored, and what is not there is not told'
);
SELECT set_eq('SELECT name FROM scenes', ARRAY['a', 'b'], 'no more than it is gone');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is((SELECT scene_count FROM collections), 1::bigint, 'extents follow');
SELECT * FROM finish();
