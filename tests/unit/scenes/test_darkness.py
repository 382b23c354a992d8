"""Black in a true-colour image: dark water is shown, what was not measured is not."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from affine import Affine
from archives import local_archive
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scene_images import ORIGIN, UTM29, ImageMaker, natural

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind
from function.raster import Raster
from function.scene import Asset, Scene
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Wanted
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.reader import SceneReader

Mask = NDArray[np.bool_]

SIZE = 1536
WEST, NORTH = ORIGIN
WHOLE = "MULTIPOLYGON(((-10 51, -6 51, -6 54, -10 54, -10 51)))"
LAYER = ArchiveLayer(
    "TC",
    "s",
    LayerKind.COLOUR,
    ("B04", "B03", "B02"),
    visual="TCI",
    stretch=(0.0, 0.25),
)
# What tells dark water from no data.
TELLING = ("B04", "B03", "B02", "SCL")
ROWS, COLUMNS = np.mgrid[0:SIZE, 0:SIZE]
# The edge of an orbit, aslant, through land and a lake; another lake lies inland.
DATA = COLUMNS - 0.3 * ROWS > 300
WATER = (np.hypot(ROWS - 600, COLUMNS - 500) < 220) | (np.hypot(ROWS - 900, COLUMNS - 1200) < 150)


class Recording(GdalDecoder):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__(local_archive())
        self.asked: list[Wanted] = []

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> list[Future[Decode]]:
        self.asked += wanted
        return super().prepare(wanted, deadline, counts, ahead)

    def take(self) -> list[tuple[str, int, int]]:
        """Band, reduction and samples of each, since the last time."""
        asked, self.asked = self.asked, []
        return [
            (each.asset.band, each.reduction, each.window.width * each.window.height)
            for each in asked
        ]


@dataclass(frozen=True)
class Product:
    """A scene of files, and its images by band."""

    scene: Scene

    def without(self, *bands: str) -> Scene:
        kept = tuple(asset for asset in self.scene.assets if asset.band not in bands)
        return replace(self.scene, assets=kept)

    def broken(self, *bands: str) -> Scene:
        assets = tuple(
            replace(asset, href=f"{asset.href}.gone.jp2") if asset.band in bands else asset
            for asset in self.scene.assets
        )
        return replace(self.scene, assets=assets)

    def whole(self, band: str, reduction: int) -> NDArray[np.uint16]:
        """Decode a whole file as GDAL does."""
        href = next(asset.href for asset in self.scene.assets if asset.band == band)
        level = {"OVERVIEW_LEVEL": reduction - 1} if reduction else {}
        with rasterio.open(href, **level) as dataset:
            samples: NDArray[np.uint16] = dataset.read()
        return samples


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    make = ImageMaker(tmp_path_factory.mktemp("product"))
    assets: list[Asset] = []
    shown = []
    for seed, band in enumerate(LAYER.bands):
        samples = natural(SIZE, SIZE, seed, low=1300, high=3500)
        # Deep water: reflectances of 0 and less once the offset is applied.
        samples[WATER] = 960 + samples[WATER] % 40
        samples[~DATA] = 0
        asset = make(samples, band=band, tile=512)
        assets.append(replace(asset, offset=-1000.0, quantification=10000.0))
        shown.append((np.maximum(samples.astype(int) - 1000, 0) // 12).clip(0, 255))
    assets.append(make(np.stack(shown).astype(np.uint8), band="TCI", tile=512))
    halved = DATA.reshape(SIZE // 2, 2, SIZE // 2, 2).all(axis=(1, 3))
    classes = np.where(halved, 4, 0).astype(np.uint8)
    assets.append(make(classes, resolution=20.0, band="SCL", tile=256))
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    return Product(
        Scene("s", "A", moment, moment, "S2A", "05.12", "", 23, "29UNU", 0.0, WHOLE, tuple(assets))
    )


@pytest.fixture
def decoder() -> Iterator[Recording]:
    recording = Recording()
    yield recording
    recording.close()


@pytest.fixture
def reader(decoder: Recording) -> Iterator[SceneReader]:
    with ThreadPoolExecutor(2) as workers:
        yield SceneReader(decoder, workers)


def read(reader: SceneReader, reduction: int, *scenes: Scene) -> Raster:
    """Read a map whose pixels are the samples of a reduction."""
    step, count = 10.0 * (1 << reduction), SIZE >> reduction
    corner = (5.0 - step / 2, step / 2 - 5.0)
    transform = Affine(step, 0, WEST + corner[0], 0, -step, NORTH + corner[1])
    grid = Grid(UTM29, transform, count, count)
    return reader.read(LAYER, grid, scenes, False, Deadline.after(60.0))


def widened(mask: Mask, reach: int) -> Mask:
    """All that lies within ``reach`` samples of ``mask``, also slantwise."""
    padded = np.pad(mask, reach)
    squares = sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(squares.any(axis=(2, 3)), np.bool_)


def gaps(zero: Mask) -> Mask:
    """Areas of 0 that hold a square of five; all that is 0 within two samples of an edge."""
    found = widened(~widened(~zero, 2), 2)
    found[:2] = found[-2:] = found[:, :2] = found[:, -2:] = True
    return zero & found


@pytest.mark.parametrize("reduction", [1, 2, 3])
def test_reduced_maps_have_the_edge_of_the_bands_and_dark_water(
    reader: SceneReader, product: Product, decoder: Recording, reduction: int
) -> None:
    raster = read(reader, reduction, product.scene)
    colours, band = product.whole("TCI", reduction), product.whole("B04", reduction)[0]
    black: Mask = (colours == 0).all(axis=0)
    expected = ~widened(gaps(black) & gaps(np.asarray(band == 0)), 3)
    np.testing.assert_array_equal(raster.valid, expected)
    np.testing.assert_array_equal(raster.bands, np.where(expected, colours, 0))
    # On the ground: all measured water away from the edge is shown, and black; no gap is.
    step = 1 << reduction
    data, water = DATA[::step, ::step], WATER[::step, ::step]
    inland = ~widened(~data, 6)
    assert raster.valid[inland].all()
    deep = inland & ~widened(~water, 4)
    assert np.count_nonzero(deep) > 500 >> reduction
    assert not raster.bands[:, deep].any()
    assert not raster.valid[~widened(data, 3)].any()
    # The classification would take (SIZE / 2)² samples, whatever the reduction.
    (_, _, shown), (name, level, decoded) = decoder.take()
    assert (name, level) == ("B04", reduction)
    assert decoded <= shown == (SIZE >> reduction) ** 2
    assert raster.counts.samples == 3 * shown + decoded


def test_full_resolution_asks_the_classification(
    reader: SceneReader, product: Product, decoder: Recording
) -> None:
    raster = read(reader, 0, product.scene)
    colours, classes = product.whole("TCI", 0), product.whole("SCL", 0)[0]
    known = np.kron(classes, np.ones((2, 2), np.uint8)) != 0
    expected = (colours != 0).any(axis=0) | known
    np.testing.assert_array_equal(raster.valid, expected)
    black = np.nonzero((colours == 0).all(axis=0))
    rows, columns = (np.ptp(each // 2) + 1 for each in black)
    assert decoder.take() == [("TCI", 0, SIZE * SIZE), ("SCL", 0, rows * columns)]


def test_full_resolution_without_a_classification_asks_a_band(
    reader: SceneReader, product: Product, decoder: Recording
) -> None:
    raster = read(reader, 0, product.without("SCL"))
    np.testing.assert_array_equal(raster.valid, product.whole("B04", 0)[0] != 0)
    assert [band for band, _, _ in decoder.take()] == ["TCI", "B04"]


@pytest.mark.parametrize("reduction", [0, 2])
@pytest.mark.parametrize("broken", [True, False])
def test_what_cannot_be_read_is_stood_in_for(
    reader: SceneReader, product: Product, decoder: Recording, reduction: int, broken: bool
) -> None:
    lacking = product.broken if broken else product.without
    by_class = read(reader, reduction, lacking("B04", "B03", "B02"))
    assert decoder.take()[-1][0] == "SCL"
    step = 1 << reduction
    data = DATA[::step, ::step]
    assert by_class.valid[~widened(~data, 6)].all()
    assert not by_class.valid[~widened(data, 3)].any()
    assert by_class.warnings == ()


@pytest.mark.parametrize("reduction", [0, 2])
def test_without_an_image_that_tells_black_is_no_data(
    reader: SceneReader, product: Product, reduction: int
) -> None:
    raster = read(reader, reduction, product.without(*TELLING))
    step = 1 << reduction
    data, water = DATA[::step, ::step], WATER[::step, ::step]
    land = ~widened(~data | water, 6)
    assert land.any()
    assert raster.valid[land].all()
    deep = data & ~widened(~water, 4)
    assert deep.any()
    assert not raster.valid[deep].any()
    assert raster.warnings == ()


@pytest.mark.parametrize("reduction", [0, 2])
def test_where_no_image_that_tells_can_be_read_the_scene_is_passed_over_with_a_warning(
    reader: SceneReader, product: Product, decoder: Recording, reduction: int
) -> None:
    broken, older = product.broken(*TELLING), replace(product.scene, name="older")
    raster = read(reader, reduction, broken, older)
    assert {"SCL", "B04"} < {band for band, _, _ in decoder.take()}
    alone = read(reader, reduction, older)
    np.testing.assert_array_equal(raster.bands, alone.bands)
    np.testing.assert_array_equal(raster.valid, alone.valid)
    assert raster.scenes == ("older",)
    (warning,) = raster.warnings
    assert re.fullmatch(r"A: (SCL|B04)_\d+\.jp2\.gone\.jp2: No such file or directory", warning)
    with pytest.raises(SceneUnreadableError, match=r"gone\.jp2: No such file or directory$"):
        read(reader, reduction, broken).unread.check(LAYER.name)


def test_where_nothing_is_black_nothing_is_asked(
    reader: SceneReader, product: Product, decoder: Recording
) -> None:
    grid = Grid(UTM29, Affine(40, 0, WEST + 9000, 0, -40, NORTH), 100, 60)
    assert reader.read(LAYER, grid, [product.scene], False, Deadline.after(60.0)).valid.all()
    assert [band for band, _, _ in decoder.take()] == ["TCI"]
