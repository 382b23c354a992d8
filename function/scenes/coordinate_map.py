"""Which place of an image each pixel of a grid looks at."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.decoder import PixelWindow
from function.scenes.lattice import Lattice
from function.scenes.location import TESTED_ERROR, Locator
from function.scenes.projection import Coordinates, apply
from function.scenes.subdivision import subdivide

Positions = NDArray[np.float32]
# A position is scale * place + offset.
Linear = tuple[float, float]
# Pixel columns and rows, and the places of the pixels there; see ``CoordinateMap.bends``.
Bends = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]

# Pixels from one node to the next that are tried first. At 10 m a pixel, from web Mercator to UTM,
# the error of 256 is a quarter of what is allowed, that of 512 just too much.
FIRST_SPACING = 256
# Nodes a side, at most: interpolating costs as many products a pixel as there are nodes a side,
# and what needs more is better divided only where it has to be.
MOST_NODES = 34


class CoordinateMap(Protocol):
    """The places of the pixels of a window, in units of the sample index."""

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the window."""
        ...

    def crop(self, window: PixelWindow) -> "CoordinateMap":
        """Keep only ``window`` of the pixels."""
        ...

    def bends(self) -> Bends:
        """Give pixel columns and rows between which places change linearly along both.

        And the places (2: columns and rows, pixel rows, pixel columns) of the pixels there. The
        window's first and last ones are among them, so places lie nowhere farther out.
        """
        ...

    def exact(self) -> tuple[Coordinates, Coordinates]:
        """Give columns and rows of all pixels, (height, width) each; NaN where there is none."""
        ...

    def positions(self, columns: Linear, rows: Linear) -> tuple[Positions, Positions]:
        """Give linear functions of columns and rows as OpenCV takes them; 0 where there is none.

        float32 is exact to 0.001 of a position where those are below ten thousand.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Places interpolated bilinearly between ``nodes`` (2, rows, columns), all of them finite.

    The nodes lie at every ``spacing``-th pixel; ``window`` is counted from the first.
    """

    nodes: NDArray[np.float64]
    spacing: int
    window: PixelWindow

    @property
    def shape(self) -> tuple[int, int]:
        return self.window.height, self.window.width

    def crop(self, window: PixelWindow) -> "Nodes":
        column, row = self.window.column + window.column, self.window.row + window.row
        return replace(self, window=PixelWindow(column, row, window.width, window.height))

    def bends(self) -> Bends:
        window = self.window
        columns = self._bends(window.column, window.width)
        rows = self._bends(window.row, window.height)
        places = self._weights(rows, 1) @ self.nodes @ self._weights(columns, 2).T
        return columns - window.column, rows - window.row, places

    def exact(self) -> tuple[Coordinates, Coordinates]:
        down, across = self._dense_weights(np.float64)
        columns, rows = self.nodes
        return down @ (columns @ across), down @ (rows @ across)

    def positions(self, columns: Linear, rows: Linear) -> tuple[Positions, Positions]:
        down, across = self._dense_weights(np.float32)
        first, second = (
            down @ ((scale * places + offset).astype(np.float32) @ across)
            for (scale, offset), places in zip((columns, rows), self.nodes, strict=True)
        )
        return first, second

    def _bends(self, start: int, count: int) -> NDArray[np.intp]:
        last = start + count - 1
        between = np.arange(start // self.spacing + 1, -(-last // self.spacing)) * self.spacing
        return np.array([start, *between, *([last] if last > start else [])], np.intp)

    def _dense_weights(
        self, kind: type[np.float32] | type[np.float64]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        window = self.window
        rows = np.arange(window.row, window.row + window.height)
        columns = np.arange(window.column, window.column + window.width)
        down, across = self._weights(rows, 1), self._weights(columns, 2)
        return down.astype(kind), np.ascontiguousarray(across.T, kind)

    def _weights(self, pixels: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
        """Weigh the nodes along an axis for each of ``pixels``: (pixels, nodes)."""
        away = np.abs(pixels[:, np.newaxis] / self.spacing - np.arange(self.nodes.shape[axis]))
        return np.maximum(0.0, 1.0 - away)


@dataclass(frozen=True, slots=True, eq=False)
class EachPixel:
    """Places of ``columns`` and ``rows`` (height, width) that are known for each pixel by itself.

    They are NaN where a pixel has none.
    """

    columns: NDArray[np.float64]
    rows: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.columns.shape
        return height, width

    def only(self, kept: NDArray[np.bool_]) -> "EachPixel":
        """Take away the places of the pixels that are not ``kept``."""
        return EachPixel(np.where(kept, self.columns, np.nan), np.where(kept, self.rows, np.nan))

    def crop(self, window: PixelWindow) -> "EachPixel":
        return EachPixel(self.columns[window.slices], self.rows[window.slices])

    def bends(self) -> Bends:
        height, width = self.shape
        return np.arange(width), np.arange(height), np.stack([self.columns, self.rows])

    def exact(self) -> tuple[Coordinates, Coordinates]:
        return self.columns, self.rows

    def positions(self, columns: Linear, rows: Linear) -> tuple[Positions, Positions]:
        first, second = (
            np.nan_to_num((scale * places + offset).astype(np.float32), copy=False)
            for (scale, offset), places in zip((columns, rows), self.exact(), strict=True)
        )
        return first, second


def map_coordinates(grid: Grid, window: PixelWindow, lattice: Lattice) -> CoordinateMap:
    """Locate the pixel centres of ``window`` of ``grid`` among the samples of ``lattice``.

    They are exact within ERROR_BOUND pixels of the full resolution where they lie on the image,
    and there is none where a pixel has no image in the lattice's CRS. Same CRS: exact to rounding.
    """
    if grid.crs == lattice.crs:
        return _affine_map(grid, window, lattice)
    locator = Locator(grid, window, lattice)
    longest = max(window.width, window.height)
    spacing = min(FIRST_SPACING, _power_above(longest))
    while spacing > 1 and longest <= (MOST_NODES - 1) * spacing:
        nodes = _nodes(locator, window, spacing, TESTED_ERROR / lattice.step)
        if nodes is not None:
            return nodes
        spacing //= 2
    return EachPixel(*subdivide(locator, window, TESTED_ERROR / lattice.step))


def _power_above(count: int) -> int:
    """Give the least power of 2 that is ``count`` at least, but 1."""
    return max(2, 1 << (count - 1).bit_length())


def _affine_map(grid: Grid, window: PixelWindow, lattice: Lattice) -> Nodes:
    relation = ~lattice.transform @ grid.transform
    spacing = _power_above(max(window.width, window.height))
    ends = np.array([0.0, spacing])
    columns, rows = np.meshgrid(ends + (window.column + 0.5), ends + (window.row + 0.5))
    nodes = np.array(apply(relation, columns, rows), np.float64)
    return Nodes(nodes, spacing, PixelWindow(0, 0, window.width, window.height))


def _nodes(locator: Locator, window: PixelWindow, spacing: int, allowed: float) -> Nodes | None:
    """Locate a node at every ``spacing``-th pixel; None where that is not exact enough.

    Blocks beyond the image need not be exact.
    """
    high, wide = -(-window.height // spacing), -(-window.width // spacing)
    half = spacing // 2
    rows, columns = np.arange(2 * high + 1) * half, np.arange(2 * wide + 1) * half
    points = locator.locate(*np.meshgrid(rows, columns, indexing="ij"))
    if not np.isfinite(points).all():
        return None
    # Each block's nine points.
    blocks = np.lib.stride_tricks.sliding_window_view(points, (3, 3), (1, 2))[:, ::2, ::2]
    error = locator.error(blocks)
    if not ((error <= allowed) | locator.beyond(blocks, error)).all():
        return None
    nodes = np.ascontiguousarray(points[:, ::2, ::2])
    return Nodes(nodes, spacing, PixelWindow(0, 0, window.width, window.height))
