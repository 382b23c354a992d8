SELECT plan(2);
SELECT is(add_each('{1,2}', '{30,40}'), '{31,42}'::bigint[], 'steps are added by place');
SELECT is(
    (
        SELECT sum_each(histogram)
        FROM (VALUES ('{1,0,0,0,0,0,0,0,0,2}'::bigint[]), ('{1,5,0,0,0,0,0,0,0,1}')) AS v (histogram)
    ),
    '{2,5,0,0,0,0,0,0,0,3}'::bigint[], 'histograms are added up'
);
SELECT * FROM finish();
