"""Which overview a reduced image is averaged from, and how."""

from pathlib import Path

import numpy as np
import pytest
from archives import local_archive
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tiff_files import asset_of, read_blocks, read_whole, write_tiff

from function.scenes.decoder import PixelWindow, Samples, reduced_size
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.geotiff.reduction import choose_level, read_reduced

ROUNDED_UP = ((5490, 5490), (2745, 2745), (1373, 1373), (687, 687))
ROUNDED_DOWN = ((5490, 5490), (2745, 2745), (1372, 1372), (686, 686))


@pytest.mark.parametrize(
    ("shape", "overviews", "reduction", "chosen"),
    [
        ((10980, 10980), ROUNDED_UP, 0, (0, 0)),
        ((10980, 10980), ROUNDED_UP, 1, (1, 1)),
        ((10980, 10980), ROUNDED_UP, 2, (2, 2)),
        # At the far edge samples of 8 pixels lie 4 away from their blocks, half a sample.
        ((10980, 10980), ROUNDED_UP, 3, (2, 2)),
        ((10980, 10980), ROUNDED_DOWN, 3, (2, 2)),
        # That is a quarter of a sample of 16; those of the next lie 12 and 4 pixels away.
        ((10980, 10980), ROUNDED_UP, 4, (3, 3)),
        ((10980, 10980), ROUNDED_DOWN, 4, (4, 4)),
        ((10976, 10976), ((686, 686),), 4, (1, 4)),
        ((10976, 10976), ((686, 686),), 3, (0, 0)),
        # Neither side may be another image's, nor an overview be coarser by another factor.
        ((10976, 10976), ((686, 687), (3658, 3658), (5488, 5488)), 4, (3, 1)),
        ((10976, 5490), ((5488, 2744), (5488, 2745)), 1, (2, 1)),
        ((64, 64), ((32, 32), (32, 32)), 1, (1, 1)),
        ((1, 1), ((1, 1), (0, 0)), 1, (0, 0)),
        ((1, 1), ((1, 1), (0, 0)), 4, (1, 2)),
    ],
)
def test_the_coarsest_overview_in_its_place_is_chosen(
    shape: tuple[int, int],
    overviews: tuple[tuple[int, int], ...],
    reduction: int,
    chosen: tuple[int, int],
) -> None:
    assert choose_level(shape, overviews, reduction) == chosen


def averaged(image: Samples, reduction: int, nodata: int | None) -> Samples:
    """Average block by block."""
    step = 1 << reduction
    components, height, width = image.shape
    reduced = np.empty(
        (components, reduced_size(height, reduction), reduced_size(width, reduction)), image.dtype
    )
    for component, row, column in np.ndindex(*reduced.shape):
        block = image[component, row * step : (row + 1) * step, column * step : (column + 1) * step]
        values = [int(value) for value in block.ravel() if value != nodata]
        if values:
            reduced[component, row, column] = (2 * sum(values) + len(values)) // (2 * len(values))
        else:
            assert nodata is not None
            reduced[component, row, column] = nodata
    return reduced


IMAGES = st.tuples(st.integers(1, 2), st.integers(1, 40), st.integers(1, 40)).map(
    lambda shape: np.random.default_rng(sum(shape)).integers(-3, 4, shape).astype(np.int16)
)


@given(IMAGES, st.integers(0, 4), st.sampled_from([None, 0, -2]), st.data())
def test_blocks_are_averaged_over_what_is_data(
    image: NDArray[np.int16], reduction: int, nodata: int | None, data: st.DataObject
) -> None:
    expected = averaged(image, reduction, nodata)
    column = data.draw(st.integers(0, expected.shape[2] - 1))
    row = data.draw(st.integers(0, expected.shape[1] - 1))
    width = data.draw(st.integers(1, expected.shape[2] - column))
    height = data.draw(st.integers(1, expected.shape[1] - row))
    window = PixelWindow(column, row, width, height)

    def read(part: PixelWindow) -> Samples:
        assert 0 <= part.column < part.column + part.width <= image.shape[2]
        assert 0 <= part.row < part.row + part.height <= image.shape[1]
        return image[(slice(None), *part.slices)]

    found = read_reduced(read, image.shape[1:], window, reduction, nodata)
    assert found.dtype == image.dtype
    np.testing.assert_array_equal(found, expected[(slice(None), *window.slices)])


@pytest.mark.parametrize("at_once", [1, 30, 100])
def test_large_images_are_averaged_in_strips(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    image = np.arange(23 * 10, dtype=np.int16).reshape(1, 23, 10)
    reads = []

    def read(part: PixelWindow) -> Samples:
        reads.append(part.width * part.height)
        return image[(slice(None), *part.slices)]

    monkeypatch.setattr("function.scenes.geotiff.reduction.SAMPLES_AT_ONCE", at_once)
    found = read_reduced(read, image.shape[1:], PixelWindow(0, 0, 5, 12), 1, None)
    np.testing.assert_array_equal(found, averaged(image, 1, None))
    assert sum(reads) == image.size
    assert max(reads) <= max(at_once, 2 * 10)


def test_what_is_no_number_stays_none() -> None:
    image = np.array([[[1.0, 2.0, np.nan, 4.0]]], np.float32)
    found = read_reduced(lambda _: image, (1, 4), PixelWindow(0, 0, 2, 1), 1, 0)
    np.testing.assert_array_equal(found, np.array([[[1.5, np.nan]]], np.float32))


@pytest.mark.parametrize("size", [345, 129, 128])
def test_local_files_are_averaged_from_the_same_overview(tmp_path: Path, size: int) -> None:
    path = tmp_path / "image.tif"
    samples = np.random.default_rng(3).integers(1, 5000, (1, size, size)).astype(np.uint16)
    write_tiff(path, samples, {"COMPRESS": "DEFLATE"}, (2, 4, 8))
    for reduction in range(1, 5):
        full = reduced_size(size, reduction)
        window = PixelWindow(0, 0, full, full)
        sizes = [(reduced_size(size, level),) * 2 for level in (1, 2, 3)]
        number, level = choose_level((size, size), sizes, reduction)
        source = read_whole(path, number - 1 if number else None)
        expected = averaged(source, reduction - level, None)
        found = GdalDecoder(local_archive()).decode(asset_of(path), window, reduction)
        np.testing.assert_array_equal(found, expected)
        remote = read_blocks(path.read_bytes(), asset_of(path), window, reduction)
        np.testing.assert_array_equal(remote, expected)


def test_the_last_block_of_an_overview_rounded_down_is_its_last_sample() -> None:
    # An image of 9 samples; its overview by 8 has 1, and reduced by 8 there are 2.
    overview = np.array([[[70]]], np.uint8)
    assert choose_level((8, 9), ((1, 1),), 3) == (1, 3)
    for window, expected in (
        (PixelWindow(0, 0, 2, 1), [[[70, 70]]]),
        (PixelWindow(1, 0, 1, 1), [[[70]]]),
    ):
        found = read_reduced(
            lambda part: overview[(slice(None), *part.slices)], (1, 1), window, 0, None
        )
        np.testing.assert_array_equal(found, np.array(expected, np.uint8))
