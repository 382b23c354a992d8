"""Reductions below the lowest resolution level that a file offers."""

from collections.abc import Callable

import numpy as np

from function.scene import Asset
from function.scenes.decoder import PixelWindow, Samples, reduced_size
from function.scenes.low_pass import REACH, halve


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
) -> Samples:
    """Decode ``window`` at ``reduction``, or transform the lowest of the file's ``levels`` further.

    ``decode_level`` decodes a window at a reduction of at most ``levels``.
    """
    if reduction <= levels:
        return decode_level(window, reduction)
    finer = _window_above(window, asset, reduction)
    samples = decode_at(decode_level, asset, finer, reduction - 1, levels)
    halved = halve(samples.astype(np.int32))
    within = PixelWindow(
        window.column - finer.column // 2,
        window.row - finer.row // 2,
        window.width,
        window.height,
    )
    cut = halved[(slice(None), *within.slices)]
    # The low-pass overshoots at edges; a decoder clips to the range of samples just so.
    half = 1 << (asset.bits - 1) if samples.dtype.kind == "i" else 0
    reduced: Samples = np.clip(cut, -half, (1 << asset.bits) - 1 - half).astype(samples.dtype)
    return reduced


def source_window(
    asset: Asset, window: PixelWindow, reduction: int, levels: int
) -> tuple[PixelWindow, int]:
    """Tell which window ``decode_at`` decodes, and at which reduction, of at most ``levels``."""
    while reduction > levels:
        window, reduction = _window_above(window, asset, reduction), reduction - 1
    return window, reduction


def _window_above(window: PixelWindow, asset: Asset, reduction: int) -> PixelWindow:
    """Find the samples at ``reduction`` - 1 that ``window`` at ``reduction`` depends on."""

    def span(start: int, count: int, size: int) -> tuple[int, int]:
        first = max(0, 2 * start - REACH)
        last = min(reduced_size(size, reduction - 1), 2 * (start + count - 1) + REACH + 1)
        return first, last - first

    column, width = span(window.column, window.width, asset.grid.width)
    row, height = span(window.row, window.height, asset.grid.height)
    return PixelWindow(column, row, width, height)
