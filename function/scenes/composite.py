"""All scenes over a pixel become one value: their median, mean or greatest."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from function.layer import Composite, LayerKind
from function.raster import NO_VALUE
from function.scenes.decoder import PixelWindow

Mask = NDArray[np.bool_]
Bands = NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.int16]
Values = NDArray[np.float32]

# Bytes that the values of all scenes over a part of a map may take, until their median is known;
# to sort them takes as many again at most.
STACK_BYTES = 1 << 26
# Sums in float64 and counts come to as many values.
OTHER_LAYERS = 3


class Pile(Protocol):
    """Takes scenes in, best first, and gives what they come to."""

    def add(self, window: PixelWindow, bands: Bands, valid: Mask) -> None:
        """Take in the finished ``bands`` of ``window``, where they are ``valid``."""

    def finish(self) -> Values:
        """Give the composite (bands, height, width); NaN where no scene had a value."""


def make_pile(
    composite: Composite, kind: LayerKind, shape: tuple[int, int, int], scenes: int
) -> Pile:
    """Make a pile of up to ``scenes`` for bands of ``shape`` (bands, height, width).

    Values are taken band by band, but for the greatest of colours: there the whole pixel is that
    of the scene in which its three bands add up to most, so that no colour is mixed of two days.
    """
    if composite is Composite.MEDIAN:
        return _Median(shape, scenes)
    if composite is Composite.MEAN:
        return _Mean(shape)
    return _Brightest(shape) if kind is LayerKind.COLOUR else _Greatest(shape)


def side_at_once(composite: Composite, bands: int, scenes: int) -> int:
    """Count the pixels a side of the map whose pile of ``scenes`` is as large as it may be."""
    layers = scenes if composite is Composite.MEDIAN else OTHER_LAYERS
    values = STACK_BYTES // np.dtype(np.float32).itemsize
    return max(1, math.isqrt(values // (max(1, layers) * bands)))


def rounded(values: Values, blank: np.uint8 | np.float32 | np.int16) -> Bands:
    """Bring a composite to the type of ``blank``, which stands where it is NaN.

    Halves are rounded to even.
    """
    if blank.dtype == np.float32:
        return values
    whole = np.where(np.isnan(values), blank, np.rint(values))
    return whole.astype(np.uint8) if blank.dtype == np.uint8 else whole.astype(np.int16)


def _values(bands: Bands, valid: Mask) -> Values:
    """Make what has no value NaN; a band may lack one where another has it."""
    there = valid & (bands != NO_VALUE) if bands.dtype == np.int16 else valid
    return np.where(there, bands, np.float32(np.nan)).astype(np.float32, copy=False)


class _Median:
    """The middle value; of an even number the mean of the two in the middle."""

    def __init__(self, shape: tuple[int, int, int], scenes: int) -> None:
        self._stack = np.full((max(1, scenes), *shape), np.nan, np.float32)
        self._count = 0

    def add(self, window: PixelWindow, bands: Bands, valid: Mask) -> None:
        self._stack[(self._count, slice(None), *window.slices)] = _values(bands, valid)
        self._count += 1

    def finish(self) -> Values:
        stack = self._stack[: max(1, self._count)]
        stack.sort(axis=0)  # NaN come last
        counts = np.count_nonzero(~np.isnan(stack), axis=0)[np.newaxis]
        low = np.take_along_axis(stack, np.maximum(counts - 1, 0) // 2, axis=0)[0]
        high = np.take_along_axis(stack, np.minimum(counts // 2, len(stack) - 1), axis=0)[0]
        middle: Values = low + (high - low) / np.float32(2)
        return np.where(counts[0] > 0, middle, np.float32(np.nan))


class _Mean:
    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._sums = np.zeros(shape, np.float64)
        self._counts = np.zeros(shape, np.uint16)

    def add(self, window: PixelWindow, bands: Bands, valid: Mask) -> None:
        values = _values(bands, valid)
        there = ~np.isnan(values)
        within = (slice(None), *window.slices)
        self._sums[within] += np.where(there, values, 0)
        self._counts[within] += there

    def finish(self) -> Values:
        means = np.full(self._sums.shape, np.nan)
        np.divide(self._sums, self._counts, out=means, where=self._counts > 0)
        return means.astype(np.float32)


class _Greatest:
    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._greatest = np.full(shape, np.nan, np.float32)

    def add(self, window: PixelWindow, bands: Bands, valid: Mask) -> None:
        within = (slice(None), *window.slices)
        self._greatest[within] = np.fmax(self._greatest[within], _values(bands, valid))

    def finish(self) -> Values:
        return self._greatest


class _Brightest:
    """Of scenes that are equally bright the better one counts."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._brightest = np.full(shape, np.nan, np.float32)
        self._sums = np.full(shape[1:], -1, np.int32)

    def add(self, window: PixelWindow, bands: Bands, valid: Mask) -> None:
        sums = np.where(valid, bands.sum(axis=0, dtype=np.int32), -1)
        brighter = sums > self._sums[window.slices]
        np.copyto(self._sums[window.slices], sums, where=brighter)
        np.copyto(self._brightest[(slice(None), *window.slices)], bands, where=brighter)

    def finish(self) -> Values:
        return self._brightest
