SELECT plan(2);
SELECT is(
    href_of_asset('{"root": "s3://a/", "assets": [{"path": "b"}, {"path": "c"}]}', 1), 's3://a/c',
    'places count from 0'
);
SELECT is(href_of_asset('{"root": "/", "assets": []}', 0), NULL, 'there may be none');
SELECT * FROM finish();
