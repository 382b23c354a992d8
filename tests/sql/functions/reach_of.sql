SELECT plan(2);
SELECT is(
    st_area(reach_of('SRID=4326;MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((2 0,3 0,3 1,2 1,2 0)))')),
    3::double precision, 'the hull spans what lies between'
);
SELECT is(
    st_area(reach_of(
        'SRID=4326;MULTIPOLYGON(((179 0,180 0,180 1,179 1,179 0)),'
        '((-180 0,-179 0,-179 1,-180 1,-180 0)))'
    )),
    2::double precision, 'it does not go around the Earth'
);
SELECT * FROM finish();
