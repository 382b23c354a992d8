-- Adds histograms step by step.
CREATE OR REPLACE FUNCTION add_each(one bigint[], other bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    FOR step IN 1 .. cardinality(one)
    LOOP
        one[step] := one[step] + other[step];
    END LOOP;
    RETURN one;
END
$$;

CREATE OR REPLACE AGGREGATE sum_each(bigint[]) ( -- noqa: PRS
    SFUNC = add_each,
    STYPE = bigint[],
    INITCOND = '{0,0,0,0,0,0,0,0,0,0}'
);
