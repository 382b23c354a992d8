"""Sentinel-1 in the catalogue: footprints, and which products are generations of one another."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from radar_products import with_measurements, write_strip_map
from safe_products import header_reader, read_local

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter, Written
from function.grid import Grid
from function.ingest.sentinel1_name import read_name
from function.scene import Scene
from function.scenes.image_header import read_image_shape
from function.search import Search

COLLECTION = "sentinel-1-grd"
IW = "S1A_IW_GRDH_1SDV_20210809T173953_20210809T174018_039156_049F13_6FF8"
EW = "S1A_EW_GRDM_1SDH_20221130T014342_20221130T014446_046117_058549_BB15"
BUCKET_IW = "S1A_IW_GRDH_1SDV_20180716T004042_20180716T004107_022812_02792A_FD5B"
HEADERS = header_reader("EPSG:32601", 300000.0, 7400040.0)


def outline(west: float, south: float, east: float, north: float) -> str:
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"MULTIPOLYGON((({','.join(f'{x:g} {y:g}' for x, y in corners)})))"


def generation(scene: Scene, name: str, days: int, footprint: str) -> Scene:
    """The product of another name, as processed ``days`` later."""
    read = read_name(name)
    return replace(
        scene,
        name=name,
        datatake=read.acquisition,
        generated=scene.generated + timedelta(days=days),
        footprint=footprint,
    )


def searched(pool: CataloguePool) -> list[str]:
    ((names,),) = pool.fetch(
        "SELECT array_agg(name ORDER BY name) FROM scenes WHERE NOT superseded"
    )
    return list(names)


@pytest.fixture
def strip_map(tmp_path: Path) -> Scene:
    return read_local(write_strip_map(tmp_path), HEADERS).scene


def test_real_products_come_back_as_they_were_read(
    shared: Path, tmp_path: Path, catalogue_pool: CataloguePool
) -> None:
    """The areas of the swaths: 250 km by 170 km of IW twice, 410 km by 400 km of EW."""
    source = shared / "data" / "sentinel-1"
    iw = with_measurements(source / f"{IW}.SAFE", tmp_path)
    names = json.loads((source / EW / "productInfo.json").read_text())["filenameMap"]
    ew = with_measurements(source / EW, tmp_path, names)
    for product, place, most, least in (
        (iw, (3.0, 45.5), 46_000, 40_000),
        (source / BUCKET_IW, (77.0, 10.2), 46_000, 40_000),
        (ew, (88.0, 79.5), 180_000, 150_000),
    ):
        scene = read_local(product, HEADERS, read_image_shape).scene
        assert SceneWriter(catalogue_pool).write(scene) is Written.NEW
        grid = Grid.from_bounds("EPSG:4326", (*place, place[0] + 0.1, place[1] + 0.1), 8, 8)
        (found,) = SceneCatalogue(catalogue_pool).search(COLLECTION, grid, Search(), 9)
        assert replace(found, footprint="") == replace(scene, footprint="")
        ((area, given),) = catalogue_pool.fetch(
            "SELECT st_area(footprint::geography) / 1e6, st_isvalid(%(given)s::geometry)"
            " FROM scenes WHERE name = %(name)s",
            {"given": scene.footprint, "name": scene.name},
        )
        assert given
        assert least < area < most


def test_a_scene_across_the_antimeridian_is_found_on_both_sides(
    catalogue_pool: CataloguePool, strip_map: Scene
) -> None:
    SceneWriter(catalogue_pool).write(strip_map)
    for west, count in ((179.8, 1), (-179.9, 1), (178.0, 0), (-178.0, 0)):
        grid = Grid.from_bounds("EPSG:4326", (west, -18.2, west + 0.05, -18.1), 8, 8)
        found = SceneCatalogue(catalogue_pool).search(COLLECTION, grid, Search(), 9)
        assert [each.name for each in found] == [strip_map.name] * count


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_slice_processed_anew_supersedes_the_old_alone(
    catalogue_pool: CataloguePool, strip_map: Scene, order: tuple[int, ...]
) -> None:
    """Its edges moved by a tenth; the next slice of the datatake overlaps as much."""
    name = strip_map.name
    anew = name.replace("_1A2B", "_3C4D")
    beside = name.replace("T055234", "T055257").replace("T055211", "T055234")
    coarse = name.replace("GRDH", "GRDM")
    scenes = (
        generation(strip_map, name, 0, outline(10, 0, 12, 2)),
        generation(strip_map, anew, 900, outline(10, 0.2, 12, 2.2)),
        generation(strip_map, beside, 900, outline(10, 2, 12, 4)),
    )
    SceneWriter(catalogue_pool).write(generation(strip_map, coarse, 901, outline(10, 0, 12, 2)))
    for place in order:
        SceneWriter(catalogue_pool).write(scenes[place])
    assert sorted(searched(catalogue_pool)) == sorted((anew, beside, coarse))
