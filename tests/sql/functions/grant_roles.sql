SELECT plan(8);
SELECT is(grant_roles(), '{}'::text[], 'no role is missing where they may be made');
SELECT has_role('sentinel_ows_reader');
SELECT has_role('sentinel_ows_server');
SELECT has_role('sentinel_ows_writer');
SELECT table_privs_are('public', 'scenes', 'sentinel_ows_reader', ARRAY['SELECT']);
SELECT table_privs_are('public', 'scenes', 'sentinel_ows_server', ARRAY['SELECT']);
SELECT table_privs_are(
    'public', 'codestream_indexes', 'sentinel_ows_server', ARRAY['SELECT', 'INSERT', 'UPDATE']
);
SELECT table_privs_are(
    'public', 'scenes', 'sentinel_ows_writer', ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']
);
SELECT * FROM finish();
