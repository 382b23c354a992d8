SELECT plan(5);
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
CREATE FUNCTION pg_temp.listing(VARIADIC bands text []) RETURNS text
LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'root', '/', 'grids', '[{
            "crs": "EPSG:32629", "transform": [60, 0, 0, 0, -60, 0], "width": 1, "height": 1
        }]'::jsonb,
        'assets', (
            SELECT jsonb_agg(jsonb_build_object(
                'band', band, 'path', band, 'grid', 0, 'components', 1, 'bits', 15,
                'offset', 0, 'quantification', 1, 'nodata', 0
            ))
            FROM unnest(bands) AS band
        )
    )::text
$$;
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    collection, 'incomplete', acquired, '2024-06-09', platform, baseline, datatake,
    relative_orbit, cell, cloud_cover, footprint, pg_temp.listing('B03')
FROM scenes
WHERE name = 'older';
UPDATE scenes SET
    superseded = FALSE,
    assets = CASE name WHEN 'older' THEN pg_temp.listing('B02', 'B03', 'CLDPRB') ELSE assets END;
SELECT mark_superseded('c', 'take', '29UNU');
SELECT is_empty(
    'SELECT FROM scenes WHERE superseded', 'what lacks a band of the older hides nothing'
);
UPDATE scenes SET assets = pg_temp.listing('B04', 'B03', 'B02') WHERE name = 'incomplete';
SELECT mark_superseded('c', 'take', '29UNU');
SELECT results_eq(
    'SELECT name FROM scenes WHERE superseded', ARRAY['older'],
    'once it has all bands, it does, with or without probabilities'
);
SELECT * FROM finish();
