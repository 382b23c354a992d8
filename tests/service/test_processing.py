"""What requests make of scenes, through the whole service: held against whole images."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from demo_images import DemoProduct, Window
from numpy.typing import NDArray
from pictures import decode_picture
from serving import Served

AUTUMN, SPRING = "2020-09-21", "2025-05-10"
RANGE = {"COLORMAP": "gray", "COLORRANGE": "-1,1"}
# Of 255: MapServer tells 256 values apart, and gray is straight.
STEP = 1.6


def draw(
    service: Served, window: Window, layer: str, **parameters: str
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    reply = service.ows(window.request(layer) | parameters)
    assert reply.status == 200, reply.body
    assert "x-sentinel-ows-warning" not in reply.headers
    return decode_picture(reply.body)


@pytest.fixture(scope="module")
def scenes(demo_products: tuple[Path, ...]) -> dict[str, DemoProduct]:
    """The east images by day."""
    products = [DemoProduct(path) for path in demo_products]
    return {each.day: each for each in products if each.cell == "32UPE"}


def index(product: DemoProduct, window: Window) -> NDArray[np.float64]:
    """NDVI, NaN where a band has no measurement."""
    red, near = (window.cut(product.image(band))[0] for band in ("B04", "B08"))
    numbers = np.stack([red, near]).astype(float) + product.offset
    with np.errstate(all="ignore"):
        values: NDArray[np.float64] = (numbers[1] - numbers[0]) / (numbers[1] + numbers[0])
    values[(red == 0) | (near == 0) | ~np.isfinite(values)] = np.nan
    return values


def check_greys(
    drawn: tuple[NDArray[np.int32], NDArray[np.int32]], expected: NDArray[np.float64]
) -> None:
    colours, opacity = drawn
    shown = ~np.isnan(expected)
    assert shown.mean() > 0.1
    np.testing.assert_array_equal(opacity > 0, shown)
    greys = 255 * (np.clip(expected, -1, 1) + 1) / 2
    assert np.abs(colours[0] - greys)[shown].max() < STEP


def test_an_expression_is_drawn(demo_service: Served, scenes: dict[str, DemoProduct]) -> None:
    window = scenes[SPRING].window(1150, 900, 200, 150)
    values = index(scenes[SPRING], window)
    expected = np.where(np.isnan(values), np.nan, np.where(values > 0.5, values, -0.5))
    text = "where((B08-B04)/(B08+B04) > 0.5, (B08-B04)/(B08+B04), -1/2)"
    drawn = draw(demo_service, window, "S2_L2A_INDEX", TIME=SPRING, EXPRESSION=text, **RANGE)
    check_greys(drawn, expected)


@pytest.mark.parametrize(
    ("composite", "combine"),
    [("max", np.fmax), ("mean", lambda a, b: np.nanmean([a, b], axis=0)), ("first", None)],
)
@pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")
def test_composites_over_two_years(
    demo_service: Served, scenes: dict[str, DemoProduct], composite: str, combine: object
) -> None:
    # The swath of autumn ends within.
    window = scenes[SPRING].window(1150, 900, 300, 150)
    values = [index(scenes[day], window) for day in (SPRING, AUTUMN)]
    expected = (
        combine(*values)
        if callable(combine)
        else np.where(np.isnan(values[0]), values[1], values[0])
    )
    drawn = draw(demo_service, window, "S2_L2A_INDEX", COMPOSITE=composite, **RANGE)
    check_greys(drawn, expected)


def test_likely_clouds_are_left_out(demo_service: Served, scenes: dict[str, DemoProduct]) -> None:
    product = scenes[AUTUMN]
    (path,) = product.path.glob("GRANULE/*/QI_DATA/MSK_CLDPRB_20m.jp2")
    with rasterio.open(path) as image:
        coarse = image.read(1)
    window = product.window(200, 300, 300, 200)
    probability = window.cut(coarse, 2).repeat(2, axis=0).repeat(2, axis=1)
    classes = product.classes(window)
    clouded = (probability >= 35) | np.isin(classes, (0, 1, 3, 10))
    expected = np.where(clouded, np.nan, index(product, window))
    parameters = {"CLOUDMASK": "on", "CLOUDPROBABILITY": "35", "TIME": AUTUMN}
    check_greys(draw(demo_service, window, "S2_L2A_INDEX", **parameters, **RANGE), expected)
    assert clouded.any()


def test_l1c_is_drawn_with_its_own_offset_and_mask(l1c_service: Served, demo_l1c: Path) -> None:
    def read(name: str) -> NDArray[np.int32]:
        (path,) = demo_l1c.glob(f"GRANULE/*/*/{name}.jp2")
        with rasterio.open(path) as image:
            samples: NDArray[np.int32] = image.read().astype(np.int32)
        return samples

    window = Window(60, 60, 300, 240, (606000.0, 5976600.0, 609000.0, 5979000.0))
    red, near = (window.cut(read(f"*_{band}"))[0] for band in ("B04", "B08"))
    bands = np.stack([near, red, window.cut(read("*_B03"))[0]])
    expected = np.clip((bands - 1000) / 10000 / 0.4, 0, 1) * 255
    colours, opacity = draw(l1c_service, window, "S2_L1C_FALSE_COLOR")
    assert (opacity == 255).all()
    assert np.abs(colours - expected).max() < 1
    clouds = window.cut(read("MSK_CLASSI_B00"), 6)[:2].any(axis=0)
    clouded = clouds.repeat(6, axis=0).repeat(6, axis=1)
    assert 0.01 < clouded.mean() < 0.99
    for layer in ("S2_L1C_TRUE_COLOR", "S2_L1C_NDVI"):
        _, opacity = draw(l1c_service, window, layer, CLOUDMASK="on")
        np.testing.assert_array_equal(opacity > 0, ~clouded)
