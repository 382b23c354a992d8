"""TIME over HTTP, as clients write it: steps, intervals, lists, open ends."""

from pathlib import Path

import pytest
from demo_images import DemoProduct, Window
from serving import Served
from xml_documents import find

SPRING, AUTUMN, WEST = "2025-05-10", "2020-09-21", "32UNE"


@pytest.fixture(scope="module")
def window(demo_products: tuple[Path, ...]) -> Window:
    products = [DemoProduct(path) for path in demo_products]
    product = next(each for each in products if (each.day, each.cell) == (SPRING, WEST))
    return product.window(20, 900, 64, 48)


def day_on_top(service: Served, window: Window, time: str) -> str | None:
    """The day of the scene that the map shows; None where it shows none."""
    reply = service.ows(window.request("S2_L2A_NDVI") | {"TIME": time})
    assert reply.status == 200, reply.body
    scenes = reply.headers.get("x-sentinel-ows-scenes")
    if scenes is None:
        return None
    taken = scenes.split("_")[2]
    return f"{taken[:4]}-{taken[4:6]}-{taken[6:8]}"


@pytest.mark.parametrize(
    ("time", "day"),
    [
        ("", SPRING),
        ("current", SPRING),
        # QGIS's temporal controller, and OpenLayers' steps.
        (f"{SPRING}T00:00:00Z/{SPRING}T23:59:59Z", SPRING),
        (f"{AUTUMN}T00:00:00Z/{AUTUMN}T23:59:59Z", AUTUMN),
        (f"{AUTUMN}T00:00:00.000Z", AUTUMN),
        ("2020-09-22T00:00:00Z/2020-09-22T23:59:59Z", None),
        ("2020-09", AUTUMN),
        ("2020-09-01/2020-10-01/P1D", AUTUMN),
        (f"2021-01-01,{AUTUMN}", AUTUMN),
        ("/2022", AUTUMN),
        ("2022/", SPRING),
        ("2022/current", SPRING),
    ],
)
def test_a_time_finds_its_scene(
    demo_service: Served, window: Window, time: str, day: str | None
) -> None:
    assert day_on_top(demo_service, window, time) == day


@pytest.mark.parametrize("time", ["1999", "2030-01-01/2031-01-01", "1999-01-01,1998-01-01"])
def test_out_of_range_is_an_exception(demo_service: Served, window: Window, time: str) -> None:
    reply = demo_service.ows(window.request("S2_L2A_NDVI") | {"TIME": time})
    assert reply.status == 400
    assert find(reply.body, "//ServiceException/@code") == ["InvalidDimensionValue"]


def test_the_nearest_value_does_not_stand_in(demo_service: Served) -> None:
    reply = demo_service.ows({"SERVICE": "WMS", "REQUEST": "GetCapabilities"})
    (dimension,) = find(reply.body, "//Layer[Name='S2_L2A_NDVI']/Dimension")
    assert dimension.get("nearestValue") == "0"
    assert dimension.text == f"{AUTUMN}/{SPRING}/P1D"
    assert dimension.get("default") == f"{AUTUMN}/{SPRING}"


def test_a_failure_is_drawn_where_that_is_asked_for(demo_service: Served, window: Window) -> None:
    asked = {"TIME": "1999", "EXCEPTIONS": "INIMAGE", "FORMAT": "image/webp"}
    reply = demo_service.ows(window.request("S2_L2A_NDVI") | asked)
    assert (reply.status, reply.content_type) == (200, "image/webp")
    assert reply.headers["x-sentinel-ows-exception"] == "InvalidDimensionValue"
    assert reply.body[8:12] == b"WEBP"
