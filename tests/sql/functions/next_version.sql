SELECT plan(2);
SELECT is(next_version(9000000000000000000), 9000000000000000001, 'it grows while the clock stands');
SELECT ok(
    next_version(0) BETWEEN 1000000 * extract(EPOCH FROM now())
    AND 1000000 * extract(EPOCH FROM now() + '1 minute'), 'it begins at the clock'
);
SELECT * FROM finish();
