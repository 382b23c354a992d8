"""Which place of an image each pixel of a grid looks at."""

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.decoder import PixelWindow
from function.scenes.lattice import Lattice
from function.scenes.projection import Coordinates, apply, period, project

# Largest error of an interpolated coordinate, in pixels of the image's full resolution: GDAL's
# default for warping. An eighth of a sample at reduction 4 would be two of them, and to one side:
# a map of such samples would lie beside those of other scales.
ERROR_BOUND = 0.125
# A block is tested at its middle and the middles of its edges. The error of a quadratic form is
# largest just there; half of the bound is left for what higher terms add elsewhere.
TESTED_ERROR = ERROR_BOUND / 2
# Pixels a side of the blocks that are tried first. At 10 m a pixel, from web Mercator to UTM,
# blocks of 128 commonly pass at once.
FIRST_BLOCK = 128
# A block without any projectable point among its nine is given up only when it is this small.
HOPELESS_BLOCK = 16


Indices = NDArray[np.int64]


def map_coordinates(
    grid: Grid, window: PixelWindow, lattice: Lattice
) -> tuple[Coordinates, Coordinates]:
    """Locate the pixel centres of ``window`` of ``grid`` among the samples of ``lattice``.

    Returns columns and rows in units of the sample index, both (height, width), float64. They are
    exact within ERROR_BOUND pixels of the full resolution where they lie on the image, and NaN
    where a pixel has no image in the lattice's CRS. Same CRS: exact to rounding.
    """
    if grid.crs == lattice.crs:
        return _affine_coordinates(grid, window, lattice)
    return _Subdivision(grid, window, lattice).run()


def _affine_coordinates(
    grid: Grid, window: PixelWindow, lattice: Lattice
) -> tuple[Coordinates, Coordinates]:
    relation = ~lattice.transform @ grid.transform
    columns = np.arange(window.width) + (window.column + 0.5)
    rows = np.arange(window.height)[:, np.newaxis] + (window.row + 0.5)
    return apply(relation, columns, rows)


class _Subdivision:
    """A window in square blocks, each interpolated from its corners where that is exact enough.

    The blocks of one size are treated together, so that each size costs one transformation.
    """

    def __init__(self, grid: Grid, window: PixelWindow, lattice: Lattice) -> None:
        self._grid = grid
        self._window = window
        self._lattice = lattice
        self._to_sample = ~lattice.transform
        self._tested_error = TESTED_ERROR / lattice.step
        self._period = period(lattice.crs)
        longest = max(window.width, window.height)
        self._first = min(FIRST_BLOCK, 1 << (longest - 1).bit_length())
        high, wide = -(-window.height // self._first), -(-window.width // self._first)
        self._dense = np.full((2, high * self._first, wide * self._first), np.nan)

    def run(self) -> tuple[Coordinates, Coordinates]:
        size = self._first
        _, height, width = self._dense.shape
        rows, columns = np.mgrid[0:height:size, 0:width:size].reshape(2, -1)
        while rows.size and size > 1:
            divided = self._fill(rows, columns, size)
            size //= 2
            rows, columns = self._quarters(rows[divided], columns[divided], size)
        self._dense[:, rows, columns] = self._locate(rows, columns)
        window = self._window
        return (
            self._dense[0, : window.height, : window.width],
            self._dense[1, : window.height, : window.width],
        )

    def _fill(self, rows: Indices, columns: Indices, size: int) -> NDArray[np.bool_]:
        """Interpolate the blocks that allow it; tell which have to be divided."""
        steps = np.array([0, size // 2, size])
        points = self._locate(
            *np.broadcast_arrays(
                rows[:, np.newaxis, np.newaxis] + steps[:, np.newaxis],
                columns[:, np.newaxis, np.newaxis] + steps,
            )
        )
        corners = points[:, :, ::2, ::2]
        halves = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
        error = np.abs(points - halves @ corners @ halves.T).max(axis=(0, 2, 3))
        exact = error <= self._tested_error
        along = np.arange(size) / size
        weights = np.stack([1.0 - along, along], axis=1)
        blocks = self._dense.reshape(
            2, self._dense.shape[1] // size, size, self._dense.shape[2] // size, size
        )
        filled = weights @ corners[:, exact] @ weights.T
        blocks[:, rows[exact] // size, :, columns[exact] // size, :] = filled.swapaxes(0, 1)
        divided: NDArray[np.bool_] = ~exact & ~self._beyond(points, error)
        if size <= HOPELESS_BLOCK:
            divided &= np.isfinite(points).any(axis=(0, 2, 3))
        return divided

    def _beyond(self, points: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which blocks lie, with all of their error, beyond one side of the image."""
        left, upper, right, lower = self._lattice.extent
        least = points.min(axis=(2, 3)) - error
        most = points.max(axis=(2, 3)) + error
        beside: NDArray[np.bool_] = (least[0] > right) | (most[0] < left)
        above: NDArray[np.bool_] = (least[1] > lower) | (most[1] < upper)
        return beside | above

    def _quarters(self, rows: Indices, columns: Indices, size: int) -> tuple[Indices, Indices]:
        """Divide blocks into four of ``size``; leave out those past the window's end."""
        rows = (rows[:, np.newaxis] + np.array([0, 0, size, size])).ravel()
        columns = (columns[:, np.newaxis] + np.array([0, size, 0, size])).ravel()
        within = (rows < self._window.height) & (columns < self._window.width)
        return rows[within], columns[within]

    def _locate(self, rows: Indices, columns: Indices) -> NDArray[np.float64]:
        """Find exactly which sample the centres of pixels of the window lie on."""
        x, y = apply(
            self._grid.transform,
            columns + (self._window.column + 0.5),
            rows + (self._window.row + 0.5),
        )
        x, y = project(self._grid.crs, self._lattice.crs, x, y)
        if self._period is not None:
            lattice = self._lattice
            middle = lattice.transform.c + lattice.transform.a * lattice.width / 2
            x = x - np.round((x - middle) / self._period) * self._period
        return np.stack(apply(self._to_sample, x, y))
