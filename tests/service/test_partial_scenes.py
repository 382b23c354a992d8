"""Scenes that lack bands on top of whole ones: what is drawn of which, and what is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from coverage_requests import expected, get_coverage, read_coverage
from demo_images import DemoProduct, Window
from demo_maps import EAST, SPRING, WEST, inside
from pictures import decode_picture
from serving import Reply, Served, run_command, serve

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter
from function.grid import Grid
from function.search import Search

# Days after the whole product, and what a copy of it lacks then: B8A would stand in for B08.
LACKING = {1: ("B08", "B8A"), 2: ("B08", "B8A"), 3: ("B08", "B8A", "B04")}
TELLS = "the scene has no B08"


@pytest.fixture(scope="module")
def product(products: dict[tuple[str, str], DemoProduct]) -> DemoProduct:
    return products[SPRING, WEST]


@pytest.fixture(scope="module")
def window(product: DemoProduct) -> Window:
    return inside(product, 300)


@pytest.fixture(scope="module")
def partial_service(
    module_catalogue_url: str,
    demo_products: tuple[Path, ...],
    product: DemoProduct,
    window: Window,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """A service over the demo, with three later copies of a product that lack bands."""
    whole = [str(path) for path in demo_products if EAST not in path.name]
    run_command("ingest", *whole, SENTINEL_OWS_DATABASE_URL=module_catalogue_url)
    grid = Grid.from_bounds("EPSG:32632", window.bounds, window.width, window.height)
    pool = CataloguePool(module_catalogue_url, connections=1)
    pool.open()
    (scene,) = SceneCatalogue(pool).search("sentinel-2-l2a", grid, Search(scene=product.name), 9)
    for days, bands in LACKING.items():
        later = timedelta(days=days)
        SceneWriter(pool).write(
            replace(
                scene,
                name=f"LATER_{days}",
                acquired=scene.acquired + later,
                generated=scene.generated + later,
                datatake=f"LATER_{days}",
                assets=tuple(each for each in scene.assets if each.band not in bands),
            )
        )
    pool.close()
    with serve(module_catalogue_url, tmp_path_factory.mktemp("log") / "log") as served:
        yield served


def ask(service: Served, window: Window, layer: str, **parameters: str) -> Reply:
    reply = service.ows(window.request(layer) | parameters)
    assert reply.status == 200, reply.body
    return reply


def test_a_map_is_filled_from_below_all_scenes_that_lack_a_band(
    partial_service: Served, product: DemoProduct, window: Window
) -> None:
    reply = ask(partial_service, window, "S2_L2A_NDVI")
    assert reply.headers["x-sentinel-ows-scenes"] == product.name
    warnings = reply.headers["x-sentinel-ows-warning"].split("; ")
    assert [warning.partition(": ")[0] for warning in warnings] == ["LATER_3", "LATER_2", "LATER_1"]
    assert all(TELLS in warning or "no B04, B08" in warning for warning in warnings)
    whole = ask(partial_service, window, "S2_L2A_NDVI", TIME=SPRING)
    assert "x-sentinel-ows-warning" not in whole.headers
    for found, sound in zip(decode_picture(reply.body), decode_picture(whole.body), strict=True):
        np.testing.assert_array_equal(found, sound)
    assert (decode_picture(reply.body)[1] == 255).all()


def test_what_every_scene_has_is_drawn_of_the_newest(
    partial_service: Served, window: Window
) -> None:
    reply = ask(partial_service, window, "S2_L2A_TRUE_COLOR")
    assert reply.headers["x-sentinel-ows-scenes"] == "LATER_3"
    assert "x-sentinel-ows-warning" not in reply.headers


def test_a_pixel_is_told_of_by_the_scene_that_is_drawn(
    partial_service: Served, product: DemoProduct, window: Window
) -> None:
    point = {
        "REQUEST": "GetFeatureInfo",
        "QUERY_LAYERS": "S2_L2A_NDVI",
        "INFO_FORMAT": "text/plain",
        "I": "150",
        "J": "150",
    }
    reply = ask(partial_service, window, "S2_L2A_NDVI", **point)
    assert reply.headers["x-sentinel-ows-scenes"] == product.name
    assert TELLS in reply.headers["x-sentinel-ows-warning"]


def test_where_all_lack_a_band_it_is_told_and_no_error_of_the_server(
    partial_service: Served, window: Window
) -> None:
    times = {"TIME": "2025-05-11/2025-05-13"}
    reply = partial_service.ows(window.request("S2_L2A_NDVI") | times)
    assert reply.status == 404
    assert "none of 3 scenes of layer S2_L2A_NDVI could be read, the first: LATER_3" in (
        reply.body.decode()
    )
    (line,) = [
        line
        for line in partial_service.log_lines()
        if line["logger"] == "sentinel_ows.request" and line.get("status") == 404
    ]
    assert line["level"] == "INFO"
    assert "exception" not in line
    (told,) = {
        line["level"] for line in partial_service.log_lines() if "LATER_1: " in line["message"]
    }
    assert told == "WARNING"


def test_a_coverage_has_no_data_of_a_band_that_its_scene_lacks(
    partial_service: Served, product: DemoProduct, window: Window
) -> None:
    reply = partial_service.ows(get_coverage(window, "B08,B02", "1.0.0"))
    coverage = read_coverage(reply)
    assert coverage.tags["SCENES"] == "LATER_3"
    assert reply.headers["x-sentinel-ows-warning"] == (
        "LATER_3: the scene has no B08, which is no data there"
    )
    samples = window.cut(product.image("B02"))[0]
    np.testing.assert_array_equal(coverage.pixels[1], expected(samples, product.offset))
    assert (coverage.pixels[0] == -32768).all()


def test_a_coverage_of_bands_that_are_lacking_is_that_of_the_next_scene(
    partial_service: Served, product: DemoProduct, window: Window
) -> None:
    coverage = read_coverage(partial_service.ows(get_coverage(window, "B08", "1.0.0")))
    assert coverage.tags["SCENES"] == product.name
    samples = window.cut(product.image("B08"))[0]
    np.testing.assert_array_equal(coverage.pixels[0], expected(samples, product.offset))
    both = read_coverage(partial_service.ows(get_coverage(window, "B08,B04", "1.0.0")))
    assert both.tags["SCENES"] == "LATER_2"
