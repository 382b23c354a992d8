"""Maps of every scale lie where the full resolution does, found by correlation, all over Earth.

A map is correlated with the image itself, sampled in float64 at exactly transformed places and
moved by a sample either way; the peak of a paraboloid through the correlations is where it lies.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

import numpy as np
import pyproj
import pytest
from archives import local_archive
from numpy.typing import NDArray
from scene_images import ImageMaker

from function.deadline import Deadline
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind, Resampling
from function.scene import Asset, Scene
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.reader import SceneReader

# In samples of the full resolution.
MOST_DISPLACED = 0.25
SIZE = 2048
# Pixels a side of a map, at most, and points a side that are averaged for each in the reference.
PIXELS, POINTS = 140, 2
MOVES = (-1.0, 0.0, 1.0)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """Where an image lies: its zone, and longitude and latitude of its middle."""

    zone: str
    longitude: float
    latitude: float


# The antimeridian runs through the middle of the second.
PLACES = {
    "Ireland": Place("EPSG:32629", -8.3, 52.8),
    "antimeridian": Place("EPSG:32601", 180.0, 65.2),
    "arctic": Place("EPSG:32633", 16.0, 83.5),
    "antarctic": Place("EPSG:32758", 164.0, -78.0),
}
CASES = [
    ("Ireland", "EPSG:32629"),
    ("Ireland", "EPSG:3857"),
    ("Ireland", "EPSG:4326"),
    ("antimeridian", "EPSG:3857"),
    ("antimeridian", "EPSG:4326"),
    ("antimeridian", "EPSG:32660"),
    ("arctic", "EPSG:3995"),
    ("arctic", "EPSG:4326"),
    ("antarctic", "EPSG:3031"),
    ("antarctic", "EPSG:3857"),
]


@pytest.fixture(scope="module")
def reader(openjpeg: OpenJpeg) -> Iterator[SceneReader]:
    archive = local_archive()
    with ThreadPoolExecutor(2) as workers:
        other = GdalDecoder(archive)
        decoder = PacketDecoder(openjpeg, other, archive, workers, Caches(1 << 26, 1 << 22))
        yield SceneReader(decoder, workers)
        other.close()


@pytest.fixture(scope="module")
def samples() -> NDArray[np.uint16]:
    """Waves of 80 samples and more: what is finer has no place of its own on reduced maps."""
    places = np.arange(SIZE) / SIZE
    random = np.random.default_rng(4)
    field = np.zeros((SIZE, SIZE))
    for _ in range(60):
        down, across = random.normal(0, 10, 2).clip(-25, 25)
        wave = np.exp(2j * np.pi * (down * places + random.random()))
        field += np.outer(wave, np.exp(2j * np.pi * across * places)).real
    return (5000 + 150 * field).round().astype(np.uint16)


@pytest.fixture(scope="module")
def assets(
    samples: NDArray[np.uint16], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Asset]:
    """The same image at every place."""
    make = ImageMaker(tmp_path_factory.mktemp("registration"))
    made = {}
    for name, place in PLACES.items():
        x, y = transformer("EPSG:4326", place.zone).transform(place.longitude, place.latitude)
        corner = round(x / 10 - SIZE / 2) * 10.0, round(y / 10 + SIZE / 2) * 10.0
        made[name] = make(samples, tile=1024, crs=place.zone, origin=corner)
    return made


def transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def scene_of(asset: Asset, place: Place) -> Scene:
    """A scene whose footprint is split where it crosses the antimeridian."""
    south, north = place.latitude - 1, place.latitude + 1
    spans = [(place.longitude - 8, min(place.longitude + 8, 180.0))]
    if place.longitude + 8 > 180:
        spans.append((-180.0, place.longitude + 8 - 360))
    polygons = [
        f"(({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"
        for west, east in spans
    ]
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    footprint = f"MULTIPOLYGON({', '.join(polygons)})"
    return Scene("s", "A", moment, moment, "A", "", "", 1, "", 0.0, footprint, (asset,))


def grid_over(place: Place, crs: str, scale: float) -> Grid:
    """Pixels of ``scale`` samples, as far as the image reaches with a margin."""
    x, y = transformer("EPSG:4326", crs).transform(place.longitude, place.latitude)
    # The map's units for a sample, along the image's axes and a degree beside the antimeridian.
    beside = transformer("EPSG:4326", place.zone).transform(place.longitude - 1, place.latitude)
    near_x, near_y = transformer(place.zone, crs).transform(
        beside[0] + np.array([0.0, 10.0, 0.0]), beside[1] + np.array([0.0, 0.0, 10.0])
    )
    step_x, step_y = (
        scale * np.hypot(near[1] - near[0], near[2] - near[0]) for near in (near_x, near_y)
    )
    pixels = min(PIXELS, int(0.6 * SIZE / scale))
    half_x, half_y = step_x * pixels / 2, step_y * pixels / 2
    return Grid.from_bounds(crs, (x - half_x, y - half_y, x + half_x, y + half_y), pixels, pixels)


def sample_exactly(
    samples: NDArray[np.uint16], asset: Asset, grid: Grid, east: float, south: float
) -> Floats:
    """The mean of points within each pixel, each interpolated in the moved full resolution."""
    within = (np.arange(POINTS) + 0.5) / POINTS
    columns = (np.arange(grid.width)[:, np.newaxis] + within).ravel()
    rows = (np.arange(grid.height)[:, np.newaxis] + within).ravel()
    x, y = np.meshgrid(
        grid.transform.a * columns + grid.transform.c, grid.transform.e * rows + grid.transform.f
    )
    x, y = transformer(grid.crs, asset.grid.crs).transform(x, y)
    origin = asset.grid.transform
    column, row = (x - origin.c) / 10 - 0.5 - east, (origin.f - y) / 10 - 0.5 - south
    left, upper = np.floor(column).astype(int), np.floor(row).astype(int)
    across, down = column - left, row - upper
    values = samples.astype(np.float64)
    above = values[upper, left] * (1 - across) + values[upper, left + 1] * across
    below = values[upper + 1, left] * (1 - across) + values[upper + 1, left + 1] * across
    points = above * (1 - down) + below * down
    means: Floats = points.reshape(grid.height, POINTS, grid.width, POINTS).mean(axis=(1, 3))
    return means


def correlate(first: Floats, second: Floats) -> float:
    inner = np.s_[3:-3, 3:-3]
    return float(np.corrcoef(first[inner].ravel(), second[inner].ravel())[0, 1])


def displacement(values: Floats, references: dict[tuple[float, float], Floats]) -> Floats:
    """How many samples east and south of where they belong ``values`` lie."""
    moves = np.array(list(references))
    correlations = [correlate(values, reference) for reference in references.values()]
    east, south = moves.T
    terms = np.stack([east**2, east * south, south**2, east, south, np.ones(len(moves))], axis=1)
    (a, b, c, d, e, _), *_ = np.linalg.lstsq(terms, np.array(correlations), rcond=None)
    peak: Floats = np.linalg.solve([[2 * a, b], [b, 2 * c]], [-d, -e])
    return peak


def references_of(
    samples: NDArray[np.uint16], asset: Asset, grid: Grid
) -> dict[tuple[float, float], Floats]:
    return {move: sample_exactly(samples, asset, grid, *move) for move in product(MOVES, MOVES)}


@pytest.mark.parametrize("scale", [1.0, 1.4, 2.0, 2.9, 4.0, 6.3, 8.0, 13.0, 16.0])
@pytest.mark.parametrize(("name", "crs"), CASES)
def test_maps_lie_where_the_full_resolution_does(
    reader: SceneReader,
    samples: NDArray[np.uint16],
    assets: dict[str, Asset],
    name: str,
    crs: str,
    scale: float,
) -> None:
    asset, place = assets[name], PLACES[name]
    grid = grid_over(place, crs, scale)
    references = references_of(samples, asset, grid)
    layer = ArchiveLayer("B04", "s", LayerKind.INDEX, ("B04",), expression="B04")
    raster = reader.read(layer, grid, [scene_of(asset, place)], False, Deadline.after(60.0))
    assert raster.warnings == ()
    assert raster.valid.all()
    found = displacement(raster.bands[0].astype(np.float64), references)
    assert np.abs(found).max() < MOST_DISPLACED
    # The measure sees what it is to find: half a sample either way.
    moved = displacement(sample_exactly(samples, asset, grid, 0.5, -0.5), references)
    np.testing.assert_allclose(moved, [0.5, -0.5], atol=0.1)


@pytest.mark.parametrize("method", list(Resampling))
def test_every_method_registers(
    reader: SceneReader,
    samples: NDArray[np.uint16],
    assets: dict[str, Asset],
    method: Resampling,
) -> None:
    asset, place = assets["antimeridian"], PLACES["antimeridian"]
    grid = grid_over(place, "EPSG:3857", 2.9)
    references = references_of(samples, asset, grid)
    layer = ArchiveLayer("B04", "s", LayerKind.INDEX, ("B04",), expression="B04", resampling=method)
    raster = reader.read(layer, grid, [scene_of(asset, place)], False, Deadline.after(60.0))
    found = displacement(raster.bands[0].astype(np.float64), references)
    assert np.abs(found).max() < MOST_DISPLACED
