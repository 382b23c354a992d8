"""Maps from JPEG 2000 files equal the whole image's own samples, and lie where they belong."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from archives import local_archive
from numpy.typing import NDArray
from scene_images import ORIGIN, UTM29, ImageMaker, natural

from function.deadline import Deadline
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind, Resampling
from function.scene import Asset, Scene
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.reader import SceneReader

WHOLE = "MULTIPOLYGON(((-10 51, -6 51, -6 54, -10 54, -10 51)))"
SIZE = 1500
WEST, NORTH = ORIGIN
# The samples themselves: the file's own numbers as an index.
NUMBERS = ArchiveLayer("B04", "s", LayerKind.INDEX, ("B04",), expression="B04")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Image:
    """A file of natural texture, its samples, and a scene made of it alone."""

    samples: NDArray[np.uint16]
    asset: Asset
    scene: Scene


def scene_of(*assets: Asset) -> Scene:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    return Scene("s", "A", moment, moment, "S2A", "05.12", "", 23, "29UNU", 0.0, WHOLE, assets)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """1500 samples a side in tiles of 512, so that GDAL offers reductions 1 to 4."""
    samples = natural(SIZE, SIZE, low=2000, high=9000)
    asset = ImageMaker(tmp_path_factory.mktemp("images"))(samples, tile=512)
    return Image(samples, asset, scene_of(asset))


@pytest.fixture(scope="module")
def reader() -> Iterator[SceneReader]:
    decoder = GdalDecoder(local_archive())
    with ThreadPoolExecutor(2) as workers:
        yield SceneReader(decoder, workers)
    decoder.close()


def read(
    reader: SceneReader, scene: Scene, grid: Grid, layer: ArchiveLayer = NUMBERS
) -> tuple[Floats, NDArray[np.bool_]]:
    raster = reader.read(layer, grid, [scene], False, Deadline.after(60.0))
    assert raster.warnings == ()
    return raster.bands[0].astype(np.float64), raster.valid


def whole(asset: Asset, reduction: int) -> Floats:
    options = {} if reduction == 0 else {"OVERVIEW_LEVEL": reduction - 1}
    with rasterio.open(asset.href, **options) as dataset:
        samples: Floats = dataset.read(1).astype(np.float64)
    return samples


@pytest.mark.parametrize("method", list(Resampling))
@pytest.mark.parametrize(
    ("column", "row", "width", "height"),
    [
        (0, 0, 300, 200),
        (400, 500, 256, 256),
        (1400, 1450, 100, 50),
        (1300, 1300, 400, 400),
        (-50, -70, 200, 200),
        (511, 511, 2, 2),
        (700, 3, 1, 1),
    ],
)
def test_same_grid_is_bit_for_bit(
    reader: SceneReader,
    image: Image,
    method: Resampling,
    column: int,
    row: int,
    width: int,
    height: int,
) -> None:
    layer = ArchiveLayer("B04", "s", LayerKind.INDEX, ("B04",), expression="B04", resampling=method)
    transform = Affine(10, 0, WEST + 10 * column, 0, -10, NORTH - 10 * row)
    values, valid = read(reader, image.scene, Grid(UTM29, transform, width, height), layer)
    canvas = np.pad(whole(image.asset, 0), 500, constant_values=np.nan)
    expected = canvas[500 + row : 500 + row + height, 500 + column : 500 + column + width]
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(valid, np.isfinite(expected))


@pytest.mark.parametrize("reduction", [1, 2, 3, 4])
def test_reduced_samples_lie_on_every_second_sample(
    reader: SceneReader, image: Image, reduction: int
) -> None:
    step = 10 << reduction
    expected = whole(image.asset, reduction)
    # Pixels centred on samples k·2ⁿ of the image: the first on the very first sample.
    corner = (WEST + 5 - step / 2, NORTH - 5 + step / 2)
    transform = Affine(step, 0, corner[0], 0, -step, corner[1])
    height, width = expected.shape
    values, valid = read(reader, image.scene, Grid(UTM29, transform, width, height))
    np.testing.assert_array_equal(values, expected)
    assert valid.all()
    part = transform @ Affine.translation(7, 11)
    values, _ = read(reader, image.scene, Grid(UTM29, part, 40, 30))
    np.testing.assert_array_equal(values, expected[11:41, 7:47])


def displacement(image: Floats, reference: Floats) -> tuple[float, float]:
    """Find by how many pixels ``image`` lies east and south of ``reference``, by least squares."""
    down, across = np.gradient(reference, axis=0), np.gradient(reference, axis=1)
    inner = np.s_[4:-4, 4:-4]
    slopes = np.stack([across[inner].ravel(), down[inner].ravel()], axis=1)
    (east, south), *_ = np.linalg.lstsq(-slopes, (image - reference)[inner].ravel(), rcond=None)
    return float(east), float(south)


@pytest.fixture(scope="module")
def smooth(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """An image without detail finer than its fourth reduction, so that a shift is measurable."""
    places = np.arange(2048) / 2048
    random = np.random.default_rng(11)
    field = np.zeros((2048, 2048))
    for _ in range(40):
        down, across = random.normal(0, 6, 2)
        wave = np.exp(2j * np.pi * (down * places + random.random()))
        field += np.outer(wave, np.exp(2j * np.pi * across * places)).real
    samples = (5000 + 150 * field).round().astype(np.uint16)
    asset = ImageMaker(tmp_path_factory.mktemp("smooth"))(samples, tile=1024)
    return Image(samples, asset, scene_of(asset))


@pytest.mark.parametrize("crs", [UTM29, "EPSG:3857"])
@pytest.mark.parametrize("scale", [1.0, 1.7, 2.0, 3.1, 4.0, 8.0, 13.0, 16.0, 20.0])
def test_maps_of_every_scale_register_with_the_full_resolution(
    reader: SceneReader, smooth: Image, crs: str, scale: float
) -> None:
    middle = (WEST + 10240, NORTH - 10240)
    to_crs = pyproj.Transformer.from_crs(UTM29, crs, always_xy=True)
    x, y = to_crs.transform(*middle)
    stretching = 1.0 if crs == UTM29 else 1.0 / np.cos(np.radians(53.15))
    reach = min(8000.0, 2000.0 * scale)
    half = reach * stretching
    size = round(2 * reach / (10 * scale))
    grid = Grid.from_bounds(crs, (x - half, y - half, x + half, y + half), size, size)
    values, valid = read(reader, smooth.scene, grid)
    assert valid.all()
    reference = exactly(smooth, grid)
    east, south = displacement(values, reference)
    samples = 2 * reach / size / 10
    assert abs(east) * samples < 0.25
    assert abs(south) * samples < 0.25
    # The measure itself sees a shift of a quarter sample.
    moved = Grid(crs, grid.transform @ Affine.translation(0.3 / samples, 0), size, size)
    east, _ = displacement(exactly(smooth, moved), reference)
    assert abs(east) * samples == pytest.approx(0.3, abs=0.05)


def exactly(image: Image, grid: Grid) -> Floats:
    """Interpolate the full resolution at exactly transformed pixel centres, in float64."""
    columns, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    x = grid.transform.a * columns + grid.transform.c
    y = grid.transform.e * rows + grid.transform.f
    transformer = pyproj.Transformer.from_crs(grid.crs, UTM29, always_xy=True)
    x, y = transformer.transform(x, y)
    column, row = (x - WEST) / 10 - 0.5, (NORTH - y) / 10 - 0.5
    left, upper = np.floor(column).astype(int), np.floor(row).astype(int)
    across, down = column - left, row - upper
    samples = image.samples.astype(np.float64)
    above = samples[upper, left] * (1 - across) + samples[upper, left + 1] * across
    below = samples[upper + 1, left] * (1 - across) + samples[upper + 1, left + 1] * across
    result: Floats = above * (1 - down) + below * down
    return result


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "EPSG:32630", "EPSG:3035"])
def test_other_systems_are_within_interpolation_tolerance(
    reader: SceneReader, smooth: Image, crs: str
) -> None:
    to_crs = pyproj.Transformer.from_crs(UTM29, crs, always_xy=True)
    x, y = to_crs.transform(WEST + 9000, NORTH - 8000)
    resolution = 0.00009 if crs == "EPSG:4326" else 9.0
    half = 150 * resolution
    grid = Grid.from_bounds(crs, (x - half, y - half, x + half, y + half), 300, 300)
    values, valid = read(reader, smooth.scene, grid)
    assert valid.all()
    steepest = max(
        float(np.abs(np.diff(smooth.samples.astype(float), axis=a)).max()) for a in (0, 1)
    )
    # An eighth of a sample either way.
    assert np.abs(values - exactly(smooth, grid)).max() <= 2 * 0.125 * steepest + 0.01


def test_swath_edge_does_not_darken_reduced_maps(reader: SceneReader, tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:1024, 0:1024]
    data = columns - 0.3 * rows > 300
    asset = ImageMaker(tmp_path)(np.where(data, 3000, 0).astype(np.uint16), tile=512)
    for scale in (1.3, 2.0, 3.7, 8.0, 16.0, 25.0):
        size = int(1024 / scale)
        transform = Affine(10 * scale, 0, WEST, 0, -10 * scale, NORTH)
        values, valid = read(reader, scene_of(asset), Grid(UTM29, transform, size, size))
        # Where the edge runs slantwise the outermost mixed sample may pass: a thousandth.
        np.testing.assert_allclose(values[valid], 3000, rtol=1e-3)
        # What is given up at the edge is narrower than six pixels.
        middle = valid[size // 2]
        edge = (300 + 0.3 * 512) / scale
        assert not middle[: int(edge) - 1].any()
        assert middle[int(edge) + 6 :].all()


@pytest.mark.parametrize("method", list(Resampling))
def test_clouds_do_not_brighten_what_is_left_of_reduced_maps(
    reader: SceneReader, tmp_path: Path, method: Resampling
) -> None:
    rows, columns = np.mgrid[0:1024, 0:1024]
    cloud = np.hypot(rows - 500, columns - 480) < 300
    cloud |= (np.hypot(rows - 900, columns - 900) < 30) | (columns + rows // 3 < 60)
    make = ImageMaker(tmp_path)
    band = make(np.where(cloud, 9000, 2000).astype(np.uint16), tile=512)
    # A class wherever some of its 2 by 2 samples of the band are cloud.
    classes = np.where(cloud.reshape(512, 2, 512, 2).any(axis=(1, 3)), 9, 4).astype(np.uint8)
    scene = scene_of(band, make(classes, resolution=20.0, band="SCL", tile=256))
    layer = replace(NUMBERS, resampling=method, masked_classes=frozenset({9}))
    for scale in (1.0, 1.3, 2.0, 3.7, 4.0, 8.0, 16.0, 25.0):
        size = int(1024 / scale)
        grid = Grid(UTM29, Affine(10 * scale, 0, WEST, 0, -10 * scale, NORTH), size, size)
        raster = reader.read(layer, grid, [scene], True, Deadline.after(60.0))
        # The reversible transform rounds at each of its levels.
        np.testing.assert_allclose(raster.bands[0][raster.valid], 2000, atol=4)
        # Of what lies farther from clouds than five pixels of the map nothing is given up.
        clear = cv2.erode((~cloud).view(np.uint8), np.ones((2 * int(5 * scale) + 1,) * 2))
        places = ((np.arange(size) + 0.5) * scale).astype(int)
        assert raster.valid[clear[np.ix_(places, places)].view(np.bool_)].all()
