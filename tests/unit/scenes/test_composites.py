"""Composites: what all scenes over a pixel come to, held against numpy on whole images."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from affine import Affine
from array_archive import (
    COLOUR,
    GRID,
    INDEX,
    NORTH,
    SIZE,
    WEST,
    AfterDecoding,
    Archive,
    ArrayDecoder,
    read,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite, LayerKind
from function.raster import NO_VALUE
from function.scene import Scene
from function.scenes import composite as module
from function.scenes.composite import make_pile, rounded
from function.scenes.decoder import PixelWindow
from function.scenes.reader import SceneReader
from function.scenes.scene_queue import WAVE

STACKED: dict[Composite, Callable[..., Any]] = {
    Composite.MEDIAN: np.nanmedian,
    Composite.MAX: np.nanmax,
    Composite.MEAN: np.nanmean,
}
COUNT = 5
ALL = list(STACKED)

Numbers = NDArray[np.uint16]


class Stack:
    """Five scenes of random images, each with gaps and clouds of its own."""

    def __init__(self) -> None:
        self.decoder = ArrayDecoder()
        archive = Archive(self.decoder)
        random = np.random.default_rng(7)
        self.images: list[dict[str, Numbers]] = []
        self.clouds: list[NDArray[np.uint8]] = []
        self.scenes: list[Scene] = []
        for number in range(COUNT):
            images = {
                band: random.integers(1100, 4000, (SIZE, SIZE)).astype(np.uint16)
                for band in ("B02", "B03", "B04", "B08")
            }
            images["B04"][random.random((SIZE, SIZE)) < 0.2] = 0
            images["B04"][:20, :30] = 0
            clouds = np.where(random.random((60, 60)) < 0.3, 9, 4).astype(np.uint8)
            clouds[50:, 50:] = 8
            self.images.append(images)
            self.clouds.append(clouds)
            scene = archive.scene(f"S{number}", {**images, "SCL": clouds})
            self.scenes.append(scene)

    def reflectances(self, band: str) -> NDArray[np.float32]:
        numbers = np.stack([images[band] for images in self.images]).astype(np.float32)
        return (numbers - np.float32(1000)) / np.float32(10000)

    def missing(self, *bands: str) -> NDArray[np.bool_]:
        return np.stack([np.any([im[band] == 0 for band in bands], axis=0) for im in self.images])

    @property
    def clouded(self) -> NDArray[np.bool_]:
        return np.stack([np.kron(clouds, np.ones((2, 2), np.uint8)) >= 8 for clouds in self.clouds])


@pytest.fixture(scope="module")
def stack() -> Stack:
    return Stack()


@pytest.fixture(scope="module")
def reader(stack: Stack) -> Iterator[SceneReader]:
    with ThreadPoolExecutor(2) as workers:
        yield SceneReader(stack.decoder, workers)


@pytest.mark.parametrize("composite", ALL)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.filterwarnings("ignore:(All-NaN|Mean of empty):RuntimeWarning")
def test_indices_are_composed_of_all_that_is_measured_and_clear(
    reader: SceneReader, stack: Stack, composite: Composite, masked: bool
) -> None:
    red, infrared = stack.reflectances("B04"), stack.reflectances("B08")
    with np.errstate(all="ignore"):
        index = (infrared - red) / (infrared + red)
    index[stack.missing("B04", "B08")] = np.nan
    if masked:
        index[stack.clouded] = np.nan
    expected = STACKED[composite](index, axis=0)
    raster = read(reader, replace(INDEX, composite=composite), stack.scenes, cloud_mask=masked)
    np.testing.assert_allclose(raster.bands[0], expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    np.testing.assert_array_equal(raster.valid, ~np.isnan(expected))
    assert not raster.valid[:20, :30].any()
    assert raster.valid[105:, 105:].any() == (not masked)
    assert raster.scenes == tuple(scene.name for scene in stack.scenes)


@pytest.mark.parametrize("composite", ALL)
def test_parts_come_to_the_same_as_the_whole(
    reader: SceneReader,
    stack: Stack,
    composite: Composite,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = replace(INDEX, composite=composite)
    whole = read(reader, layer, stack.scenes)
    monkeypatch.setattr(module, "STACK_BYTES", 50 * 50 * 4 * 5)
    stack.decoder.decoded.clear()
    parts = read(reader, layer, stack.scenes)
    assert max(window.width for _, window, _ in stack.decoder.decoded) <= 70
    np.testing.assert_array_equal(parts.bands, whole.bands)


def colours(stack: Stack) -> NDArray[np.float64]:
    """Colours (scenes, bands, height, width), NaN where a band is missing."""
    bands = np.stack([stack.reflectances(band) for band in ("B04", "B03", "B02")], axis=1)
    shown = np.clip(np.floor(1.0001 + bands * (254 / 0.25)), 0, 255)
    shown[np.broadcast_to(stack.missing("B04")[:, np.newaxis], shown.shape)] = np.nan
    numbers: NDArray[np.float64] = shown.astype(np.float64)
    return numbers


@pytest.mark.parametrize("composite", [Composite.MEDIAN, Composite.MEAN])
@pytest.mark.filterwarnings("ignore:(All-NaN|Mean of empty):RuntimeWarning")
def test_colours_are_composed_band_by_band(
    reader: SceneReader, stack: Stack, composite: Composite
) -> None:
    layer = replace(COLOUR, visual=None, composite=composite)
    raster = read(reader, layer, stack.scenes)
    expected = np.rint(STACKED[composite](colours(stack), axis=0))
    assert raster.bands.dtype == np.uint8
    np.testing.assert_array_equal(raster.valid, ~np.isnan(expected).all(axis=0))
    np.testing.assert_array_equal(raster.bands, np.nan_to_num(expected).astype(np.uint8))


def test_the_greatest_colour_is_one_that_was_seen(reader: SceneReader, stack: Stack) -> None:
    raster = read(reader, replace(COLOUR, visual=None, composite=Composite.MAX), stack.scenes)
    seen = colours(stack)
    sums = np.nan_to_num(seen.sum(axis=1), nan=-1)
    brightest = np.take_along_axis(seen, sums.argmax(axis=0)[np.newaxis, np.newaxis], axis=0)[0]
    np.testing.assert_array_equal(raster.bands, np.nan_to_num(brightest).astype(np.uint8))


@pytest.mark.parametrize("composite", ALL)
@pytest.mark.filterwarnings("ignore:(All-NaN|Mean of empty):RuntimeWarning")
def test_a_band_of_values_is_composed_of_what_it_has(
    reader: SceneReader, stack: Stack, composite: Composite
) -> None:
    layer = ArchiveLayer(
        "ALL", "sentinel-2-l2a", LayerKind.VALUES, ("B04", "B08"), composite=composite
    )
    raster = read(reader, layer, stack.scenes)
    assert raster.bands.dtype == np.int16
    for band, values in zip(layer.bands, raster.bands, strict=True):
        numbers = np.stack([images[band] for images in stack.images]).astype(float) - 1000
        numbers[stack.missing(band)] = np.nan
        expected = np.rint(STACKED[composite](numbers, axis=0))
        np.testing.assert_array_equal(values, np.where(np.isnan(expected), NO_VALUE, expected))


def test_scenes_out_of_reach_are_not_read(stack: Stack, reader: SceneReader) -> None:
    grid = Grid(GRID.crs, Affine(10, 0, WEST + 2000, 0, -10, NORTH), 40, 40)
    stack.decoder.decoded.clear()
    raster = read(reader, replace(INDEX, composite=Composite.MEAN), stack.scenes, grid=grid)
    assert stack.decoder.decoded == []
    assert not raster.valid.any()
    assert raster.scenes == ()


def test_a_scene_that_cannot_be_read_is_left_out_with_a_warning(
    stack: Stack, reader: SceneReader
) -> None:
    broken = replace(stack.scenes[0], name="BROKEN", assets=stack.scenes[0].assets[:1])
    layer = replace(INDEX, composite=Composite.MEDIAN)
    raster = read(reader, layer, [broken, *stack.scenes])
    np.testing.assert_array_equal(raster.bands, read(reader, layer, stack.scenes).bands)
    assert [warning.partition(":")[0] for warning in raster.warnings] == ["BROKEN"]
    with pytest.raises(SceneUnreadableError, match="no scene of layer NDVI could be read"):
        read(reader, layer, [broken]).unread.check("NDVI")


def test_time_runs_out(stack: Stack, reader: SceneReader) -> None:
    layer = replace(INDEX, composite=Composite.MEAN)
    assert reader.read(layer, GRID, stack.scenes, False, Deadline.after(0.0)).late


def test_time_that_runs_out_stops_before_further_scenes(stack: Stack) -> None:
    many = [replace(stack.scenes[0], name=f"S{number}") for number in range(4 * WAVE)]
    decoder = ArrayDecoder()
    decoder.images = stack.decoder.images
    deadline = AfterDecoding(0.0, decoder, images=1)
    with ThreadPoolExecutor(2) as workers:
        raster = SceneReader(decoder, workers).read(
            replace(INDEX, composite=Composite.MEAN), GRID, many, False, deadline
        )
    assert raster.late
    assert raster.scenes == ()
    # What was asked for together may be under way; what comes after it is never asked for.
    assert len(decoder.prepared) == 1
    assert len(decoder.prepared[0]) == WAVE * len(INDEX.bands)


@given(st.lists(st.lists(st.sampled_from([-3.0, 0.5, 2.0, np.nan]), min_size=4, max_size=4)))
@pytest.mark.filterwarnings("ignore:(All-NaN|Mean of empty):RuntimeWarning")
def test_windows_pile_up(rows: list[list[float]]) -> None:
    """Scenes of two pixels, alternately in the left and the right half of four."""
    for composite, combine in STACKED.items():
        pile = make_pile(composite, LayerKind.INDEX, (1, 1, 4), len(rows))
        seen = np.full((len(rows) + 1, 4), np.nan, np.float32)
        for number, row in enumerate(rows):
            part = slice(0, 2) if number % 2 else slice(2, 4)
            seen[number, part] = row[part]
            values = np.array(row[part], np.float32).reshape(1, 1, 2)
            pile.add(PixelWindow(part.start, 0, 2, 1), values, ~np.isnan(values[0]))
        np.testing.assert_allclose(pile.finish()[0, 0], combine(seen, axis=0), rtol=1e-6)


def test_halves_are_rounded_to_even() -> None:
    values = np.array([0.5, 1.5, 2.5, np.nan], np.float32)
    assert rounded(values, np.uint8(0)).tolist() == [0, 2, 2, 0]
    assert rounded(values - 10, np.int16(NO_VALUE)).tolist() == [-10, -8, -8, NO_VALUE]
