SELECT plan(5);
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    'c', name, acquired::timestamptz, '2024-07-01', 'Sentinel-2A', '05.10', name, 1, '29UNU', cloud,
    'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))',
    '{"root": "/x/", "grids": [], "assets": []}'
FROM (VALUES ('a', '2024-06-01', 10), ('b', '2024-06-02', 50), ('c', '2024-06-03', NULL)) AS v (name, acquired, cloud);
UPDATE scenes SET superseded = TRUE WHERE name = 'b';
SELECT results_eq(
    $$SELECT name, assets FROM search_scene('c', 'b', 1, 1, 3, 3, NULL, NULL)$$,
    $$SELECT name, assets FROM scenes WHERE name = 'b'$$,
    'it is found by its name, though superseded'
);
SELECT is_empty(
    $$SELECT FROM search_scene('d', 'b', 1, 1, 3, 3, NULL, NULL)$$, 'of its collection only'
);
SELECT is_empty(
    $$SELECT FROM search_scene('c', 'b', 3, 3, 4, 4, NULL, NULL)$$, 'where it lies only'
);
SELECT is_empty(
    $$SELECT FROM search_scene('c', 'b', 1, 1, 3, 3, '{[2024-06-03,2024-06-04]}', NULL)$$,
    'at its time only'
);
SELECT is_empty(
    $$SELECT FROM search_scene('c', 'b', 1, 1, 3, 3, NULL, 49.9)$$, 'if it is clear enough'
);
SELECT * FROM finish();
