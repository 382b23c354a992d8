-- The address of the image file at a place, from 0, of a scene's assets; null where there is none.
CREATE OR REPLACE FUNCTION href_of_asset(assets jsonb, place integer) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT (assets ->> 'root') || (assets #>> ARRAY['assets', place::text, 'path']);
$$;
