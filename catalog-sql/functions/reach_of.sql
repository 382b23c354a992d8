-- What footprints span: the convex hull of their parts. Where that would reach around the Earth, it
-- is one hull on each side of the prime meridian, for the parts are split at the antimeridian.
CREATE OR REPLACE FUNCTION reach_of(footprints geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE AS $$
    SELECT st_multi(st_union(side.hull))
    FROM (
        SELECT st_convexhull(st_collect(part.geom)) AS hull
        FROM st_dump(footprints) AS part
        GROUP BY
            st_xmax(footprints) - st_xmin(footprints) > 180
            AND st_xmin(part.geom) + st_xmax(part.geom) < 0
    ) AS side
$$;
