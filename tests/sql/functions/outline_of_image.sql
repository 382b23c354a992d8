SELECT plan(2);
SELECT is(
    st_area(outline_of_image('EPSG:4326', '{1,0,10,0,-1,50}', 2, 3)), 6::double precision,
    'of an image in degrees it is its box'
);
SELECT is(outline_of_image(NULL, '{1,0,10,0,-1,50}', 2, 3), NULL, 'without a CRS there is none');
SELECT * FROM finish();
