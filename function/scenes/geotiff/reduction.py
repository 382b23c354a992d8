"""Reduced images that are averaged: of which overview, and how.

At reduction n a sample is the mean of a block of 2ⁿ by 2ⁿ, or of what of it lies in the image. What
overviews hold need not be averaged again. GDAL makes the size of an overview by dividing that of
the image by a power of two, rounded up (or down, as COG's driver does), and spreads the samples
evenly: where the division leaves a rest, they lie away from where blocks do, the farther the nearer
to the right and lower edges.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from function.scenes.decoder import PixelWindow, Samples

Shape = tuple[int, int]

# How far from its block's place a sample may lie, in its own size: what maps may be off by.
MOST_MISPLACED = 0.25
# Samples of a component that are averaged at a time: sums, counts and masks take twenty bytes each,
# and a whole image without overviews has thirty times as many.
SAMPLES_AT_ONCE = 1 << 22


def choose_level(shape: Shape, overviews: Sequence[Shape], reduction: int) -> tuple[int, int]:
    """Choose what an image is averaged from at ``reduction``.

    Gives the place among (the image, *``overviews``), all of (height, width), and how far that is
    reduced already: the coarsest overview that is not coarser than ``reduction`` and whose size is
    the image's divided by a power of two, up or down to a whole one, with no sample misplaced by
    more than MOST_MISPLACED of a sample at ``reduction``. The first of several.
    """
    for level in range(reduction, 0, -1):
        for number, overview in enumerate(overviews, 1):
            if all(
                _fits(full, reduced, level, reduction)
                for full, reduced in zip(shape, overview, strict=True)
            ):
                return number, level
    return 0, 0


def _fits(full: int, reduced: int, level: int, reduction: int) -> bool:
    rest = abs((reduced << level) - full)
    return reduced > 0 and rest < 1 << level and rest <= MOST_MISPLACED * (1 << reduction)


def read_reduced(
    read: Callable[[PixelWindow], Samples],
    shape: Shape,
    window: PixelWindow,
    reduction: int,
    nodata: int | None,
) -> Samples:
    """Average a ``window``, which counts samples at ``reduction``, of an image of ``shape``.

    ``read`` reads a window of that image. Samples that are ``nodata`` count only where a block has
    no others. Whole numbers are rounded, halves up.
    """
    source = averaged_window(shape, window, reduction)
    if reduction == 0 and source == window:
        return read(source)
    step = 1 << reduction
    lines = max(1, SAMPLES_AT_ONCE // (source.width * step))
    parts = []
    for top in range(0, window.height, lines):
        height = min(lines, window.height - top)
        strip = PixelWindow(window.column, window.row + top, window.width, height)
        samples = read(averaged_window(shape, strip, reduction))
        # Samples that are no number make means that are none.
        with np.errstate(invalid="ignore", over="ignore"):
            parts.append(_average(samples, (height, window.width), step, nodata))
    return np.concatenate(parts, axis=1)


def averaged_window(shape: Shape, window: PixelWindow, reduction: int) -> PixelWindow:
    """Tell which samples of an image of ``shape`` are averaged into ``window`` at ``reduction``.

    Of an overview that was rounded down the last block may have nothing left: it is the last
    sample's.
    """
    height, width = shape
    row, rows = _span(window.row, window.height, height, reduction)
    column, columns = _span(window.column, window.width, width, reduction)
    return PixelWindow(column, row, columns, rows)


def _span(start: int, count: int, size: int, reduction: int) -> tuple[int, int]:
    first = min(start << reduction, size - 1)
    return first, min((start + count) << reduction, size) - first


def _average(samples: Samples, shape: Shape, step: int, nodata: int | None) -> Samples:
    wide, count_type = _wide(samples.dtype), np.dtype(np.int32)
    valid = None if nodata is None else samples != nodata
    if valid is None or valid.all():
        # Of all components the same are counted.
        valid = np.ones((1, *samples.shape[1:]), np.bool_)
    else:
        samples = np.where(valid, samples, samples.dtype.type(0))
    sums = _sum_blocks(samples, shape, step, wide)
    counts = _sum_blocks(valid.view(np.uint8), shape, step, count_type)
    some = np.maximum(counts, 1)
    means = (2 * sums + some) // (2 * some) if wide.kind == "i" else sums / some
    averaged: Samples = np.where(counts == 0, nodata or 0, means).astype(samples.dtype)
    return averaged


def _wide(kind: np.dtype[Any]) -> np.dtype[Any]:
    """Tell in which type blocks of a type are summed: whole numbers of up to 32 bit exactly."""
    if kind.kind in "iu" and kind.itemsize <= np.dtype(np.int32).itemsize:
        # A block of 16 by 16 samples of 16 bit comes to 24 bits.
        return np.dtype(np.int32 if kind.itemsize <= np.dtype(np.int16).itemsize else np.int64)
    return np.result_type(kind, np.float64)


def _sum_blocks(
    values: NDArray[np.number[Any]], shape: Shape, step: int, wide: np.dtype[Any]
) -> NDArray[np.number[Any]]:
    """Sum blocks of ``step`` samples a side; of the last ones what is there."""
    for axis, count in ((1, shape[0]), (2, shape[1])):
        along = np.moveaxis(values, axis, 0)
        sums = along[::step].astype(wide)
        for place in range(1, step):
            part = along[place::step]
            sums[: len(part)] += part
        if len(sums) < count:
            sums = np.concatenate((sums, along[-1:]))
        values = np.moveaxis(sums, 0, axis)
    return values
