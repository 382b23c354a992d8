"""GetFeatureInfo over HTTP, held against the products' own samples and the maps that are drawn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demo_images import DemoProduct, Window
from serving import Served
from xml_documents import find

SPRING, WEST = "2025-05-10", "32UNE"


@pytest.fixture(scope="module")
def product(demo_products: tuple[Path, ...]) -> DemoProduct:
    products = [DemoProduct(path) for path in demo_products]
    return next(each for each in products if (each.day, each.cell) == (SPRING, WEST))


@pytest.fixture(scope="module")
def window(product: DemoProduct) -> Window:
    return product.window(20, 900, 64, 48)


def inquire(
    service: Served, window: Window, layers: str, column: int, row: int, **changes: str
) -> Any:
    reply = ask(service, window, layers, column, row, **changes)
    assert reply.status == 200, reply.body
    assert reply.content_type == "application/json"
    return json.loads(reply.body)["features"]


def ask(service: Served, window: Window, layers: str, column: int, row: int, **changes: str) -> Any:
    asked = {
        "REQUEST": "GetFeatureInfo",
        "QUERY_LAYERS": layers,
        "INFO_FORMAT": "application/json",
        "I": str(column),
        "J": str(row),
    }
    return service.ows(window.request(layers) | asked | changes)


@pytest.mark.parametrize(("column", "row"), [(0, 0), (63, 47), (31, 9), (5, 40)])
def test_an_index_tells_reflectances_and_its_scene(
    demo_service: Served, product: DemoProduct, window: Window, column: int, row: int
) -> None:
    (feature,) = inquire(demo_service, window, "S2_L2A_NDVI", column, row, TIME=SPRING)
    facts = feature["properties"]
    red, infrared = (
        (int(window.cut(product.image(band))[0, row, column]) - 1000) / 10_000
        for band in ("B04", "B08")
    )
    assert facts["B04"] == pytest.approx(red, abs=1e-6)
    assert facts["B08"] == pytest.approx(infrared, abs=1e-6)
    assert facts["value"] == pytest.approx((infrared - red) / (infrared + red), abs=1e-5)
    assert facts["scene"].startswith("S2")
    assert WEST in facts["scene"]
    assert facts["acquired"].startswith(SPRING)
    assert 0 <= facts["cloud_cover"] <= 100
    assert feature["geometry"]["type"] == "Point"


def test_colours_classes_and_plain_layers_come_side_by_side(
    demo_service: Served, product: DemoProduct, window: Window
) -> None:
    layers = "S2_L2A_SCL,GRID_CELLS,S2_L2A_TRUE_COLOR"
    features = inquire(demo_service, window, layers, 10, 20, TIME=SPRING, STYLES="")
    told = {feature["properties"]["layer"]: feature["properties"] for feature in features}
    assert list(told) == layers.split(",")
    assert told["GRID_CELLS"] == {"layer": "GRID_CELLS", "cell": WEST}
    expected = int(np.asarray(product.image("SCL", 20))[0, (900 + 20) // 2, (20 + 10) // 2])
    assert told["S2_L2A_SCL"]["class"] == expected
    assert told["S2_L2A_SCL"]["class_name"]
    for band in ("B04", "B03", "B02"):
        sample = int(window.cut(product.image(band))[0, 20, 10])
        reflectance = told["S2_L2A_TRUE_COLOR"][band]
        assert reflectance == pytest.approx((sample - 1000) / 10_000, abs=1e-6)


def test_a_composite_names_all_of_its_scenes(demo_service: Served, window: Window) -> None:
    (feature,) = inquire(demo_service, window, "S2_L2A_NDVI", 10, 20, COMPOSITE="mean")
    scenes = feature["properties"]["scenes"]
    assert len(scenes) == 2
    values = [
        inquire(demo_service, window, "S2_L2A_NDVI", 10, 20, SCENE=each["scene"])[0]["properties"]
        for each in scenes
    ]
    mean = sum(each["value"] for each in values) / len(values)
    assert feature["properties"]["value"] == pytest.approx(mean, abs=1e-5)


def test_where_no_scene_is_nothing_is_told(demo_service: Served, window: Window) -> None:
    assert inquire(demo_service, window, "S2_L2A_NDVI", 1, 1, TIME="2021-06-01") == []


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_both_versions_tell_the_same(demo_service: Served, window: Window, version: str) -> None:
    older = {"VERSION": version, "SRS": "EPSG:32632", "X": "7", "Y": "8"}
    reply = ask(
        demo_service, window, "S2_L2A_NDVI", 7, 8, INFO_FORMAT="application/vnd.ogc.gml", **older
    )
    assert reply.status == 200
    assert find(reply.body, "//S2_L2A_NDVI_feature/scene/text()")
    assert reply.headers["x-sentinel-ows-scenes"] in reply.body.decode()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"I": "64"}, "InvalidPoint"),
        ({"INFO_FORMAT": "text/rtf"}, "InvalidFormat"),
        ({"QUERY_LAYERS": "nothing"}, "LayerNotDefined"),
        ({"TIME": "1999"}, "InvalidDimensionValue"),
    ],
)
def test_what_is_wrong_has_the_code_of_the_standard(
    demo_service: Served, window: Window, changes: dict[str, str], code: str
) -> None:
    reply = ask(demo_service, window, "S2_L2A_NDVI", 1, 1, **changes)
    assert reply.status == 400
    assert find(reply.body, "//ServiceException/@code") == [code]
