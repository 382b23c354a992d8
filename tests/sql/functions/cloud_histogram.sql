SELECT plan(3);
SELECT is(
    (SELECT cloud_histogram(cover) FROM unnest('{0,9.99,10,89.9,90,99,100}'::float8[]) AS cover),
    '{2,1,0,0,0,0,0,0,1,3}'::bigint[], 'steps begin with their own value, the last has 100'
);
SELECT is(
    (SELECT cloud_histogram(cover) FROM unnest('{NULL,50}'::float8[]) AS cover),
    '{0,0,0,0,0,1,0,0,0,0}'::bigint[], 'what is not known is not counted'
);
SELECT is(
    (SELECT cloud_histogram(cover) FROM unnest('{}'::float8[]) AS cover),
    '{0,0,0,0,0,0,0,0,0,0}'::bigint[], 'nothing counts as zeros'
);
SELECT * FROM finish();
