"""Which pixels a scene may fill: never fewer than it does, hardly more."""

from datetime import UTC, datetime

import numpy as np
import pyproj
import pytest
from affine import Affine
from numpy.typing import NDArray

from function.grid import Grid
from function.scene import Asset, Scene
from function.scenes.coverage import bounding_window, possible_pixels
from function.scenes.decoder import PixelWindow

# Wider than any of the images in Ireland.
IRELAND = "MULTIPOLYGON(((-11 50, -5 50, -5 56, -11 56, -11 50)))"
ARCTIC = "MULTIPOLYGON(((-180 60, 180 60, 180 90, -180 90, -180 60)))"


def scene(image: Grid, footprint: str = IRELAND) -> Scene:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    assets = (Asset("B04", "B04.jp2", image, 1, 15),)
    return Scene(
        "sentinel-2-l2a", "S2A", moment, moment, "S2A", "05.12", "", 1, "", 0.0, footprint, assets
    )


def cell(crs: str, west: float, north: float) -> Grid:
    return Grid(crs, Affine(10, 0, west, 0, -10, north), 10980, 10980)


def on_image(grid: Grid, image: Grid) -> NDArray[np.bool_]:
    columns, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x = grid.transform.a * columns + grid.transform.c
    y = grid.transform.e * rows + grid.transform.f
    transformer = pyproj.Transformer.from_crs(grid.crs, image.crs, always_xy=True)
    x, y = transformer.transform(x, y)
    west, south, east, north = image.bounds
    inside: NDArray[np.bool_] = (x >= west) & (x < east) & (y > south) & (y <= north)
    return inside


def assert_tight(possible: NDArray[np.bool_], true: NDArray[np.bool_], margin: int) -> None:
    """All of ``true``, and nothing farther than ``margin`` pixels from it."""
    assert true.any()
    assert possible[true].all()
    rows, columns = np.nonzero(true)
    window = bounding_window(possible)
    assert window is not None
    assert window.column >= max(0, columns.min() - margin)
    assert window.row >= max(0, rows.min() - margin)
    assert window.column + window.width <= columns.max() + 1 + margin
    assert window.row + window.height <= rows.max() + 1 + margin


@pytest.mark.parametrize(
    ("crs", "bounds"),
    [
        ("EPSG:3857", (-1.2e6, 6.7e6, -0.6e6, 7.2e6)),
        ("EPSG:3857", (-20037508.34, -20037508.34, 20037508.34, 20037508.34)),
        ("EPSG:4326", (-180.0, -90.0, 180.0, 90.0)),
        ("EPSG:4326", (-9.5, 52.0, -7.0, 53.5)),
        ("EPSG:32629", (400000.0, 5.7e6, 700000.0, 6.0e6)),
        ("EPSG:32630", (0.0, 5.7e6, 300000.0, 6.0e6)),
        ("EPSG:3035", (2.8e6, 3.2e6, 3.4e6, 3.8e6)),
    ],
)
def test_image_is_found_in_any_system(crs: str, bounds: tuple[float, float, float, float]) -> None:
    image = cell("EPSG:32629", 499980, 5900040)
    grid = Grid.from_bounds(crs, bounds, 400, 300)
    assert_tight(possible_pixels(scene(image), grid), on_image(grid, image), 4)


def test_elsewhere_is_none() -> None:
    image = cell("EPSG:32629", 499980, 5900040)
    grid = Grid.from_bounds("EPSG:3857", (1e6, 6.7e6, 1.1e6, 6.8e6), 300, 300)
    assert not possible_pixels(scene(image), grid).any()


@pytest.mark.parametrize(
    ("crs", "bounds"),
    [
        ("EPSG:4326", (177.0, 62.0, 184.0, 68.0)),
        ("EPSG:4326", (-184.0, 62.0, -176.0, 68.0)),
        ("EPSG:4326", (-180.0, 60.0, 180.0, 70.0)),
        ("EPSG:4326", (0.0, 60.0, 360.0, 70.0)),
        ("EPSG:3857", (19.8e6, 9.0e6, 20.3e6, 10.5e6)),
        ("EPSG:32660", (600000.0, 7.1e6, 1000000.0, 7.4e6)),
    ],
)
def test_antimeridian_is_no_border(crs: str, bounds: tuple[float, float, float, float]) -> None:
    image = cell("EPSG:32601", 300000, 7300020)
    split = (
        "MULTIPOLYGON(((178.6 64.7, 180 64.7, 180 65.8, 178.6 65.8, 178.6 64.7)),"
        "((-180 64.7, -178.2 64.7, -178.2 65.8, -180 65.8, -180 64.7)))"
    )
    grid = Grid.from_bounds(crs, bounds, 360, 300)
    true = on_image(grid, image)
    possible = possible_pixels(scene(image, split), grid)
    assert true.any()
    assert possible[true].all()
    assert possible.mean() < true.mean() + 0.1


def test_image_over_the_pole_may_be_anywhere_along_the_parallels() -> None:
    image = Grid("EPSG:3995", Affine(1000, 0, -300000, 0, -1000, 300000), 600, 600)
    grid = Grid.from_bounds("EPSG:4326", (-180, 80, 180, 90), 360, 40)
    true = on_image(grid, image)
    assert possible_pixels(scene(image, ARCTIC), grid)[true].all()


def test_footprint_leaves_out_the_part_without_data() -> None:
    image = cell("EPSG:32629", 499980, 5900040)
    # Data in the western half only: as far as 8.2 degrees west.
    west = "MULTIPOLYGON(((-9.1 52.2, -8.2 52.2, -8.2 53.3, -9.1 53.3, -9.1 52.2)))"
    grid = Grid("EPSG:32629", Affine(100, 0, 499980, 0, -100, 5900040), 1098, 1098)
    possible = possible_pixels(scene(image, west), grid)
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32629", always_xy=True)
    x, _ = to_utm.transform(-8.2, 52.75)
    border = (x - 499980) / 100
    # 400 m, four pixels, are left for footprints that are not exact.
    assert possible[550, : int(border) + 4].all()
    assert not possible[550, int(border) + 10 :].any()


def test_deep_zoom_inside_and_outside() -> None:
    image = cell("EPSG:32629", 499980, 5900040)
    narrow = "MULTIPOLYGON(((-9.1 52.2, -8.2 52.2, -8.2 53.3, -9.1 53.3, -9.1 52.2)))"
    inside = Grid("EPSG:32629", Affine(0.05, 0, 520000, 0, -0.05, 5880000), 64, 64)
    assert possible_pixels(scene(image, narrow), inside).all()
    outside = Grid("EPSG:32629", Affine(0.5, 0, 580000, 0, -0.5, 5880000), 64, 64)
    assert not possible_pixels(scene(image, narrow), outside).any()


def test_scene_without_images_has_nothing() -> None:
    grid = Grid.from_bounds("EPSG:4326", (-9, 52, -8, 53), 10, 10)
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    bare = Scene("c", "n", moment, moment, "S2A", "", "", 1, "", None, IRELAND, ())
    assert not possible_pixels(bare, grid).any()


def test_bounding_window() -> None:
    mask = np.zeros((10, 12), np.bool_)
    assert bounding_window(mask) is None
    mask[3, 4] = mask[7, 2] = True
    assert bounding_window(mask) == PixelWindow(2, 3, 3, 5)
