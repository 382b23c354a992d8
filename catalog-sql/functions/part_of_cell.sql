-- The part of a collection that a grid cell counts in. Whoever changed a scene holds the part's row
-- while it commits, and adds up the part's cells: of 64 parts two are seldom the same, and each has
-- 300 of the whole Earth's cells.
CREATE OR REPLACE FUNCTION part_of_cell(cell text) RETURNS smallint
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (get_byte(decode(md5(cell), 'hex'), 0) % 64)::smallint;
$$;
