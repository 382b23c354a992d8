SELECT plan(7);
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
PREPARE found (text, tstzmultirange, float8, integer, integer) AS
SELECT name FROM search_scenes('c', 1, 1, 1.1, 1.1, $2, $3, $1, $4, $5);
SELECT results_eq(
    $$EXECUTE found('mostRecent', NULL, NULL, NULL, 9)$$, ARRAY['c', 'b', 'a'], 'most recent first'
);
SELECT results_eq(
    $$EXECUTE found('leastRecent', NULL, NULL, NULL, 9)$$, ARRAY['a', 'b', 'c'], 'least recent first'
);
SELECT results_eq(
    $$EXECUTE found('leastCC', NULL, NULL, NULL, 9)$$, ARRAY['a', 'b', 'c'],
    'least cloudy first, those of no figure last'
);
SELECT results_eq(
    $$EXECUTE found('mostRecent', '{[2024-06-01,2024-06-02]}', NULL, NULL, 9)$$, ARRAY['b', 'a'],
    'of the times asked for'
);
SELECT results_eq(
    $$EXECUTE found('mostRecent', NULL, 100, NULL, 9)$$, ARRAY['b', 'a'],
    'a cloud limit leaves out what is not known'
);
SELECT results_eq(
    $$EXECUTE found('mostRecent', NULL, NULL, 2, 9)$$, ARRAY['c', 'b'],
    'what two others cover is left out'
);
SELECT is_empty(
    $$SELECT FROM search_scenes('c', 3, 3, 4, 4, NULL, NULL, 'mostRecent', NULL, 9)$$,
    'nothing lies beside them'
);
SELECT * FROM finish();
