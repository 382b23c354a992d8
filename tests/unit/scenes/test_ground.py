"""How far apart pixels are, measured in the image's own system."""

import numpy as np
import pytest
from affine import Affine

from function.grid import Grid
from function.scenes.decoder import PixelWindow
from function.scenes.ground import ground_resolution

WHOLE = PixelWindow(0, 0, 256, 256)


def test_same_system_is_the_pixel_size() -> None:
    grid = Grid("EPSG:32629", Affine(20, 0, 500000, 0, -20, 5900000), 256, 256)
    assert ground_resolution(grid, WHOLE, "EPSG:32629") == pytest.approx(20.0)


def test_web_mercator_shrinks_towards_the_pole() -> None:
    grid = Grid.from_bounds("EPSG:3857", (-1e6, 7.0e6, -1e6 + 2560, 7.0e6 + 2560), 256, 256)
    latitude = np.degrees(2 * np.arctan(np.exp(7.00128e6 / 6378137)) - np.pi / 2)
    resolution = ground_resolution(grid, WHOLE, "EPSG:32629")
    assert resolution == pytest.approx(10.0 * np.cos(np.radians(latitude)), rel=5e-3)


def test_narrower_direction_decides() -> None:
    grid = Grid.from_bounds("EPSG:4326", (-8.0, 53.0, -7.744, 53.256), 256, 256)
    resolution = ground_resolution(grid, WHOLE, "EPSG:32629")
    assert resolution == pytest.approx(111.32 * np.cos(np.radians(53.2)), rel=1e-2)
    flat = Grid("EPSG:32629", Affine(60, 0, 500000, 0, -10, 5900000), 256, 256)
    assert ground_resolution(flat, WHOLE, "EPSG:32629") == pytest.approx(10.0)


def test_turned_grid_is_as_fine_as_its_pixels() -> None:
    turned = Affine.translation(500000, 5900000) @ Affine.rotation(30) @ Affine.scale(20, -20)
    grid = Grid("EPSG:32629", turned, 256, 256)
    assert ground_resolution(grid, WHOLE, "EPSG:32629") == pytest.approx(20.0)


def test_geographic_images_are_measured_in_degrees() -> None:
    grid = Grid("EPSG:32629", Affine(100, 0, 500000, 0, -100, 5900000), 256, 256)
    resolution = ground_resolution(grid, WHOLE, "EPSG:4326")
    assert resolution == pytest.approx(100 / 111_250, rel=2e-2)


def test_nowhere_on_earth_is_none() -> None:
    grid = Grid.from_bounds("EPSG:4326", (0, 100, 1, 101), 16, 16)
    assert ground_resolution(grid, PixelWindow(0, 0, 16, 16), "EPSG:32629") is None
