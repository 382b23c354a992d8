-- Marks which scenes of one datatake over one grid cell are superseded: those of which a newer
-- generation covers more than half and lists all bands. The half tells a reprocessed product from
-- one of another datastrip, which has the same datatake and cell but lies beside it; the bands, one
-- that is whole from one that is still being copied.
CREATE OR REPLACE FUNCTION mark_superseded(
    of_collection text, of_datatake text, of_cell text
) RETURNS void
LANGUAGE sql AS $$
    UPDATE scenes SET superseded = now_known.superseded
    FROM (
        SELECT
            older.scene_id,
            EXISTS (
                SELECT FROM scenes AS newer
                WHERE
                    newer.collection = of_collection
                    AND newer.datatake = of_datatake
                    AND newer.cell = of_cell
                    AND (newer.generated, newer.name) > (older.generated, older.name)
                    -- Documents are read but where footprints tell that it may matter.
                    AND CASE
                        WHEN
                            st_area(st_intersection(newer.footprint, older.footprint))
                            > st_area(older.footprint) / 2
                            THEN
                                bands_of_assets(newer.assets::jsonb)
                                @> bands_of_assets(older.assets::jsonb)
                        ELSE FALSE
                    END
            ) AS superseded
        FROM scenes AS older
        WHERE
            older.collection = of_collection
            AND older.datatake = of_datatake
            AND older.cell = of_cell
    ) AS now_known
    WHERE
        scenes.scene_id = now_known.scene_id
        AND scenes.superseded <> now_known.superseded;
$$;
