-- The archive's scenes, their image files and what is known of each collection as a whole.

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE scenes (
    scene_id bigint GENERATED ALWAYS AS IDENTITY,
    collection text NOT NULL,
    name text NOT NULL,
    acquired timestamptz NOT NULL,
    generated timestamptz NOT NULL,
    platform text NOT NULL,
    baseline text NOT NULL,
    datatake text NOT NULL,
    relative_orbit integer NOT NULL,
    cell text NOT NULL,
    cloud_cover double precision,
    footprint geometry (MULTIPOLYGON, 4326) NOT NULL,
    superseded boolean NOT NULL DEFAULT FALSE,
    assets jsonb NOT NULL,
    CONSTRAINT scene_key PRIMARY KEY (scene_id),
    CONSTRAINT scene_name_is_unique UNIQUE (name),
    CONSTRAINT scene_name_is_not_empty CHECK (name <> ''),
    CONSTRAINT scene_collection_is_not_empty CHECK (collection <> ''),
    CONSTRAINT scene_times_are_finite CHECK (isfinite(acquired) AND isfinite(generated)),
    CONSTRAINT scene_cloud_cover_is_percent CHECK (cloud_cover BETWEEN 0 AND 100),
    CONSTRAINT scene_relative_orbit_is_positive CHECK (relative_orbit > 0),
    CONSTRAINT scene_footprint_is_valid CHECK (st_isvalid(footprint)),
    CONSTRAINT scene_footprint_is_not_empty CHECK (NOT st_isempty(footprint)),
    CONSTRAINT scene_footprint_is_in_degrees CHECK (
        st_xmin(footprint) >= -180 AND st_xmax(footprint) <= 180
        AND st_ymin(footprint) >= -90 AND st_ymax(footprint) <= 90
    ),
    -- What a rule's path finds breaks it. A comparison of another type is neither true nor false,
    -- so that types are asked for first.
    CONSTRAINT scene_assets_are_listed CHECK (
        jsonb_path_match(
            assets,
            '$.root.type() == "string" && $.grids.type() == "array" && $.assets.type() == "array"'
        )
    ),
    CONSTRAINT asset_band_is_not_empty CHECK (
        NOT jsonb_path_exists(
            assets, '$.assets[*] ? (!(@.band.type() == "string" && @.band != ""))'
        )
    ),
    CONSTRAINT asset_path_is_not_empty CHECK (
        NOT jsonb_path_exists(
            assets, '$.assets[*] ? (!(@.path.type() == "string" && @.path != ""))'
        )
    ),
    CONSTRAINT asset_samples_are_described CHECK (
        NOT jsonb_path_exists(
            assets,
            '$.assets[*] ? (!(
                @.components.type() == "number" && @.bits.type() == "number"
                && @.components > 0 && @.bits > 0
            ))'
        )
    ),
    CONSTRAINT asset_values_are_scaled CHECK (
        NOT jsonb_path_exists(
            assets,
            '$.assets[*] ? (!(
                @.offset.type() == "number" && @.quantification.type() == "number"
                && @.quantification > 0
            ))'
        )
    ),
    CONSTRAINT asset_nodata_is_sample_or_null CHECK (
        NOT jsonb_path_exists(
            assets,
            '$.assets[*] ? (!(@.nodata.type() == "number" || @.nodata.type() == "null"))'
        )
    ),
    CONSTRAINT asset_grid_is_listed CHECK (
        NOT jsonb_path_exists(
            assets,
            '$.assets[*] ? (!(
                @.grid.type() == "number" && @.grid >= 0 && @.grid < $.grids.size()
            ))'
        )
    ),
    CONSTRAINT grid_crs_is_authority_code CHECK (
        NOT jsonb_path_exists(
            assets,
            '$.grids[*] ? (!(
                @.crs.type() == "string" && @.crs like_regex "^[A-Z]+:[A-Za-z0-9]+$"
            ))'
        )
    ),
    CONSTRAINT grid_transform_has_six_numbers CHECK (
        NOT jsonb_path_exists(
            assets,
            '$.grids[*] ? (
                !(@.transform.size() == 6) || exists(@.transform[*] ? (@.type() != "number"))
            )'
        )
    ),
    CONSTRAINT grid_size_is_positive CHECK (
        NOT jsonb_path_exists(
            assets,
            '$.grids[*] ? (!(
                @.width.type() == "number" && @.height.type() == "number"
                && @.width > 0 && @.height > 0
            ))'
        )
    )
)
-- The assets, a kilobyte when compressed, lie beside the table: a search reads many rows for the
-- few whose assets it gives.
WITH (toast_tuple_target = 256);

COMMENT ON TABLE scenes IS 'One product over one grid cell.';
COMMENT ON COLUMN scenes.footprint IS
'Where the product has data, in degrees, longitude first, split at the antimeridian.';
COMMENT ON COLUMN scenes.superseded IS
'A newer generation of the same acquisition covers it: kept, but not searched.';

COMMENT ON COLUMN scenes.assets IS
'The image files: grids, each {crs, transform, width, height}; assets, each {band, path below root,'
' place among the grids, components, bits, offset, quantification, nodata}.';

CREATE INDEX scenes_footprint ON scenes USING gist (footprint) WHERE NOT superseded;
CREATE INDEX scenes_cell_acquired ON scenes (collection, cell, acquired);
CREATE INDEX scenes_datatake_cell ON scenes (datatake, cell);

CREATE TABLE codestream_indexes (
    scene_id bigint NOT NULL,
    asset smallint NOT NULL,
    version smallint NOT NULL,
    packets bytea NOT NULL,
    CONSTRAINT codestream_index_key PRIMARY KEY (scene_id, asset),
    CONSTRAINT codestream_index_scene FOREIGN KEY (scene_id) REFERENCES scenes ON DELETE CASCADE
);

COMMENT ON TABLE codestream_indexes IS
'Where each packet of a JPEG 2000 codestream lies. Gone when the assets of the scene change.';
COMMENT ON COLUMN codestream_indexes.asset IS 'Its place among the assets of the scene, from 0.';
COMMENT ON COLUMN codestream_indexes.version IS 'Of the format of packets.';

-- Packet lengths do not compress.
ALTER TABLE codestream_indexes ALTER COLUMN packets SET STORAGE EXTERNAL;

CREATE VIEW assets AS
WITH listed AS (
    SELECT
        scenes.scene_id,
        element.content AS described,
        (element.place - 1)::smallint AS asset,
        scenes.assets ->> 'root' AS root,
        scenes.assets -> 'grids' -> (element.content -> 'grid')::integer AS grid
    FROM scenes
    CROSS JOIN
        jsonb_array_elements(scenes.assets -> 'assets')
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

CREATE TABLE grid_cells (
    cell text NOT NULL,
    footprint geometry (MULTIPOLYGON, 4326) NOT NULL,
    CONSTRAINT grid_cell_key PRIMARY KEY (cell)
);

COMMENT ON TABLE grid_cells IS 'Outlines of the grid cells that the archive has scenes of.';

CREATE INDEX grid_cells_footprint ON grid_cells USING gist (footprint);

CREATE TABLE cell_extents (
    collection text NOT NULL,
    cell text NOT NULL,
    west double precision NOT NULL,
    south double precision NOT NULL,
    east double precision NOT NULL,
    north double precision NOT NULL,
    first_acquired timestamptz NOT NULL,
    last_acquired timestamptz NOT NULL,
    scene_count bigint NOT NULL,
    CONSTRAINT cell_extent_key PRIMARY KEY (collection, cell),
    CONSTRAINT cell_extent_counts_scenes CHECK (scene_count > 0)
);

COMMENT ON TABLE cell_extents IS
'What scenes, less the superseded, span of each grid cell: kept by triggers on scenes.';

CREATE TABLE collections (
    collection text NOT NULL,
    west double precision NOT NULL,
    south double precision NOT NULL,
    east double precision NOT NULL,
    north double precision NOT NULL,
    first_acquired timestamptz NOT NULL,
    last_acquired timestamptz NOT NULL,
    scene_count bigint NOT NULL,
    CONSTRAINT collection_key PRIMARY KEY (collection),
    CONSTRAINT collection_counts_scenes CHECK (scene_count > 0)
);

COMMENT ON TABLE collections IS
'What scenes, less the superseded, span of each collection: kept by triggers on scenes.';
