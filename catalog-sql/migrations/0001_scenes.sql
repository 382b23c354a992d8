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
    )
);

COMMENT ON TABLE scenes IS 'One product over one grid cell.';
COMMENT ON COLUMN scenes.footprint IS
'Where the product has data, in degrees, longitude first, split at the antimeridian.';
COMMENT ON COLUMN scenes.superseded IS
'A newer generation of the same acquisition covers it: kept, but not searched.';

CREATE INDEX scenes_footprint ON scenes USING gist (footprint) WHERE NOT superseded;
CREATE INDEX scenes_cell_acquired ON scenes (collection, cell, acquired);
CREATE INDEX scenes_datatake_cell ON scenes (datatake, cell);

CREATE TABLE assets (
    scene_id bigint NOT NULL,
    band text NOT NULL,
    href text NOT NULL,
    crs text NOT NULL,
    transform double precision[] NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    components smallint NOT NULL,
    bits smallint NOT NULL,
    sample_offset double precision NOT NULL,
    quantification double precision NOT NULL,
    nodata integer,
    codestream_index bytea,
    codestream_index_version smallint,
    CONSTRAINT asset_key PRIMARY KEY (scene_id, href),
    CONSTRAINT asset_scene FOREIGN KEY (scene_id) REFERENCES scenes ON DELETE CASCADE,
    CONSTRAINT asset_band_is_not_empty CHECK (band <> ''),
    CONSTRAINT asset_href_is_not_empty CHECK (href <> ''),
    CONSTRAINT asset_crs_is_authority_code CHECK (crs ~ '^[A-Z]+:[A-Za-z0-9]+$'),
    CONSTRAINT asset_transform_has_six_numbers CHECK (
        cardinality(transform) = 6 AND array_position(transform, NULL) IS NULL
    ),
    CONSTRAINT asset_size_is_positive CHECK (width > 0 AND height > 0),
    CONSTRAINT asset_samples_are_described CHECK (components > 0 AND bits > 0),
    CONSTRAINT asset_quantification_is_not_zero CHECK (quantification <> 0),
    CONSTRAINT asset_codestream_index_has_version CHECK (
        (codestream_index IS NULL) = (codestream_index_version IS NULL)
    )
);

COMMENT ON TABLE assets IS 'The image files of a scene.';
COMMENT ON COLUMN assets.transform IS
'a, b, c, d, e, f: x = a column + b row + c, y = d column + e row + f of pixel corners.';
COMMENT ON COLUMN assets.sample_offset IS
'A physical value is (sample + sample_offset) / quantification.';
COMMENT ON COLUMN assets.codestream_index IS
'Where each packet of the JPEG 2000 codestream lies; null until the file has been indexed.';

-- An index is a few thousand bytes that do not compress: out of line, so that a search over the
-- other columns does not read past it.
ALTER TABLE assets ALTER COLUMN codestream_index SET STORAGE EXTERNAL;

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
