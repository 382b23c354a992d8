"""Real products in the catalogue: their footprints, and which of two generations is found."""

from pathlib import Path

import pytest
from safe_products import header_reader, read_local, with_images
from sample_scenes import COLLECTION

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter, Written
from function.grid import Grid
from function.search import Search

# Each with NODATA_PIXEL_PERCENTAGE of its MTD_TL.xml.
PRODUCTS = [
    ("S2A_MSIL2A_20190212T192651_N0212_R013_T07HFE_20201007T160857", 96.769553),
    ("S2A_MSIL2A_20230625T234621_N0509_R073_T01WCP_20230626T022157", 0.000007),
    ("S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500", 0.913129),
    ("S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126", 98.441625),
    ("S2B_MSIL2A_20241115T100159_N0511_R122_T32TQM_20241115T125542", 0.0),
]
CELL_AREA = 109800.0**2
# The outlines are simplified, and a UTM grid is not quite true to area.
TOLERANCE = 0.5  # percent of the cell
HEADERS = header_reader("EPSG:32601", 300000.0, 7400040.0)


@pytest.mark.parametrize(("name", "nodata"), PRODUCTS)
def test_a_footprint_covers_as_much_as_the_metadata_say(
    shared: Path, tmp_path: Path, catalogue_pool: CataloguePool, name: str, nodata: float
) -> None:
    source = shared / "data" / "sentinel-2-metadata" / f"{name}.SAFE"
    scene = read_local(with_images(source, tmp_path), HEADERS).scene
    assert SceneWriter(catalogue_pool).write(scene) is Written.NEW
    ((area, given),) = catalogue_pool.fetch(
        "SELECT st_area(footprint::geography), st_isvalid(%(given)s::geometry) FROM scenes",
        {"given": scene.footprint},
    )
    assert given
    assert 100 * area / CELL_AREA == pytest.approx(100 - nodata, abs=TOLERANCE)


@pytest.mark.parametrize("order", [("022157", "022158"), ("022158", "022157")])
def test_of_one_acquisition_generated_twice_the_later_is_found(
    shared: Path, tmp_path: Path, catalogue_pool: CataloguePool, order: tuple[str, ...]
) -> None:
    stem = "S2A_MSIL2A_20230625T234621_N0509_R073_T01WCP_20230626T"
    for generated in order:
        source = shared / "data" / "sentinel-2-metadata" / f"{stem}{generated}.SAFE"
        SceneWriter(catalogue_pool).write(read_local(with_images(source, tmp_path), HEADERS).scene)
    catalogue = SceneCatalogue(catalogue_pool)
    for edge in (-179.9, -179.0, 179.9, 178.9, 180.0, -180.0):
        grid = Grid.from_bounds("EPSG:4326", (edge, 66.0, edge + 0.01, 66.1), 8, 8)
        found = catalogue.search(COLLECTION, grid, Search(), 9)
        assert [each.name for each in found] == [f"{stem}022158"]
    extent = catalogue.extents()[COLLECTION]
    assert (extent.west, extent.east, extent.scene_count) == (-180.0, 180.0, 1)
