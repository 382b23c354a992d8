-- Keeps as the outline of a cell that of the largest image that any of its scenes lists: some list
-- but a part of what the cell is. A cell that has such an outline already is not locked.
CREATE OR REPLACE FUNCTION keep_grid_cell(of_cell text, assets jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- By so much an outline in degrees must be larger: the same image's differs by rounding alone.
    growth constant double precision := 1.000001;
    outline geometry;
BEGIN
    SELECT
        outline_of_image(
            grid ->> 'crs', translate(grid ->> 'transform', '[]', '{}')::double precision [],
            (grid -> 'width')::integer, (grid -> 'height')::integer
        )
    INTO outline
    FROM jsonb_array_elements(assets -> 'grids') AS grid
    ORDER BY
        abs(
            (grid -> 'transform' -> 0)::double precision * (grid -> 'width')::integer
            * (grid -> 'transform' -> 4)::double precision * (grid -> 'height')::integer
        ) DESC
    LIMIT 1;

    IF outline IS NULL OR EXISTS (
        SELECT FROM grid_cells AS held
        WHERE held.cell = of_cell AND st_area(outline) <= growth * st_area(held.footprint)
    ) THEN
        RETURN;
    END IF;
    INSERT INTO grid_cells AS held (cell, footprint) VALUES (of_cell, outline)
    ON CONFLICT (cell) DO UPDATE SET footprint = excluded.footprint
    WHERE st_area(excluded.footprint) > growth * st_area(held.footprint);
END
$$;
