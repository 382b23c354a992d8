"""Exact places of pixels in an image, and how far those between them are from linear."""

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.decoder import PixelWindow
from function.scenes.lattice import Lattice
from function.scenes.projection import apply, period, project

# Largest error of an interpolated coordinate, in pixels of the image's full resolution: GDAL's
# default for warping. An eighth of a sample at reduction 4 would be two of them, and to one side:
# a map of such samples would lie beside those of other scales.
ERROR_BOUND = 0.125
# A block is tested at its middle and the middles of its edges. The error of a quadratic form is
# largest just there; half of the bound is left for what higher terms add elsewhere.
TESTED_ERROR = ERROR_BOUND / 2

HALVES = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]
# Places of blocks, (2: columns and rows, …, 3, 3): of each its corners, its middle and the middles
# of its edges.
Blocks = NDArray[np.float64]


class Locator:
    """Locates pixels of a window of a grid among the samples of a lattice."""

    def __init__(self, grid: Grid, window: PixelWindow, lattice: Lattice) -> None:
        self._grid = grid
        self._window = window
        self._lattice = lattice
        self._to_sample = ~lattice.transform
        self._period = period(lattice.crs)

    def locate(self, rows: Indices, columns: Indices) -> NDArray[np.float64]:
        """Find exactly which place the centres of pixels of the window lie on, (2, …)."""
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

    def error(self, blocks: Blocks) -> NDArray[np.float64]:
        """Tell how far the places of each block lie from those interpolated from its corners."""
        corners = blocks[..., ::2, ::2]
        error: NDArray[np.float64] = np.abs(blocks - HALVES @ corners @ HALVES.T).max(
            axis=(0, -2, -1)
        )
        return error

    def beyond(self, blocks: Blocks, error: NDArray[np.float64]) -> Mask:
        """Tell which blocks lie, with all of their error, beyond one side of the image."""
        left, upper, right, lower = self._lattice.extent
        least = blocks.min(axis=(-2, -1)) - error
        most = blocks.max(axis=(-2, -1)) + error
        beside: Mask = (least[0] > right) | (most[0] < left)
        above: Mask = (least[1] > lower) | (most[1] < upper)
        return beside | above
