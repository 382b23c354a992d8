-- Asset documents are stored as the text that a search gives: to write jsonb as text took most of
-- the time of a search that gives many scenes.

DROP FUNCTION IF EXISTS search_scenes(
    text, double precision, double precision, double precision, double precision,
    tstzmultirange, double precision, text, integer, integer
);
DROP FUNCTION IF EXISTS search_scene(
    text, text, double precision, double precision, double precision, double precision,
    tstzmultirange, double precision
);
DROP FUNCTION IF EXISTS list_scenes(
    text[], text[], geometry, timestamptz, timestamptz, timestamptz, text, integer
);
DROP VIEW assets;

CREATE DOMAIN asset_document AS jsonb
-- What a rule's path finds breaks it. A comparison of another type is neither true nor false,
-- so that types are asked for first.
CONSTRAINT scene_assets_are_listed CHECK (
    jsonb_path_match(
        value,
        '$.root.type() == "string" && $.grids.type() == "array" && $.assets.type() == "array"'
    )
)
CONSTRAINT asset_band_is_not_empty CHECK (
    NOT jsonb_path_exists(
        value, '$.assets[*] ? (!(@.band.type() == "string" && @.band != ""))'
    )
)
CONSTRAINT asset_path_is_not_empty CHECK (
    NOT jsonb_path_exists(
        value, '$.assets[*] ? (!(@.path.type() == "string" && @.path != ""))'
    )
)
CONSTRAINT asset_samples_are_described CHECK (
    NOT jsonb_path_exists(
        value,
        '$.assets[*] ? (!(
            @.components.type() == "number" && @.bits.type() == "number"
            && @.components > 0 && @.bits > 0
        ))'
    )
)
CONSTRAINT asset_values_are_scaled CHECK (
    NOT jsonb_path_exists(
        value,
        '$.assets[*] ? (!(
            @.offset.type() == "number" && @.quantification.type() == "number"
            && @.quantification > 0
        ))'
    )
)
CONSTRAINT asset_nodata_is_sample_or_null CHECK (
    NOT jsonb_path_exists(
        value,
        '$.assets[*] ? (!(@.nodata.type() == "number" || @.nodata.type() == "null"))'
    )
)
CONSTRAINT asset_grid_is_listed CHECK (
    NOT jsonb_path_exists(
        value,
        '$.assets[*] ? (!(
            @.grid.type() == "number" && @.grid >= 0 && @.grid < $.grids.size()
        ))'
    )
)
CONSTRAINT grid_crs_is_authority_code CHECK (
    NOT jsonb_path_exists(
        value,
        '$.grids[*] ? (!(
            @.crs.type() == "string" && @.crs like_regex "^[A-Z]+:[A-Za-z0-9]+$"
        ))'
    )
)
CONSTRAINT grid_transform_has_six_numbers CHECK (
    NOT jsonb_path_exists(
        value,
        '$.grids[*] ? (
            !(@.transform.size() == 6) || exists(@.transform[*] ? (@.type() != "number"))
        )'
    )
)
CONSTRAINT grid_size_is_positive CHECK (
    NOT jsonb_path_exists(
        value,
        '$.grids[*] ? (!(
            @.width.type() == "number" && @.height.type() == "number"
            && @.width > 0 && @.height > 0
        ))'
    )
);

COMMENT ON DOMAIN asset_document IS
'The image files of a scene: grids, each {crs, transform, width, height}; assets, each {band, path'
' below root, place among the grids, components, bits, offset, quantification, nodata}.';

ALTER TABLE scenes
DROP CONSTRAINT scene_assets_are_listed,
DROP CONSTRAINT asset_band_is_not_empty,
DROP CONSTRAINT asset_path_is_not_empty,
DROP CONSTRAINT asset_samples_are_described,
DROP CONSTRAINT asset_values_are_scaled,
DROP CONSTRAINT asset_nodata_is_sample_or_null,
DROP CONSTRAINT asset_grid_is_listed,
DROP CONSTRAINT grid_crs_is_authority_code,
DROP CONSTRAINT grid_transform_has_six_numbers,
DROP CONSTRAINT grid_size_is_positive,
ALTER COLUMN assets TYPE text COLLATE "C" USING assets::text;

-- By itself: what a statement has given another type, it cannot check as yet.
ALTER TABLE scenes
ADD CONSTRAINT scene_assets_are_document CHECK (assets::jsonb::asset_document IS NOT NULL);

COMMENT ON COLUMN scenes.assets IS 'The text of an asset_document.';

CREATE VIEW assets AS
WITH listed AS (
    SELECT
        scenes.scene_id,
        element.content AS described,
        (element.place - 1)::smallint AS asset,
        whole.document ->> 'root' AS root,
        whole.document -> 'grids' -> (element.content -> 'grid')::integer AS grid
    FROM scenes
    -- Each text is read once, not once for each use of what it says.
    CROSS JOIN jsonb_path_query(scenes.assets::jsonb, '$') AS whole (document)
    CROSS JOIN
        jsonb_array_elements(whole.document -> 'assets')
        WITH ORDINALITY AS element (content, place)
)

SELECT
    scene_id,
    asset,
    described ->> 'band' AS band,
    root || (described ->> 'path') AS href,
    grid ->> 'crs' AS crs,
    translate(grid ->> 'transform', '[]', '{}')::double precision[] AS transform,
    (grid -> 'width')::integer AS width,
    (grid -> 'height')::integer AS height,
    (described -> 'components')::integer AS components,
    (described -> 'bits')::integer AS bits,
    (described -> 'offset')::double precision AS sample_offset,
    (described -> 'quantification')::double precision AS quantification,
    (described ->> 'nodata')::integer AS nodata
FROM listed;

COMMENT ON VIEW assets IS 'The image files of scenes, a row each.';
COMMENT ON COLUMN assets.transform IS
'a, b, c, d, e, f: x = a column + b row + c, y = d column + e row + f of pixel corners.';
COMMENT ON COLUMN assets.sample_offset IS
'A physical value is (sample + sample_offset) / quantification.';

-- A list that is narrowed by no area goes by this. It was made beside its function before.
CREATE INDEX IF NOT EXISTS scenes_collection_acquired
ON scenes (collection, acquired) WHERE NOT superseded;
