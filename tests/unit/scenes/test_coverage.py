"""Which pixels a scene may fill: never fewer than it does, hardly more."""

from datetime import UTC, datetime

import numpy as np
import pyproj
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from function.grid import Grid
from function.scene import Asset, Scene
from function.scenes import coverage as module
from function.scenes.bounding import bounding_window
from function.scenes.coverage import FOOTPRINT_MARGIN, Coverage
from function.scenes.decoder import PixelWindow
from function.scenes.ground import ground_resolution

Floats = NDArray[np.float64]

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
    assert_tight(Coverage(grid).possible_pixels(scene(image)), on_image(grid, image), 4)


def test_elsewhere_is_none() -> None:
    image = cell("EPSG:32629", 499980, 5900040)
    grid = Grid.from_bounds("EPSG:3857", (1e6, 6.7e6, 1.1e6, 6.8e6), 300, 300)
    assert not Coverage(grid).possible_pixels(scene(image)).any()


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
    possible = Coverage(grid).possible_pixels(scene(image, split))
    assert true.any()
    assert possible[true].all()
    assert possible.mean() < true.mean() + 0.1


def test_image_over_the_pole_may_be_anywhere_along_the_parallels() -> None:
    image = Grid("EPSG:3995", Affine(1000, 0, -300000, 0, -1000, 300000), 600, 600)
    grid = Grid.from_bounds("EPSG:4326", (-180, 80, 180, 90), 360, 40)
    true = on_image(grid, image)
    assert Coverage(grid).possible_pixels(scene(image, ARCTIC))[true].all()


def test_footprint_leaves_out_the_part_without_data() -> None:
    image = cell("EPSG:32629", 499980, 5900040)
    # Data in the western half only: as far as 8.2 degrees west.
    west = "MULTIPOLYGON(((-9.1 52.2, -8.2 52.2, -8.2 53.3, -9.1 53.3, -9.1 52.2)))"
    grid = Grid("EPSG:32629", Affine(100, 0, 499980, 0, -100, 5900040), 1098, 1098)
    possible = Coverage(grid).possible_pixels(scene(image, west))
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
    assert Coverage(inside).possible_pixels(scene(image, narrow)).all()
    outside = Grid("EPSG:32629", Affine(0.5, 0, 580000, 0, -0.5, 5880000), 64, 64)
    assert not Coverage(outside).possible_pixels(scene(image, narrow)).any()


def test_scene_without_images_has_nothing() -> None:
    grid = Grid.from_bounds("EPSG:4326", (-9, 52, -8, 53), 10, 10)
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    bare = Scene("c", "n", moment, moment, "S2A", "", "", 1, "", None, IRELAND, ())
    assert not Coverage(grid).possible_pixels(bare).any()


def signed_distances(corners: Floats, points: Floats) -> Floats:
    """How far ``points`` (n, 2) lie from a polygon's edges; negative for those inside it."""
    ends = np.roll(corners, -1, axis=0)
    along, towards = ends - corners, points[:, np.newaxis] - corners
    share = (towards * along).sum(axis=2) / (along**2).sum(axis=1)
    nearest = towards - share.clip(0.0, 1.0)[..., np.newaxis] * along
    distance: Floats = np.hypot(nearest[..., 0], nearest[..., 1]).min(axis=1)
    y = points[:, 1:]
    rising = (corners[:, 1] > y) != (ends[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = corners[:, 0] + (y - corners[:, 1]) / along[:, 1] * along[:, 0]
    inside = (rising & (crossing > points[:, :1])).sum(axis=1) % 2 == 1
    return np.where(inside, -distance, distance)


@settings(max_examples=150)
@given(
    directions=st.lists(st.integers(0, 359), min_size=3, max_size=9, unique=True),
    reach=st.floats(2_000, 60_000),
    place=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    crs=st.sampled_from(["EPSG:32629", "EPSG:3857", "EPSG:4326", "EPSG:32630"]),
    # The margin of some is a whole number of a canvas's pixels: nothing is rounded up there.
    resolution=st.sampled_from([50.0, 10.0, 5.0, 1.0, 0.5])
    | st.floats(-3, 3.5).map(lambda power: 10.0**power),
)
def test_no_pixel_near_the_footprint_is_left_out_and_few_far_from_it_are_not(
    directions: list[int],
    reach: float,
    place: tuple[float, float],
    crs: str,
    resolution: float,
) -> None:
    middle = np.array([555000.0, 5845000.0])
    turns = np.radians(np.sort(directions))
    corners = middle + reach * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    to_lonlat = pyproj.Transformer.from_crs("EPSG:32629", "EPSG:4326", always_xy=True)
    lonlat = np.stack(to_lonlat.transform(*corners.T), axis=1)
    ring = ", ".join(f"{x:.9f} {y:.9f}" for x, y in [*lonlat, lonlat[0]])
    # Around a corner of the polygon, where most is undecided.
    x, y = corners[0] + np.array(place) * 35 * resolution
    to_crs = pyproj.Transformer.from_crs("EPSG:32629", crs, always_xy=True)
    x, y = to_crs.transform(x, y)
    size = resolution / (111_000.0 if crs == "EPSG:4326" else 1.0)
    grid = Grid(crs, Affine(size, 0, x - 30 * size, 0, -size, y + 20 * size), 60, 40)
    image = cell("EPSG:32629", 499980, 5900040)
    possible = Coverage(grid).possible_pixels(scene(image, f"MULTIPOLYGON((({ring})))"))
    assert possible.shape == grid.shape

    columns, rows = np.meshgrid(np.arange(60) + 0.5, np.arange(40) + 0.5)
    x = grid.transform.a * columns + grid.transform.c
    y = grid.transform.e * rows + grid.transform.f
    points = np.stack(to_crs.transform(x.ravel(), y.ravel(), direction="INVERSE"), axis=1)
    # Edges that are straight in degrees bend in metres.
    along = np.linspace(0.0, 1.0, 30, endpoint=False)[:, np.newaxis]
    ends = np.roll(lonlat, -1, axis=0)
    edges = (lonlat[:, np.newaxis] * (1 - along) + ends[:, np.newaxis] * along).reshape(-1, 2)
    x, y = to_lonlat.transform(edges[:, 0], edges[:, 1], direction="INVERSE")
    outline = np.stack([x, y], axis=1)
    distance = signed_distances(outline, points).reshape(grid.shape)
    # Chords of the longest edges are a metre or two off, and so is a degree's scale by a percent.
    near = on_image(grid, image) & (distance < 0.99 * FOOTPRINT_MARGIN - 3)
    assert possible[near].all()
    # A pixel of EPSG:4326 is 1.7 times as high as it is wide here.
    assert not possible[distance > 2 * (1.3 * FOOTPRINT_MARGIN + 6 * resolution)].any()


def test_a_pixel_may_be_smaller_than_anything() -> None:
    image = cell("EPSG:32629", 499980, 5900040)
    narrow = "MULTIPOLYGON(((-9.1 52.2, -8.2 52.2, -8.2 53.3, -9.1 53.3, -9.1 52.2)))"
    x, y = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32629", always_xy=True).transform(
        -8.2, 52.75
    )
    for across, covered in ((0.0, True), (300.0, True), (800.0, False)):
        grid = Grid("EPSG:32629", Affine(1e-7, 0, x + across, 0, -1e-7, y), 40, 30)
        possible = Coverage(grid).possible_pixels(scene(image, narrow))
        assert possible.shape == (30, 40)
        assert (possible == covered).all()


def test_scenes_of_one_place_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Grid] = []

    def counting(grid: Grid, window: PixelWindow, crs: str) -> float | None:
        measured.append(grid)
        return ground_resolution(grid, window, crs)

    monkeypatch.setattr(module, "ground_resolution", counting)
    grid = Grid.from_bounds("EPSG:3857", (-1.0e6, 6.8e6, -0.9e6, 6.9e6), 200, 200)
    coverage = Coverage(grid)
    images = [cell("EPSG:32629", 499980, 5900040), cell("EPSG:32629", 399960, 5900040)]
    for image in images * 5:
        assert coverage.possible_pixels(scene(image)).any()
    assert len(measured) == 2


def test_bounding_window() -> None:
    mask = np.zeros((10, 12), np.bool_)
    assert bounding_window(mask) is None
    mask[3, 4] = mask[7, 2] = True
    assert bounding_window(mask) == PixelWindow(2, 3, 3, 5)
