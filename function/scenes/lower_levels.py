"""Reductions below the lowest resolution level that a file offers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from math import isqrt

import numpy as np

from function.scene import Asset
from function.scenes.decoder import PixelWindow, Samples, reduced_size
from function.scenes.low_pass import REACH, halve

# Samples, of all components, that are transformed at a time. They take 16 bytes each, so 34 MB; of
# a band reduced four times 5 % are decoded twice, where such parts meet.
AT_ONCE = 1 << 21


def levels_from_corner(x0: int, y0: int, levels: int) -> int:
    """Tell how far an image can be reduced with its first sample being one that is left.

    The standard leaves the multiples of 2ⁿ of the reference grid (B-15), on which an image may
    begin anywhere, at (``x0``, ``y0``); an Asset's lower resolutions are counted from the image's
    own corner. ``levels`` are those of the file.
    """
    origin = x0 | y0
    return min(levels, (origin & -origin).bit_length() - 1) if origin else levels


def decode_at(
    decode_level: Callable[[PixelWindow, int], Samples],
    asset: Asset,
    window: PixelWindow,
    reduction: int,
    levels: int,
    at_once: int = AT_ONCE,
) -> Samples:
    """Decode ``window`` at ``reduction``, or transform the lowest of the file's ``levels`` further.

    ``decode_level`` decodes a window at a reduction of at most ``levels``: where it is transformed,
    of at most ``at_once`` samples, as long as those suffice for a single one.
    """
    if reduction <= levels:
        return decode_level(window, reduction)
    # Column by column, for GDAL's blocks of an image without tiles are as high as the image.
    columns = [
        [_transform(decode_level, asset, part, reduction, levels) for part in column]
        for column in _parts(asset, window, reduction - levels, at_once)
    ]
    return np.concatenate([np.concatenate(column, axis=1) for column in columns], axis=2)


def source_windows(
    asset: Asset, window: PixelWindow, reduction: int, levels: int, at_once: int = AT_ONCE
) -> Iterator[tuple[PixelWindow, int]]:
    """Tell which windows ``decode_at`` decodes, and at which reduction, of at most ``levels``."""
    if reduction <= levels:
        yield window, reduction
        return
    for part in chain.from_iterable(_parts(asset, window, reduction - levels, at_once)):
        source = part
        for above in range(reduction, levels, -1):
            source = _window_above(source, asset, above)
        yield source, levels


def _parts(
    asset: Asset, window: PixelWindow, times: int, at_once: int
) -> Iterator[list[PixelWindow]]:
    """Divide ``window``, halved so many ``times``, into columns of parts.

    Each depends on at most ``at_once`` samples, a single one on however many it takes.
    """
    around = 2 * REACH * ((1 << times) - 1)
    side = max(1, ((isqrt(at_once // asset.components) - 1 - around) >> times) + 1)
    right, lower = window.column + window.width, window.row + window.height
    for column in range(window.column, right, side):
        width = min(side, right - column)
        yield [
            PixelWindow(column, row, width, min(side, lower - row))
            for row in range(window.row, lower, side)
        ]


def _transform(
    decode_level: Callable[[PixelWindow, int], Samples],
    asset: Asset,
    window: PixelWindow,
    reduction: int,
    levels: int,
) -> Samples:
    """Decode what ``window`` depends on, and halve it until it is at ``reduction``."""
    if reduction == levels:
        return decode_level(window, reduction)
    finer = _window_above(window, asset, reduction)
    samples = _transform(decode_level, asset, finer, reduction - 1, levels)
    halved = halve(samples.astype(np.int32))
    within = replace(
        window, column=window.column - finer.column // 2, row=window.row - finer.row // 2
    )
    cut = halved[(slice(None), *within.slices)]
    # The low-pass overshoots at edges; a decoder clips to the range of samples just so.
    half = 1 << (asset.bits - 1) if samples.dtype.kind == "i" else 0
    reduced: Samples = np.clip(cut, -half, (1 << asset.bits) - 1 - half).astype(samples.dtype)
    return reduced


def _window_above(window: PixelWindow, asset: Asset, reduction: int) -> PixelWindow:
    """Find the samples at ``reduction`` - 1 that ``window`` at ``reduction`` depends on."""

    def span(start: int, count: int, size: int) -> tuple[int, int]:
        first = max(0, 2 * start - REACH)
        last = min(reduced_size(size, reduction - 1), 2 * (start + count - 1) + REACH + 1)
        return first, last - first

    column, width = span(window.column, window.width, asset.grid.width)
    row, height = span(window.row, window.height, asset.grid.height)
    return PixelWindow(column, row, width, height)
