-- Counts cloud covers in percent in ten steps: those below 10, to those of 90 and all above.
CREATE OR REPLACE FUNCTION count_cloud(histogram bigint[], cloud_cover double precision)
RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    step constant integer := width_bucket(
        cloud_cover, '{0,10,20,30,40,50,60,70,80,90}'::double precision[]
    );
BEGIN
    histogram[step] := histogram[step] + 1;
    RETURN histogram;
END
$$;

CREATE OR REPLACE AGGREGATE cloud_histogram(double precision) ( -- noqa: PRS
    SFUNC = count_cloud,
    STYPE = bigint[],
    INITCOND = '{0,0,0,0,0,0,0,0,0,0}'
);
