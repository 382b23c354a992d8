SELECT plan(3);
SELECT is(st_astext(area_of_box(1, 2, 3, 4)), 'POLYGON((1 2,1 4,3 4,3 2,1 2))', 'a box is a polygon');
SELECT is(st_srid(area_of_box(1, 2, 3, 4)), 4326, 'it is in degrees');
SELECT is(
    st_area(area_of_box(179, 0, -178, 1)), 3::double precision,
    'across the antimeridian it is split'
);
SELECT * FROM finish();
