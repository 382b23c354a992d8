-- The version after this one: microseconds of the clock, or one more where the clock stands or was
-- set back. So a catalogue that is made anew, or restored, does not come by versions it had before.
CREATE OR REPLACE FUNCTION next_version(held bigint) RETURNS bigint
LANGUAGE sql VOLATILE STRICT AS $$
    SELECT greatest(held + 1, (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint);
$$;
