"""Writing scenes: new, unchanged, updated, and refused by name of the rule."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf, nan
from typing import Any

import psycopg
import pytest
from affine import Affine
from database_rows import rows_of
from sample_scenes import COLLECTION, GRID, asset, day, lonlat, scene

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneRefusedError, SceneWriter, Written
from function.grid import Grid
from function.scene import Asset
from function.search import Search

TABLES = ("scenes", "codestream_indexes", "grid_cells", "cell_extents", "collection_parts")


UTM: dict[str, object] = {
    "crs": "EPSG:32629", "transform": [1, 0, 0, 0, -1, 0], "width": 1, "height": 1,
}  # fmt: skip


def listed(**changes: object) -> dict[str, object]:
    """A document of one asset as it should be, but for ``changes``."""
    described: dict[str, object] = {
        "band": "B04", "path": "B04.jp2", "grid": 0, "components": 1, "bits": 15, "offset": 0,
        "quantification": 1, "nodata": None,
    }  # fmt: skip
    return {"root": "/", "grids": [UTM], "assets": [described | changes]}


@pytest.fixture
def writer(catalogue_pool: CataloguePool) -> SceneWriter:
    return SceneWriter(catalogue_pool)


def test_writing_again_rewrites_no_row(writer: SceneWriter, catalogue_url: str) -> None:
    sample = scene("a", assets=(asset(href="/a/1.jp2"), asset(href="/a/2.jp2")))
    assert writer.write(sample) is Written.NEW
    before = rows_of(catalogue_url, TABLES)
    assert [len(before[table]) for table in TABLES] == [1, 0, 1, 1, 1]
    assert writer.write(sample) is Written.UNCHANGED
    assert rows_of(catalogue_url, TABLES) == before


@pytest.mark.parametrize(
    "change",
    [
        {"acquired": day(3)},
        {"generated": day(3)},
        {"platform": "Sentinel-2B"},
        {"baseline": "05.11"},
        {"datatake": "GS2A_2"},
        {"relative_orbit": 24},
        {"cell": "29UPU"},
        {"cloud_cover": None},
        {"cloud_cover": 10.000000000000002},
        {"footprint": "MULTIPOLYGON(((-9 52,-8 52,-8 53,-9 53.00000000000001,-9 52)))"},
        {"assets": ()},
        {"assets": (asset(href="/archive/a/B04.jp2"), asset(href="/archive/a/B05.jp2"))},
        {"assets": (asset(href="/archive/b/B04.jp2"),)},
        {"assets": (asset("B05", "/archive/a/B04.jp2"),)},
        {"assets": (asset("B04", "/archive/a/B04.jp2", lonlat(0, 0, 1, 1)),)},
    ],
    ids=str,
)
def test_any_change_is_an_update(
    writer: SceneWriter, catalogue_pool: CataloguePool, change: dict[str, Any]
) -> None:
    writer.write(scene("a"))
    changed = scene("a", **change)
    assert writer.write(changed) is Written.UPDATED
    assert writer.write(changed) is Written.UNCHANGED
    grid = lonlat(-9, 52, -8, 53)
    assert SceneCatalogue(catalogue_pool).search(COLLECTION, grid, Search(), 9) == (changed,)


def test_codestream_indexes_go_when_the_assets_change(
    writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    count = "SELECT count(*)::int FROM codestream_indexes"
    for name in ("a", "b"):
        writer.write(scene(name))
    catalogue_pool.fetch(
        "INSERT INTO codestream_indexes (scene_id, asset, version, packets, file_size, file_stamp)"
        " SELECT scene_id, 0, 1, '\\x00ff', 1, '' FROM scenes RETURNING 1"
    )
    writer.write(scene("a"))
    writer.write(scene("a", cloud_cover=None))
    assert catalogue_pool.fetch(count) == [(2,)]
    writer.write(scene("a", assets=(asset("B05"),)))
    assert catalogue_pool.fetch(count) == [(1,)]
    catalogue_pool.fetch("DELETE FROM scenes RETURNING 1")
    assert catalogue_pool.fetch(count) == [(0,)]


def test_assets_can_be_read_as_rows(writer: SceneWriter, catalogue_pool: CataloguePool) -> None:
    scl = Asset("SCL", "/archive/a/R20m/SCL.jp2", lonlat(0, 0, 64, 32), 1, 8, nodata=None)
    writer.write(scene("a", assets=(asset(href="/archive/a/R60m/B04.jp2"), scl)))
    rows = catalogue_pool.fetch(
        "SELECT asset, band, href, crs, transform, width, height, components, bits,"
        " sample_offset, quantification, nodata FROM assets ORDER BY asset"
    )
    utm = ("EPSG:32629", [60.0, 0.0, 499980.0, 0.0, -60.0, 5900040.0], 1830, 1830)
    degrees = ("EPSG:4326", [1.0, 0.0, 0.0, 0.0, -0.5, 32.0], 64, 64)
    assert rows == [
        (0, "B04", "/archive/a/R60m/B04.jp2", *utm, 1, 15, -1000.0, 10000.0, 0),
        (1, "SCL", "/archive/a/R20m/SCL.jp2", *degrees, 1, 8, 0.0, 1.0, None),
    ]


def test_an_invalid_footprint_is_repaired(
    writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    bow_tie = "MULTIPOLYGON(((0 0,2 2,2 0,0 2,0 0)))"
    assert writer.write(scene("a", footprint=bow_tie)) is Written.NEW
    assert writer.write(scene("a", footprint=bow_tie)) is Written.UNCHANGED
    query = "SELECT st_isvalid(footprint), st_area(footprint), st_numgeometries(footprint)"
    assert catalogue_pool.fetch(f"{query} FROM scenes") == [(True, 2.0, 2)]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"cloud_cover": 100.5}, "scene_cloud_cover_is_percent"),
        ({"cloud_cover": -1.0}, "scene_cloud_cover_is_percent"),
        ({"relative_orbit": 0}, "scene_relative_orbit_is_positive"),
        ({"name": ""}, "scene_name_is_not_empty"),
        ({"collection": ""}, "scene_collection_is_not_empty"),
        ({"footprint": "MULTIPOLYGON EMPTY"}, "scene_footprint_is_not_empty"),
        ({"footprint": "MULTIPOLYGON(((0 0,1 1,2 2,0 0)))"}, "scene_footprint_is_not_empty"),
        (
            {"footprint": "MULTIPOLYGON(((179 0,181 0,181 1,179 0)))"},
            "scene_footprint_is_in_degrees",
        ),
        ({"footprint": "nonsense"}, "parse error"),
        ({"assets": (asset(band=""),)}, "asset_band_is_not_empty"),
        ({"assets": (asset(href=""),)}, "asset_path_is_not_empty"),
        ({"assets": (replace(asset(), bits=0),)}, "asset_samples_are_described"),
        ({"assets": (replace(asset(), components=0),)}, "asset_samples_are_described"),
        ({"assets": (replace(asset(), quantification=0.0),)}, "asset_values_are_scaled"),
        ({"assets": (replace(asset(), offset=nan),)}, "asset_values_are_scaled"),
        ({"assets": (asset(grid=replace(GRID, crs="UTM 29")),)}, "grid_crs_is_authority_code"),
        ({"assets": (asset(grid=replace(GRID, width=0)),)}, "grid_size_is_positive"),
        ({"assets": (asset(grid=replace(GRID, height=-1)),)}, "grid_size_is_positive"),
        (
            {"assets": (asset(grid=replace(GRID, transform=Affine(inf, 0, 0, 0, 1, 0))),)},
            "grid_transform_has_six_numbers",
        ),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused_by_its_name(
    writer: SceneWriter, catalogue_url: str, change: dict[str, Any], rule: str
) -> None:
    writer.write(scene("held"))
    before = rows_of(catalogue_url, TABLES)
    with pytest.raises(SceneRefusedError, match=rule):
        writer.write(replace(scene("a"), **change))
    assert rows_of(catalogue_url, TABLES) == before


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ({}, "scene_assets_are_listed"),
        ([], "scene_assets_are_listed"),
        (listed() | {"root": 1}, "scene_assets_are_listed"),
        (listed() | {"grids": UTM}, "scene_assets_are_listed"),
        (listed() | {"grids": []}, "asset_grid_is_listed"),
        (listed(grid=1), "asset_grid_is_listed"),
        (listed(grid="0"), "asset_grid_is_listed"),
        (listed(band=None), "asset_band_is_not_empty"),
        (listed(path=7), "asset_path_is_not_empty"),
        (listed(bits="15"), "asset_samples_are_described"),
        (listed(quantification="1"), "asset_values_are_scaled"),
        (listed(offset=None), "asset_values_are_scaled"),
        (listed(nodata="0"), "asset_nodata_is_sample_or_null"),
        (listed() | {"grids": [UTM | {"crs": 32629}]}, "grid_crs_is_authority_code"),
        (listed() | {"grids": [UTM | {"width": "1"}]}, "grid_size_is_positive"),
        (listed() | {"grids": [UTM | {"transform": [1, 0, 0, 0, -1]}]}, "grid_transform_has_six"),
        (
            listed() | {"grids": [UTM | {"transform": [1, 0, 0, 0, -1, "0"]}]},
            "grid_transform_has_six",
        ),
    ],
    ids=str,
)
def test_what_others_write_into_the_table_is_checked_too(
    writer: SceneWriter, catalogue_url: str, document: object, rule: str
) -> None:
    writer.write(scene("a"))
    update = "UPDATE scenes SET assets = %s"
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute(update, [json.dumps(listed())])
    with (
        psycopg.connect(catalogue_url) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match=rule),
    ):
        connection.execute(update, [json.dumps(document)])


def test_generations_written_at_once_supersede_all_but_the_newest(
    catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    pool = CataloguePool(catalogue_url, connections=8)
    pool.open()
    writer = SceneWriter(pool)
    scenes = [
        scene(f"{take}-{generation}", datatake=f"GS2A_{take}", generated=day(generation))
        for generation in range(1, 11)
        for take in range(3)
    ]
    with ThreadPoolExecutor(8) as threads:
        written = list(threads.map(writer.write, [*scenes, *reversed(scenes)]))
    pool.close()
    assert sorted(written) == [Written.NEW] * len(scenes) + [Written.UNCHANGED] * len(scenes)
    found = SceneCatalogue(catalogue_pool).search(COLLECTION, lonlat(-9, 52, -8, 53), Search(), 99)
    assert sorted(each.name for each in found) == ["0-10", "1-10", "2-10"]
    assert SceneCatalogue(catalogue_pool).extents()[COLLECTION].scene_count == 3


def test_the_grid_cells_outline_is_that_of_its_images(
    writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    writer.write(scene("a"))
    writer.write(scene("b", assets=(asset(grid=lonlat(0, 0, 1, 1)),)))
    writer.write(scene("nowhere", cell=""))
    ((cell, west, south, east, north),) = catalogue_pool.fetch(
        "SELECT cell, st_xmin(f), st_ymin(f), st_xmax(f), st_ymax(f)"
        " FROM (SELECT cell, footprint AS f FROM grid_cells) AS cells"
    )
    assert cell == "29UNU"
    # The corners of T29UNU by pyproj; the western edge and the parallels bulge beyond them.
    assert (west, south) == pytest.approx((-9.00030, 52.25159), abs=1e-5)
    assert (east, north) == pytest.approx((-7.35505, 53.24963), abs=1e-5)


def test_the_outline_of_a_cell_across_the_antimeridian_is_split(
    writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    t01wcp = Grid.from_bounds("EPSG:32601", (300000, 7290240, 409800, 7400040), 1830, 1830)
    writer.write(scene("a", cell="01WCP", assets=(asset(grid=t01wcp),)))
    parts = catalogue_pool.fetch(
        "SELECT round(st_xmin(part.geom)::numeric, 3)::text,"
        " round(st_xmax(part.geom)::numeric, 3)::text"
        " FROM grid_cells CROSS JOIN LATERAL st_dump(footprint) AS part ORDER BY 1"
    )
    assert parts == [("-180.000", "-178.966"), ("178.474", "180.000")]
