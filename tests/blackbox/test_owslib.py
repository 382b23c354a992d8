"""OWSLib as a client, in both versions of WMS."""

import json
from urllib.request import urlopen

import numpy as np
import pytest
from numpy.typing import NDArray
from owslib.util import ServiceException
from owslib.wms import WebMapService
from pictures import decode_picture
from serving import Served

LAYERS = [
    "S2_L2A_TRUE_COLOR",
    "S2_L2A_FALSE_COLOR",
    "S2_L2A_SWIR",
    "S2_L2A_NDVI",
    "S2_L2A_NDWI",
    "S2_L2A_NDMI",
    "S2_L2A_NBR",
    "S2_L2A_INDEX",
    "S2_L2A_SCL",
    "S2_L1C_TRUE_COLOR",
    "S2_L1C_FALSE_COLOR",
    "S2_L1C_NDVI",
    "GRID_CELLS",
]
# Longitude first: OWSLib turns it round where the version wants that.
BOUNDS = (10.45, 53.85, 10.75, 53.95)


@pytest.fixture(params=["1.1.1", "1.3.0"])
def client(request: pytest.FixtureRequest, demo_service: Served) -> WebMapService:
    return WebMapService(f"{demo_service.url}/ows", version=request.param)


def draw(client: WebMapService, **changes: object) -> NDArray[np.int32]:
    """A map as (red, green, blue, opacity)."""
    answer = client.getmap(
        **{
            "layers": ["S2_L2A_TRUE_COLOR"],
            "styles": [""],
            "srs": "EPSG:4326",
            "bbox": BOUNDS,
            "size": (300, 200),
            "format": "image/png",
            "transparent": True,
        }
        | changes
    )
    colours, opacity = decode_picture(answer.read())
    return np.concatenate([colours, opacity[None]])


def test_the_layers_are_found_with_where_and_when_they_are(client: WebMapService) -> None:
    assert list(client.contents) == LAYERS
    layer = client["S2_L2A_NDVI"]
    west, south, east, north = layer.boundingBoxWGS84
    assert 10.3 < west < 10.4
    assert 53.8 < south < 53.9
    assert 10.7 < east < 10.9
    assert 54.0 < north < 54.1
    assert layer.timepositions == ["2020-09-21/2025-05-10/P1D"]
    assert {"ndvi", "grey"} <= layer.styles.keys()
    assert {"EPSG:3857", "EPSG:4326", "EPSG:32632"} <= set(layer.crsOptions)
    assert set(client.getOperationByName("GetMap").formatOptions) >= {"image/png", "image/jpeg"}


def test_each_layer_is_drawn(client: WebMapService) -> None:
    for name in (layer for layer in LAYERS if "L1C" not in layer):
        pixels = draw(client, layers=[name])
        assert pixels.shape == (4, 200, 300)
        assert len(np.unique(pixels.reshape(4, -1), axis=1).T) > 1


def test_the_times_that_are_advertised_can_be_asked_for(client: WebMapService) -> None:
    layer = client["S2_L2A_TRUE_COLOR"]
    advertised = layer.timepositions[0]
    newest = draw(client)
    np.testing.assert_array_equal(draw(client, time=advertised), newest)
    first, last, _ = advertised.split("/")
    assert (draw(client, time=first) != newest).any()
    np.testing.assert_array_equal(draw(client, time=last)[3] > 0, newest[3] > 0)


def test_the_styles_that_are_advertised_can_be_asked_for(client: WebMapService) -> None:
    pictures = [
        draw(client, layers=["S2_L2A_NDVI"], styles=[style]) for style in ("", "ndvi", "grey")
    ]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


def test_both_versions_draw_the_same(demo_service: Served) -> None:
    older, newer = (
        draw(WebMapService(f"{demo_service.url}/ows", version=version))
        for version in ("1.1.1", "1.3.0")
    )
    np.testing.assert_array_equal(older, newer)


def test_what_is_wrong_reaches_the_user(client: WebMapService) -> None:
    with pytest.raises(ServiceException, match="not published"):
        draw(client, layers=["nothing"])


def test_a_map_can_be_asked_for_by_post(client: WebMapService) -> None:
    np.testing.assert_array_equal(draw(client, method="Post"), draw(client))


def test_a_pixel_tells_its_values_and_its_scene(client: WebMapService) -> None:
    answer = client.getfeatureinfo(
        layers=["S2_L2A_NDVI"],
        styles=[""],
        srs="EPSG:4326",
        bbox=BOUNDS,
        size=(300, 200),
        format="image/png",
        query_layers=["S2_L2A_NDVI"],
        info_format="application/json",
        xy=(150, 100),
    )
    (feature,) = json.loads(answer.read())["features"]
    values = feature["properties"]
    index = (values["B08"] - values["B04"]) / (values["B08"] + values["B04"])
    assert values["value"] == pytest.approx(index, abs=1e-4)
    assert "_MSIL2A_20250510T" in values["scene"]
    assert feature["geometry"]["coordinates"] == pytest.approx([10.6005, 53.89975], abs=1e-6)


def test_the_legends_that_are_advertised_can_be_had(client: WebMapService) -> None:
    for style in client["S2_L2A_NDVI"].styles.values():
        with urlopen(style["legend"], timeout=60) as answer:  # noqa: S310
            legend, _ = decode_picture(answer.read())
        assert len(np.unique(legend.reshape(3, -1), axis=1).T) > 3
