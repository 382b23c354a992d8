"""Coordinates are within an eighth of a pixel of the exact transformation, everywhere."""

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from function.grid import Grid
from function.scene import Asset
from function.scenes import location
from function.scenes.coordinate_map import map_coordinates
from function.scenes.decoder import PixelWindow
from function.scenes.lattice import Lattice, lattice_of
from function.scenes.location import ERROR_BOUND
from function.scenes.projection import Coordinates, period, project

# A whole Sentinel-2 cell at 10 m, at the height of Ireland.
IRELAND = Grid("EPSG:32629", Affine(10, 0, 499980, 0, -10, 5900040), 10980, 10980)


def lattice(grid: Grid, reduction: int = 0) -> Lattice:
    return lattice_of(Asset("B04", "B04.jp2", grid, 1, 15), reduction)


def around(crs: str, image: Grid, place: tuple[float, float], resolution: float, size: int) -> Grid:
    """Make a grid of ``size`` pixels a side around a place (column, row) of ``image``."""
    x, y = image.transform @ place
    transformer = pyproj.Transformer.from_crs(image.crs, crs, always_xy=True)
    middle_x, middle_y = transformer.transform(x, y)
    half = resolution * size / 2
    bounds = (middle_x - half, middle_y - half, middle_x + half, middle_y + half)
    return Grid.from_bounds(crs, bounds, size, size)


def exact(grid: Grid, target: Lattice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform every pixel's centre by itself."""
    columns, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x = grid.transform.a * columns + grid.transform.c
    y = grid.transform.e * rows + grid.transform.f
    transformer = pyproj.Transformer.from_crs(grid.crs, target.crs, always_xy=True)
    x, y = (np.where(np.isfinite(place), place, np.nan) for place in transformer.transform(x, y))
    back = ~target.transform
    return back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f


def compare_places(grid: Grid, target: Lattice) -> bool:
    """Compare every place that counts; tell whether any pixel lies on the image."""
    columns, rows = map_coordinates(
        grid, PixelWindow(0, 0, grid.width, grid.height), target
    ).exact()
    exact_columns, exact_rows = exact(grid, target)
    left, upper, right, lower = target.extent
    on_image = (
        (exact_columns > left) & (exact_columns < right)
        & (exact_rows > upper) & (exact_rows < lower)
    )  # fmt: skip
    assert np.abs(columns - exact_columns)[on_image].max(initial=0.0) * target.step <= ERROR_BOUND
    assert np.abs(rows - exact_rows)[on_image].max(initial=0.0) * target.step <= ERROR_BOUND
    # What is not on the image is not taken for it either, but for the bound.
    off = ~on_image & np.isfinite(columns)
    beyond = (
        (columns < left + ERROR_BOUND) | (columns > right - ERROR_BOUND)
        | (rows < upper + ERROR_BOUND) | (rows > lower - ERROR_BOUND)
    )  # fmt: skip
    assert beyond[off].all()
    return bool(on_image.any())


@pytest.mark.parametrize(
    ("crs", "resolution"),
    [
        ("EPSG:3857", 10.0),
        ("EPSG:3857", 300.0),
        ("EPSG:4326", 0.0001),
        ("EPSG:4326", 0.005),
        ("EPSG:32630", 10.0),
        ("EPSG:32633", 20.0),
        ("EPSG:3035", 60.0),
        ("EPSG:3995", 40.0),
        ("EPSG:2157", 10.0),
    ],
)
def test_bound_holds_from_any_system(crs: str, resolution: float) -> None:
    grid = around(crs, IRELAND, (3000.0, 7000.0), resolution, 300)
    assert compare_places(grid, lattice(IRELAND))


@settings(max_examples=60, deadline=None)
@given(
    crs=st.sampled_from(["EPSG:3857", "EPSG:4326", "EPSG:32628", "EPSG:3035"]),
    column=st.floats(0, 10980),
    row=st.floats(0, 10980),
    zoom=st.floats(-2, 6),
    width=st.integers(1, 200),
    height=st.integers(1, 200),
    reduction=st.integers(0, 4),
)
@example("EPSG:3857", 0.0, 10963.0, 6.0, 1, 17, 0)  # all of it is beyond the image
def test_bound_holds_for_any_grid(
    crs: str, column: float, row: float, zoom: float, width: int, height: int, reduction: int
) -> None:
    resolution = 10.0 * 2.0**zoom / (111_000.0 if crs == "EPSG:4326" else 1.0)
    square = around(crs, IRELAND, (column, row), resolution, 200)
    grid = Grid(crs, square.transform @ Affine.translation(100, 100), width, height)
    target = lattice(IRELAND, reduction)
    compare_places(grid, target)


@settings(max_examples=120, deadline=None)
@given(
    longitude=st.floats(-180, 180) | st.sampled_from([-180.0, -179.7, 179.6, 180.0]),
    latitude=st.floats(-80, 84) | st.sampled_from([-80.0, 83.9]),
    neighbour=st.sampled_from([-1, 0, 0, 1]),
    other=st.sampled_from(["EPSG:3857", "EPSG:4326", "EPSG:3995", "EPSG:3031", "UTM", "EPSG:6933"]),
    zoom=st.floats(-1, 7),
    place=st.tuples(st.floats(0, 10980), st.floats(0, 10980)),
    reduction=st.integers(0, 4),
)
def test_bound_holds_anywhere_on_earth(
    longitude: float,
    latitude: float,
    neighbour: int,
    other: str,
    zoom: float,
    place: tuple[float, float],
    reduction: int,
) -> None:
    own = min(int((longitude + 180) // 6), 59)
    zone, south = (own + neighbour) % 60 + 1, latitude < 0
    image_crs = f"EPSG:{32700 if south else 32600}".replace("00", f"{zone:02d}")
    to_image = pyproj.Transformer.from_crs("EPSG:4326", image_crs, always_xy=True)
    x, y = to_image.transform(longitude, latitude)
    corner = round(x / 10) * 10 - 54900, round(y / 10) * 10 + 54900
    image = Grid(image_crs, Affine(10, 0, corner[0], 0, -10, corner[1]), 10980, 10980)
    crs = other
    if other == "UTM":
        crs = f"EPSG:{32700 if south else 32600}".replace("00", f"{zone % 60 + 1:02d}")
    resolution = 10.0 * 2.0**zoom / (111_000.0 if crs == "EPSG:4326" else 1.0)
    grid = around(crs, image, place, resolution, 150)
    target = lattice(image, reduction)
    exact_columns, exact_rows = exact(grid, target)
    columns, rows = map_coordinates(grid, PixelWindow(0, 0, 150, 150), target).exact()
    left, upper, right, lower = target.extent
    on_image = (
        (exact_columns > left) & (exact_columns < right)
        & (exact_rows > upper) & (exact_rows < lower)
    )  # fmt: skip
    assert on_image.any()
    assert np.abs(columns - exact_columns)[on_image].max() * target.step <= ERROR_BOUND
    assert np.abs(rows - exact_rows)[on_image].max() * target.step <= ERROR_BOUND


def test_window_of_a_grid_equals_the_same_pixels_of_the_whole() -> None:
    grid = around("EPSG:3857", IRELAND, (5000.0, 5000.0), 10.0, 200)
    target = lattice(IRELAND)
    columns, rows = exact(grid, target)
    window = PixelWindow(150, 33, 17, 90)
    part = map_coordinates(grid, window, target).exact()
    np.testing.assert_allclose(part[0], columns[window.slices], atol=ERROR_BOUND)
    np.testing.assert_allclose(part[1], rows[window.slices], atol=ERROR_BOUND)


def test_same_system_is_exact_and_reduced_samples_lie_on_every_second() -> None:
    columns, rows = map_coordinates(
        IRELAND, PixelWindow(96, 32, 65, 33), lattice(IRELAND, 3)
    ).exact()
    np.testing.assert_array_equal(columns[0, ::8], np.arange(12, 21))
    np.testing.assert_array_equal(rows[::8, 0], np.arange(4, 9))
    np.testing.assert_array_equal(columns[5], 12 + np.arange(65) / 8)


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "EPSG:32660", "EPSG:32601"])
def test_antimeridian_is_no_border(crs: str) -> None:
    # 01WCP lies across it; in UTM zone 1 that is an ordinary place.
    image = Grid("EPSG:32601", Affine(10, 0, 300000, 0, -10, 7300020), 10980, 10980)
    to_lonlat = pyproj.Transformer.from_crs("EPSG:32601", "EPSG:4326", always_xy=True)
    west, _ = to_lonlat.transform(*(image.transform @ (0, 5000)))
    east, _ = to_lonlat.transform(*(image.transform @ (10980, 5000)))
    assert west > 0 > east
    assert_continuous(crs, image)


def assert_continuous(crs: str, image: Grid) -> None:
    """Lay a grid over the antimeridian and compare with the image's own coordinates."""
    target = lattice(image)
    turn = period(crs)
    to_crs = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x, y = to_crs.transform(180.0, 65.0)
    resolution = 0.0004 if crs == "EPSG:4326" else 40.0
    # Both ways of writing a box across: from 179 to 181, and from -181 to -179.
    for shift in (0.0,) if turn is None else (0.0, -turn):
        half = 80 * resolution
        grid = Grid.from_bounds(
            crs, (x + shift - half, y - half, x + shift + half, y + half), 160, 160
        )
        columns, rows = map_coordinates(grid, PixelWindow(0, 0, 160, 160), target).exact()
        assert np.isfinite(columns).all()
        steps = np.hypot(np.diff(columns, axis=1), np.diff(rows, axis=1))
        assert steps.max() < 2 * steps.min()
        exact_columns, exact_rows = exact(grid, target)
        np.testing.assert_allclose(columns, exact_columns, atol=ERROR_BOUND)
        np.testing.assert_allclose(rows, exact_rows, atol=ERROR_BOUND)


def test_image_in_longitudes_is_met_from_either_side_of_the_antimeridian() -> None:
    image = Grid("EPSG:4326", Affine(0.01, 0, 179.0, 0, -0.01, 66.0), 200, 200)
    grid = Grid.from_bounds("EPSG:3857", (-20037508.3 - 90000, 9.6e6, -20037508.3, 9.7e6), 50, 50)
    columns, _ = map_coordinates(grid, PixelWindow(0, 0, 50, 50), lattice(image)).exact()
    # 90 km of web Mercator are 0.8085 degrees, to the west of 180.
    np.testing.assert_allclose(columns[0, 0], 100 - 80.85 + 0.31, atol=0.2)
    np.testing.assert_allclose(columns[0, -1], 100 - 0.81 - 0.5, atol=0.2)


def test_pole_is_an_ordinary_place_of_a_polar_image() -> None:
    image = Grid("EPSG:3995", Affine(1000, 0, -100000, 0, -1000, 100000), 200, 200)
    grid = Grid.from_bounds("EPSG:4326", (-180, 89.2, 180, 90), 720, 40)
    target = lattice(image)
    columns, rows = map_coordinates(grid, PixelWindow(0, 0, 720, 40), target).exact()
    exact_columns, exact_rows = exact(grid, target)
    known = np.isfinite(columns)
    assert known.all()
    np.testing.assert_allclose(columns, exact_columns, atol=ERROR_BOUND)
    np.testing.assert_allclose(rows, exact_rows, atol=ERROR_BOUND)


def test_what_cannot_be_projected_is_nan() -> None:
    # Web Mercator's northern end lies at 85.06 degrees; past it the plane goes on, the Earth not.
    image = Grid("EPSG:3857", Affine(1000, 0, 0, 0, -1000, 2.0e7), 100, 100)
    grid = Grid.from_bounds("EPSG:4326", (0, 80, 1, 100), 20, 200)
    columns, rows = map_coordinates(grid, PixelWindow(0, 0, 20, 200), lattice(image)).exact()
    assert np.isnan(columns[:99]).all()
    assert np.isnan(rows[:99]).all()
    assert np.isfinite(rows).any()


def test_few_points_are_transformed(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def counting(
        source: str, target: str, x: Coordinates, y: Coordinates
    ) -> tuple[Coordinates, Coordinates]:
        counted.append(x.size)
        return project(source, target, x, y)

    monkeypatch.setattr(location, "project", counting)
    grid = around("EPSG:3857", IRELAND, (5000.0, 5000.0), 10.0, 512)
    map_coordinates(grid, PixelWindow(0, 0, 512, 512), lattice(IRELAND))
    assert 0 < sum(counted) < 512 * 512 / 100


@pytest.mark.parametrize(
    "href", ["s3://a/B04.JP2", "https://a/B04.jp2", "https://a/B04.jp2?sig=.tif"]
)
def test_reduced_samples_lie_alike_however_the_file_is_addressed(href: str) -> None:
    grid = Grid(IRELAND.crs, Affine(10, 0, 0, 0, -10, 0), 64, 64)
    assert lattice_of(Asset("B04", href, grid, 1, 15), 2).transform @ (1, 1) == (45, -45)
