SELECT plan(6);
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    'c', name, acquired::timestamptz, '2024-07-01', 'Sentinel-2A', '05.10', name, 1, '29UNU', cloud,
    'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))',
    '{"root": "/x/", "grids": [], "assets": []}'
FROM (VALUES ('a', '2024-06-01', 10), ('b', '2024-06-02', 50), ('c', '2024-06-03', NULL)) AS v (name, acquired, cloud);
SET CONSTRAINTS ALL IMMEDIATE;
SELECT results_eq(
    $$SELECT name FROM list_scenes(NULL, NULL, NULL, NULL, NULL, NULL, NULL, 9)$$,
    ARRAY['c', 'b', 'a'], 'the most recent first'
);
SELECT results_eq(
    $$SELECT name FROM list_scenes(NULL, NULL, NULL, NULL, NULL, '2024-06-03', 'c', 1)$$,
    ARRAY['b'], 'a page goes on after the last of the one before'
);
SELECT results_eq(
    $$SELECT name FROM list_scenes('{c}', NULL, NULL, '2024-06-01', '2024-06-02', NULL, NULL, 9)$$,
    ARRAY['b', 'a'], 'both ends of the time are part of it'
);
SELECT is_empty(
    $$SELECT FROM list_scenes(
        NULL, NULL, area_of_box(3, 3, 4, 4), NULL, NULL, NULL, NULL, 9
    )$$, 'nothing lies beside them'
);
UPDATE scenes SET superseded = TRUE WHERE name = 'b';
SELECT results_eq(
    $$SELECT name FROM list_scenes('{c}', NULL, area_of_box(1, 1, 3, 3), NULL, NULL, NULL, NULL, 9)$$,
    ARRAY['c', 'a'], 'what is superseded is not listed'
);
SELECT results_eq(
    $$SELECT name FROM list_scenes(NULL, '{b,x}', NULL, NULL, NULL, NULL, NULL, 9)$$,
    ARRAY['b'], 'but where it is named'
);
SELECT * FROM finish();
