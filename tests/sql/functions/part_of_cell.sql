SELECT plan(2);
SELECT is(part_of_cell(cell), part, cell || ' stays in its part')
FROM (VALUES ('29UNU', (get_byte(decode(md5('29UNU'), 'hex'), 0) % 64)::smallint)) AS v (cell, part);
SELECT is(
    (SELECT count(DISTINCT part_of_cell(number::text)) FROM generate_series(1, 9999) AS number),
    64::bigint, 'cells are spread over 64 parts'
);
SELECT * FROM finish();
