SELECT plan(4);
CREATE FUNCTION pg_temp.of_sides(VARIADIC sides integer []) RETURNS jsonb
LANGUAGE sql AS $$
    SELECT jsonb_build_object('grids', jsonb_agg(jsonb_build_object(
        'crs', 'EPSG:32629', 'transform', '[60, 0, 499980, 0, -60, 5900040]'::jsonb,
        'width', side, 'height', side
    )))
    FROM unnest(sides) AS side;
$$;
CREATE FUNCTION pg_temp.outline_of(side integer) RETURNS text
LANGUAGE sql AS $$
    SELECT st_astext(
        outline_of_image('EPSG:32629', '{60,0,499980,0,-60,5900040}', side, side)
    );
$$;
SELECT keep_grid_cell('29UNU', '{"grids": []}');
SELECT is_empty('SELECT FROM grid_cells', 'without an image there is no outline');
SELECT keep_grid_cell('29UNU', pg_temp.of_sides(80));
SELECT is(
    (SELECT st_astext(footprint) FROM grid_cells), pg_temp.outline_of(80), 'the first is kept'
);
SELECT keep_grid_cell('29UNU', pg_temp.of_sides(80, 1830, 400));
SELECT is(
    (SELECT st_astext(footprint) FROM grid_cells), pg_temp.outline_of(1830),
    'the largest image gives a larger one'
);
SELECT keep_grid_cell('29UNU', pg_temp.of_sides(1829));
SELECT is(
    (SELECT st_astext(footprint) FROM grid_cells), pg_temp.outline_of(1830),
    'a smaller one changes nothing'
);
SELECT * FROM finish();
