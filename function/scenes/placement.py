"""A window of a grid laid over an image: which samples it needs, and where each pixel falls."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.coordinate_map import map_coordinates
from function.scenes.decoder import PixelWindow
from function.scenes.lattice import Lattice
from function.scenes.projection import Coordinates

# Samples by which two lattices may differ and still count as the same: a centimetre at 10 m, what
# rounding a bounding box to a few decimals leaves.
SAME_LATTICE = 1e-3
TYPICAL_LINES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the pixels of a grid's window fall in an image.

    ``columns`` and ``rows`` (height, width) count samples of the lattice and are kept within it;
    ``inside`` tells which pixels' centres lie on the image's area. ``samples`` is the window of
    samples to decode: all that the pixels inside need, with ``margin`` around; none where no pixel
    is inside. ``shrink``
    (across, down) is how many samples have to be averaged first so that none is passed over.
    ``aligned`` tells that each pixel is one sample.
    """

    lattice: Lattice
    columns: Coordinates
    rows: Coordinates
    inside: NDArray[np.bool_]
    samples: PixelWindow
    margin: int
    shrink: tuple[int, int]
    aligned: bool

    def crop(self, window: PixelWindow) -> "Placement":
        """Keep only ``window`` of the pixels."""
        within = window.slices
        inside = self.inside[within]
        columns, rows = self.columns[within], self.rows[within]
        samples = _needed(columns[inside], rows[inside], self.lattice, self.margin, self.shrink)
        return replace(self, columns=columns, rows=rows, inside=inside, samples=samples)


def place(
    grid: Grid, window: PixelWindow, lattice: Lattice, margin: int, averaged: bool
) -> Placement:
    """Lay ``window`` of ``grid`` over ``lattice``.

    ``margin`` is how many samples around a pixel's place are wanted; ``averaged`` whether samples
    may be averaged where a pixel spans two or more.
    """
    columns, rows = map_coordinates(grid, window, lattice)
    aligned = _is_aligned(columns, rows)
    shrink = _shrink(columns, rows) if averaged and not aligned else (1, 1)
    if _well_within(columns, lattice.width) and _well_within(rows, lattice.height):
        inside = np.ones(columns.shape, np.bool_)
        samples = _needed(columns, rows, lattice, margin, shrink)
        return Placement(lattice, columns, rows, inside, samples, margin, shrink, aligned)
    left, upper, right, lower = lattice.extent
    inside = (columns >= left) & (columns < right) & (rows >= upper) & (rows < lower)
    columns = np.where(inside, columns, left).clip(0, lattice.width - 1)
    rows = np.where(inside, rows, upper).clip(0, lattice.height - 1)
    samples = _needed(columns[inside], rows[inside], lattice, margin, shrink)
    return Placement(lattice, columns, rows, inside, samples, margin, shrink, aligned)


def _well_within(places: Coordinates, size: int) -> bool:
    """Tell whether all places, none of them NaN, lie between the first and the last sample."""
    return bool(places.min() >= 0 and places.max() <= size - 1)


def _is_aligned(columns: Coordinates, rows: Coordinates) -> bool:
    """Tell whether neighbouring pixels are neighbouring samples, met at their centres."""
    corner = columns[0, 0], rows[0, 0], columns[-1, -1], rows[-1, -1]
    if not all(abs(place - np.round(place)) <= SAME_LATTICE for place in corner):
        return False
    whole_columns = np.round(columns[0, 0]) + np.arange(columns.shape[1])
    whole_rows = np.round(rows[0, 0]) + np.arange(rows.shape[0])[:, np.newaxis]
    return bool(
        np.all(np.abs(columns - whole_columns) <= SAME_LATTICE)
        and np.all(np.abs(rows - whole_rows) <= SAME_LATTICE)
    )


def _shrink(columns: Coordinates, rows: Coordinates) -> tuple[int, int]:
    """Count the whole samples that one step between pixels passes, across and down the image."""
    factors = []
    for coordinates in (columns, rows):
        across = _typical_step(coordinates, axis=1)
        down = _typical_step(coordinates, axis=0)
        # A step of 1.9999 samples is one of 2: less than SAME_LATTICE is rounding.
        factors.append(max(1, int(np.hypot(across, down) + SAME_LATTICE)))
    return factors[0], factors[1]


def _typical_step(coordinates: Coordinates, axis: int) -> float:
    # A few lines tell as much as all of them.
    every = max(1, coordinates.shape[1 - axis] // TYPICAL_LINES)
    steps = np.diff(coordinates[::every] if axis == 1 else coordinates[:, ::every], axis=axis)
    steps = np.abs(steps[np.isfinite(steps)])
    return float(np.median(steps)) if steps.size else 1.0


def _needed(
    columns: Coordinates,
    rows: Coordinates,
    lattice: Lattice,
    margin: int,
    shrink: tuple[int, int],
) -> PixelWindow:
    if columns.size == 0:
        return PixelWindow(0, 0, 0, 0)
    column, width = _span(columns, margin, shrink[0], lattice.width)
    row, height = _span(rows, margin, shrink[1], lattice.height)
    return PixelWindow(column, row, width, height)


def _span(places: Coordinates, margin: int, shrink: int, size: int) -> tuple[int, int]:
    """Find first index and count of the samples around ``places``.

    Averaged blocks start at multiples of their size, so that maps side by side share them.
    """
    reach = margin * shrink
    first = max(0, int(np.floor(places.min())) - reach) // shrink * shrink
    last = min(size, -(-(int(np.ceil(places.max())) + reach + 1) // shrink) * shrink)
    return first, last - first
