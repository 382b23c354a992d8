"""Interpolation against plain float64 arithmetic; what is not valid never shows."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scene_images import natural

from function.grid import Grid
from function.layer import Resampling
from function.scene import Asset
from function.scenes import resampling
from function.scenes.decoder import PixelWindow, Samples
from function.scenes.lattice import Lattice, lattice_of
from function.scenes.placement import Placement, place
from function.scenes.resampling import REACH

CRS = "EPSG:32629"
Floats = NDArray[np.float64]


def lattice(width: int, height: int, reduction: int = 0) -> Lattice:
    grid = Grid(CRS, Affine(10, 0, 0, 0, -10, 0), width, height)
    return lattice_of(Asset("B04", "B04.jp2", grid, 1, 15), reduction)


def laid(
    grid: Grid, target: Lattice, method: Resampling, averaged: bool | None = None
) -> Placement:
    window = PixelWindow(0, 0, grid.width, grid.height)
    if averaged is None:
        averaged = method is not Resampling.NEAREST
    return place(grid, window, target, REACH[method], averaged)


def resample(
    placement: Placement, samples: Samples, valid: NDArray[np.bool_], method: Resampling
) -> tuple[Samples, NDArray[np.bool_]]:
    """Resample one image."""
    (pixels,), shown = resampling.resample(placement, [samples], valid, method)
    return pixels, shown


def shifted_grid(column: float, row: float, scale: float, size: int) -> Grid:
    """Make a grid whose first pixel's centre lies on sample (column, row) of the lattice."""
    step = 10.0 * scale
    x, y = 10.0 * (column + 0.5) - step / 2, -10.0 * (row + 0.5) + step / 2
    return Grid(CRS, Affine(step, 0, x, 0, -step, y), size, size)


def kernel_mean(
    samples: Floats, valid: NDArray[np.bool_], column: float, row: float
) -> tuple[float, float]:
    """Interpolate bilinearly between valid samples, those past an edge repeated; mean, weight."""
    height, width = samples.shape
    first_row, first_column = int(np.floor(row)), int(np.floor(column))
    total = share = 0.0
    for i in (first_row, first_row + 1):
        for j in (first_column, first_column + 1):
            weight = (1 - abs(row - i)) * (1 - abs(column - j))
            place = min(max(i, 0), height - 1), min(max(j, 0), width - 1)
            if valid[place]:
                total += weight * samples[place]
                share += weight
    return (total / share if share else np.nan), share


def cubic_weights(fraction: float) -> Floats:
    """Keys' kernel with a = -0.75 at the four samples around a place."""
    a = -0.75

    def kernel(distance: float) -> float:
        x = abs(distance)
        if x <= 1:
            return (a + 2) * x**3 - (a + 3) * x**2 + 1
        return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a

    return np.array([kernel(fraction - offset) for offset in (-1, 0, 1, 2)])


def test_bilinear_equals_float64_arithmetic() -> None:
    samples = natural(60, 70)
    grid = shifted_grid(3.3, 4.7, 1.37, 30)
    placement = laid(grid, lattice(70, 60), Resampling.BILINEAR)
    assert placement.shrink == (1, 1)
    part = samples[np.newaxis][(slice(None), *placement.samples.slices)]
    valid = np.ones(part.shape[1:], np.bool_)
    pixels, shown = resample(placement, part, valid, Resampling.BILINEAR)
    assert shown.all()
    assert pixels.dtype == np.float32
    everywhere = np.ones(samples.shape, np.bool_)
    for i in range(30):
        for j in range(30):
            expected, _ = kernel_mean(
                samples.astype(np.float64), everywhere, 3.3 + 1.37 * j, 4.7 + 1.37 * i
            )
            assert pixels[0, i, j] == pytest.approx(expected, abs=0.05)


def test_cubic_equals_float64_arithmetic_and_is_bilinear_next_to_holes() -> None:
    samples = natural(40, 40).astype(np.float64)
    holed = np.ones((40, 40), np.bool_)
    holed[20, 21] = False
    grid = shifted_grid(5.25, 6.5, 1.05, 26)
    placement = laid(grid, lattice(40, 40), Resampling.CUBIC)
    part = samples.astype(np.uint16)[np.newaxis][(slice(None), *placement.samples.slices)]
    pixels, shown = resample(placement, part, holed[placement.samples.slices], Resampling.CUBIC)
    fallen_back = 0
    for i in range(26):
        for j in range(26):
            column, row = 5.25 + 1.05 * j, 6.5 + 1.05 * i
            rows = slice(int(row) - 1, int(row) + 3)
            columns = slice(int(column) - 1, int(column) + 3)
            if holed[rows, columns].all():
                down, across = cubic_weights(row % 1), cubic_weights(column % 1)
                mean = down @ np.floor(samples[rows, columns]) @ across
                assert pixels[0, i, j] == pytest.approx(mean, abs=0.2)
            elif shown[i, j]:
                fallen_back += 1
                expected, _ = kernel_mean(np.floor(samples), holed, column, row)
                assert pixels[0, i, j] == pytest.approx(expected, abs=0.05)
    assert fallen_back > 5


@settings(max_examples=200, deadline=None)
@given(
    valid=arrays.arrays(np.bool_, (12, 14)),
    column=st.floats(-3, 14),
    row=st.floats(-3, 12),
    scale=st.floats(0.2, 1.9),
    method=st.sampled_from(Resampling),
    poison=st.sampled_from([0, 65535]),
)
def test_what_is_not_valid_never_shows(
    valid: NDArray[np.bool_],
    column: float,
    row: float,
    scale: float,
    method: Resampling,
    poison: int,
) -> None:
    samples = np.where(valid, 1000, poison).astype(np.uint16)[np.newaxis]
    grid = shifted_grid(column, row, scale, 8)
    columns, rows = column + scale * np.arange(8), row + scale * np.arange(8)
    # A place halfway between samples may go to either.
    unsure = np.abs(np.abs(rows % 1 - 0.5)) < 1e-3
    unsure = unsure[:, np.newaxis] | (np.abs(columns % 1 - 0.5) < 1e-3)
    expected = np.zeros((8, 8), np.bool_)
    for i, j in np.ndindex(8, 8):
        near = int(np.floor(rows[i] + 0.5)), int(np.floor(columns[j] + 0.5))
        if 0 <= near[0] < 12 and 0 <= near[1] < 14:
            expected[i, j] = valid[near]
    target = lattice(14, 12)
    placement = place(grid, PixelWindow(0, 0, 8, 8), target, REACH[method], averaged=True)
    if not placement.inside.any():
        assert placement.samples.empty
        assert not expected[~unsure].any()
        return
    window = placement.samples.slices
    pixels, shown = resample(placement, samples[(slice(None), *window)], valid[window], method)
    np.testing.assert_allclose(pixels[0][shown], 1000.0, rtol=1e-6)
    assert not pixels[0][~shown].any()
    np.testing.assert_array_equal(shown[~unsure], expected[~unsure])


@settings(max_examples=200, deadline=None)
@given(
    valid=arrays.arrays(np.bool_, (40, 46)),
    column=st.floats(-9, 46),
    row=st.floats(-9, 40),
    scales=st.tuples(st.floats(0.6, 9), st.floats(0.6, 9)),
    method=st.sampled_from(Resampling),
    poison=st.sampled_from([0, 65535]),
)
def test_what_is_not_valid_is_not_averaged_either(
    valid: NDArray[np.bool_],
    column: float,
    row: float,
    scales: tuple[float, float],
    method: Resampling,
    poison: int,
) -> None:
    samples = np.where(valid, 1000, poison).astype(np.uint16)[np.newaxis]
    across, down = 10 * scales[0], 10 * scales[1]
    grid = Grid(CRS, Affine(across, 0, 10 * column, 0, -down, -10 * row), 7, 6)
    placement = laid(grid, lattice(46, 40), method)
    if not placement.inside.any():
        return
    window = placement.samples.slices
    pixels, shown = resample(placement, samples[(slice(None), *window)], valid[window], method)
    np.testing.assert_allclose(pixels[0][shown], 1000.0, rtol=1e-5)
    assert not pixels[0][~shown].any()
    assert not shown[~placement.inside].any()
    # Where all around a pixel is valid, or nothing is, so is the pixel.
    for i, j in zip(*np.nonzero(placement.inside), strict=True):
        x, y = column + (j + 0.5) * scales[0], row + (i + 0.5) * scales[1]
        left, right = max(0, int(x - 2 * scales[0] - 2)), int(x + 2 * scales[0] + 3)
        upper, lower = max(0, int(y - 2 * scales[1] - 2)), int(y + 2 * scales[1] + 3)
        around = valid[upper:lower, left:right]
        if around.all() or not around.any():
            assert shown[i, j] == around.all()


@pytest.mark.parametrize("method", list(Resampling))
@pytest.mark.parametrize("shift", [(0, 0), (17, 5), (-6, -9), (35, 30)])
def test_same_pixels_pass_bit_for_bit(method: Resampling, shift: tuple[int, int]) -> None:
    samples = natural(40, 50)
    samples[7, 9] = 65535
    valid = np.ones((40, 50), np.bool_)
    valid[10:12, 20] = False
    column, row = shift
    # Rounded corners, as a request writes them.
    grid = Grid(CRS, Affine(10, 0, 10 * column + 0.004, 0, -10, -10 * row - 0.004), 20, 20)
    placement = laid(grid, lattice(50, 40), method)
    part = samples[np.newaxis][(slice(None), *placement.samples.slices)]
    pixels, shown = resample(placement, part, valid[placement.samples.slices], method)
    assert pixels.dtype == np.uint16
    padded = np.zeros((1, 100, 100), np.uint16)
    padded[0, 30:70, 30:80] = np.where(valid, samples, 0)
    known = np.zeros((100, 100), np.bool_)
    known[30:70, 30:80] = valid
    window = np.s_[row + 30 : row + 50, column + 30 : column + 50]
    np.testing.assert_array_equal(pixels[0], padded[0][window])
    np.testing.assert_array_equal(shown, known[window])


def test_nearest_keeps_codes_and_their_type() -> None:
    codes = np.random.default_rng(3).integers(0, 12, (1, 50, 50)).astype(np.uint8)
    grid = shifted_grid(2.2, 3.3, 0.7103, 60)
    placement = laid(grid, lattice(50, 50), Resampling.NEAREST)
    part = codes[(slice(None), *placement.samples.slices)]
    everywhere = np.ones(part.shape[1:], np.bool_)
    pixels, shown = resample(placement, part, everywhere, Resampling.NEAREST)
    assert pixels.dtype == np.uint8
    assert shown.all()
    rows = np.floor(3.3 + 0.7103 * np.arange(60) + 0.5).astype(int)
    columns = np.floor(2.2 + 0.7103 * np.arange(60) + 0.5).astype(int)
    np.testing.assert_array_equal(pixels[0], codes[0][np.ix_(rows, columns)])


def test_shrinking_averages_what_it_passes_over() -> None:
    samples = natural(100, 120)
    # Pixels of 4 by 4 samples, from sample 8, 12 on: each is the mean of its own 16.
    grid = Grid(CRS, Affine(40, 0, 80, 0, -40, -120), 20, 15)
    placement = laid(grid, lattice(120, 100), Resampling.BILINEAR)
    assert placement.shrink == (4, 4)
    part = samples[np.newaxis][(slice(None), *placement.samples.slices)]
    everywhere = np.ones(part.shape[1:], np.bool_)
    pixels, shown = resample(placement, part, everywhere, Resampling.BILINEAR)
    expected = samples[12:72, 8:88].reshape(15, 4, 20, 4).mean(axis=(1, 3))
    assert shown.all()
    np.testing.assert_allclose(pixels[0], expected, rtol=1e-5)


def test_averaged_block_counts_where_half_of_it_does() -> None:
    samples = np.full((1, 8, 8), 65535, np.uint16)
    valid = np.zeros((8, 8), np.bool_)
    valid[0:2, 0:4], samples[0, 0:2, 0:4] = True, 500  # half of the first block
    valid[0:2, 4:7], samples[0, 0:2, 4:7] = True, 700  # six of sixteen
    valid[4:8, 0:4], samples[0, 4:8, 0:4] = True, 900
    grid = Grid(CRS, Affine(40, 0, 0, 0, -40, 0), 2, 2)
    placement = laid(grid, lattice(8, 8), Resampling.BILINEAR)
    pixels, shown = resample(placement, samples, valid, Resampling.BILINEAR)
    np.testing.assert_array_equal(shown, [[True, False], [True, False]])
    np.testing.assert_allclose(pixels[0], [[500, 0], [900, 0]])


def test_shrinks_each_direction_by_itself() -> None:
    samples = natural(90, 90)
    grid = Grid(CRS, Affine(10, 0, 200, 0, -30, -300), 30, 10)
    placement = laid(grid, lattice(90, 90), Resampling.BILINEAR)
    assert placement.shrink == (1, 3)
    part = samples[np.newaxis][(slice(None), *placement.samples.slices)]
    everywhere = np.ones(part.shape[1:], np.bool_)
    pixels, _ = resample(placement, part, everywhere, Resampling.BILINEAR)
    expected = samples[30:60, 20:50].reshape(10, 3, 30).mean(axis=1)
    np.testing.assert_allclose(pixels[0], expected, rtol=1e-5)


def test_image_is_shown_up_to_the_edge_of_its_outermost_pixels() -> None:
    # 30 pixels of 10 m at reduction 2: the last sample lies on pixel 28, the image ends after 29.
    target = lattice(30, 30, reduction=2)
    assert (target.width, target.height) == (8, 8)
    samples = np.arange(64, dtype=np.uint16).reshape(1, 8, 8) + 1
    grid = Grid(CRS, Affine(1, 0, 280, 0, -1, -280), 30, 30)
    placement = laid(grid, target, Resampling.BILINEAR)
    window = placement.samples.slices
    part = samples[(slice(None), *window)]
    everywhere = np.ones(part.shape[1:], np.bool_)
    pixels, shown = resample(placement, part, everywhere, Resampling.BILINEAR)
    assert shown[:20, :20].all()
    assert not shown[20:].any()
    assert not shown[:, 20:].any()
    assert pixels[0, 19, 19] == 64


def test_far_corner_of_a_large_image_is_as_exact_as_the_near_one() -> None:
    target = lattice(30000, 30000)
    grid = shifted_grid(29950.3, 29940.6, 1.1, 20)
    placement = laid(grid, target, Resampling.BILINEAR)
    window = placement.samples
    columns = np.arange(window.column, window.column + window.width)
    rows = np.arange(window.row, window.row + window.height)
    ramp = (columns[np.newaxis, :] + rows[:, np.newaxis]).astype(np.uint16)[np.newaxis]
    everywhere = np.ones(ramp.shape[1:], np.bool_)
    pixels, _ = resample(placement, ramp, everywhere, Resampling.BILINEAR)
    steps = 1.1 * np.arange(20)
    expected = 29950.3 + 29940.6 + steps[np.newaxis, :] + steps[:, np.newaxis]
    np.testing.assert_allclose(pixels[0], expected, atol=0.01)
