-- Gives the group roles their rights on what the migrating role owns here, now and in
-- future: sentinel_ows_reader may read, sentinel_ows_server may keep codestream indexes too, and
-- sentinel_ows_writer may change all that is catalogued; none may change the schema. Roles that are
-- missing are made where it may; tells those that it may not make. Roles are the whole cluster's,
-- rights this database's alone.
CREATE OR REPLACE FUNCTION grant_roles() RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    here constant text := current_schema();
    wanted text;
    owned regclass;
    missing text[] := ARRAY[]::text[];
BEGIN
    FOREACH wanted IN ARRAY ARRAY[
        'sentinel_ows_reader', 'sentinel_ows_server', 'sentinel_ows_writer'
    ]
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    missing := missing || wanted;
                    CONTINUE;
                WHEN duplicate_object OR unique_violation THEN
                    NULL; -- made meanwhile, for another database
            END;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, wanted);
        FOR owned IN
            SELECT held.oid
            FROM pg_class AS held
            WHERE
                held.relnamespace = here::regnamespace
                AND held.relkind IN ('r', 'v')
                AND held.relowner = current_user::regrole
                AND NOT EXISTS (
                    SELECT FROM pg_depend AS part
                    WHERE
                        part.objid = held.oid
                        AND part.classid = 'pg_class'::regclass
                        AND part.deptype = 'e'
                )
        LOOP
            EXECUTE format('GRANT SELECT ON %s TO %I', owned, wanted);
            IF wanted = 'sentinel_ows_writer' AND owned <> 'schema_files'::regclass THEN
                EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO %I', owned, wanted);
            END IF;
        END LOOP;
        IF wanted = 'sentinel_ows_server' THEN
            EXECUTE format('GRANT INSERT, UPDATE ON codestream_indexes TO %I', wanted);
        END IF;
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT %s ON TABLES TO %I',
            here,
            CASE wanted
                WHEN 'sentinel_ows_writer' THEN 'SELECT, INSERT, UPDATE, DELETE' ELSE 'SELECT'
            END,
            wanted
        );
    END LOOP;
    RETURN missing;
END
$$;
