"""Places of a window's pixels where one distance between exact ones does not fit all of it."""

import numpy as np
from numpy.typing import NDArray

from function.scenes.decoder import PixelWindow
from function.scenes.location import Indices, Locator, Mask

# Pixels a side of the blocks that are tried first.
FIRST_BLOCK = 128
# A block without any projectable point among its nine is given up only when it is this small.
HOPELESS_BLOCK = 16


def subdivide(locator: Locator, window: PixelWindow, allowed: float) -> NDArray[np.float64]:
    """Locate the pixels of ``window``, (2, height, width), with errors of at most ``allowed``.

    The window is laid out in square blocks, each interpolated from its corners where that is exact
    enough and divided into four where it is not; NaN where nothing is. The blocks of one size are
    treated together, so that each size costs one transformation.
    """
    longest = max(window.width, window.height)
    size = min(FIRST_BLOCK, 1 << (longest - 1).bit_length())
    high, wide = -(-window.height // size), -(-window.width // size)
    dense = np.full((2, high * size, wide * size), np.nan)
    rows, columns = np.mgrid[0 : high * size : size, 0 : wide * size : size].reshape(2, -1)
    while rows.size and size > 1:
        divided = _fill(dense, locator, rows, columns, size, allowed)
        size //= 2
        rows, columns = _quarters(rows[divided], columns[divided], size, window)
    dense[:, rows, columns] = locator.locate(rows, columns)
    return dense[:, : window.height, : window.width]


def _fill(
    dense: NDArray[np.float64],
    locator: Locator,
    rows: Indices,
    columns: Indices,
    size: int,
    allowed: float,
) -> Mask:
    """Interpolate the blocks that allow it; tell which have to be divided."""
    steps = np.array([0, size // 2, size])
    points = locator.locate(
        *np.broadcast_arrays(
            rows[:, np.newaxis, np.newaxis] + steps[:, np.newaxis],
            columns[:, np.newaxis, np.newaxis] + steps,
        )
    )
    error = locator.error(points)
    exact = error <= allowed
    along = np.arange(size) / size
    weights = np.stack([1.0 - along, along], axis=1)
    blocks = dense.reshape(2, dense.shape[1] // size, size, dense.shape[2] // size, size)
    filled = weights @ points[:, exact, ::2, ::2] @ weights.T
    blocks[:, rows[exact] // size, :, columns[exact] // size, :] = filled.swapaxes(0, 1)
    divided: Mask = ~exact & ~locator.beyond(points, error)
    if size <= HOPELESS_BLOCK:
        divided &= np.isfinite(points).any(axis=(0, 2, 3))
    return divided


def _quarters(
    rows: Indices, columns: Indices, size: int, window: PixelWindow
) -> tuple[Indices, Indices]:
    """Divide blocks into four of ``size``; leave out those past the window's end."""
    rows = (rows[:, np.newaxis] + np.array([0, 0, size, size])).ravel()
    columns = (columns[:, np.newaxis] + np.array([0, size, 0, size])).ravel()
    within = (rows < window.height) & (columns < window.width)
    return rows[within], columns[within]
