-- The outline of an image in degrees, longitude first, split at the antimeridian.
CREATE OR REPLACE FUNCTION outline_of_image(
    crs text, transform double precision[], width integer, height integer
) RETURNS geometry
LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    -- An edge of 110 km bends by up to 1.4 km in degrees at 80 degrees north; cut into 16, by 5 m.
    pieces constant integer := 16;
    outline geometry;
BEGIN
    outline := st_makepolygon(st_makeline(ARRAY[
        st_makepoint(0, 0), st_makepoint(width, 0), st_makepoint(width, height),
        st_makepoint(0, height), st_makepoint(0, 0)
    ]));
    outline := st_segmentize(outline, greatest(width, height)::double precision / pieces);
    outline := st_affine(
        outline, transform[1], transform[2], transform[4], transform[5], transform[3], transform[6]
    );
    outline := st_transform(st_setsrid(outline, split_part(crs, ':', 2)::integer), 4326);
    IF st_xmax(outline) - st_xmin(outline) > 180 THEN
        outline := st_wrapx(st_shiftlongitude(outline), 180, -360);
    END IF;
    RETURN st_multi(st_collectionextract(st_makevalid(outline), 3));
END
$$;
