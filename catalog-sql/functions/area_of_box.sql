-- A box in degrees, as a polygon; west > east means that it lies across the antimeridian, where it
-- is split.
CREATE OR REPLACE FUNCTION area_of_box(
    west double precision, south double precision, east double precision, north double precision
) RETURNS geometry
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN west <= east THEN st_makeenvelope(west, south, east, north, 4326)
        ELSE st_collect(
            st_makeenvelope(west, south, 180, north, 4326),
            st_makeenvelope(-180, south, east, north, 4326)
        )
    END;
$$;
