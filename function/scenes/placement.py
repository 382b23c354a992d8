"""A window of a grid laid over an image: which samples it needs, and where each pixel falls."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.bounding import bounding_window
from function.scenes.coordinate_map import Bends, CoordinateMap, EachPixel, map_coordinates
from function.scenes.decoder import PixelWindow
from function.scenes.lattice import Lattice

# Samples by which two lattices may differ and still count as the same: a centimetre at 10 m, what
# rounding a bounding box to a few decimals leaves.
SAME_LATTICE = 1e-3
# Places this near to a sample lie on it: interpolation rounds at 1e-12 of what it interpolates.
ROUNDING = 1e-6
TYPICAL_LINES = 16

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the pixels of a grid's window fall in an image.

    ``coordinates`` count samples of the lattice; ``inside`` (height, width) tells which pixels'
    centres lie on the image's area. ``samples`` is the window of samples to decode: all that the
    pixels inside need, with ``margin`` around; none where no pixel is inside. ``shrink``
    (across, down) is how many samples have to be averaged first so that none is passed over.
    ``aligned`` tells that each pixel is one sample.
    """

    lattice: Lattice
    coordinates: CoordinateMap
    inside: NDArray[np.bool_]
    samples: PixelWindow
    margin: int
    shrink: tuple[int, int]
    aligned: bool

    def crop(self, window: PixelWindow) -> "Placement":
        """Keep only ``window`` of the pixels."""
        if self.inside[window.slices].shape == self.inside.shape:
            return self
        coordinates, inside = self.coordinates.crop(window), self.inside[window.slices]
        samples = _needed(coordinates, inside, self.lattice, self.margin, self.shrink)
        return replace(self, coordinates=coordinates, inside=inside, samples=samples)


def place(
    grid: Grid, window: PixelWindow, lattice: Lattice, margin: int, averaged: bool
) -> Placement:
    """Lay ``window`` of ``grid`` over ``lattice``.

    ``margin`` is how many samples around a pixel's place are wanted; ``averaged`` whether samples
    may be averaged where a pixel spans two or more.
    """
    coordinates = map_coordinates(grid, window, lattice)
    bends = coordinates.bends()
    aligned = _is_aligned(bends)
    shrink = _shrink(bends) if averaged and not aligned else (1, 1)
    if _all_within(bends, lattice):
        inside = np.ones(coordinates.shape, np.bool_)
    else:
        left, upper, right, lower = lattice.extent
        columns, rows = coordinates.exact()
        inside = (columns >= left) & (columns < right) & (rows >= upper) & (rows < lower)
        if isinstance(coordinates, EachPixel):
            coordinates = coordinates.only(inside)
    samples = _needed(coordinates, inside, lattice, margin, shrink)
    return Placement(lattice, coordinates, inside, samples, margin, shrink, aligned)


def spans(coordinates: CoordinateMap) -> tuple[Span, Span]:
    """Find the least and the most of columns and of rows, of those that there are."""
    _, _, places = coordinates.bends()
    columns, rows = ((float(np.nanmin(each)), float(np.nanmax(each))) for each in places)
    return columns, rows


def _all_within(bends: Bends, lattice: Lattice) -> bool:
    """Tell whether all pixels, none of them without a place, lie between outermost samples."""
    _, _, (columns, rows) = bends
    return bool(
        columns.min() >= 0
        and columns.max() <= lattice.width - 1
        and rows.min() >= 0
        and rows.max() <= lattice.height - 1
    )


def _is_aligned(bends: Bends) -> bool:
    """Tell whether neighbouring pixels are neighbouring samples, met at their centres."""
    pixel_columns, pixel_rows, (columns, rows) = bends
    if not np.isfinite([columns[0, 0], rows[0, 0]]).all():
        return False
    whole_columns = np.round(columns[0, 0]) + pixel_columns
    whole_rows = np.round(rows[0, 0]) + pixel_rows[:, np.newaxis]
    return bool(
        np.all(np.abs(columns - whole_columns) <= SAME_LATTICE)
        and np.all(np.abs(rows - whole_rows) <= SAME_LATTICE)
    )


def _shrink(bends: Bends) -> tuple[int, int]:
    """Count the whole samples that one step between pixels passes, across and down the image."""
    pixel_columns, pixel_rows, sides = bends
    factors = []
    for places in sides:
        across = _typical_step(places, pixel_columns)
        down = _typical_step(places.T, pixel_rows)
        # A step of 1.9999 samples is one of 2: less than SAME_LATTICE is rounding.
        factors.append(max(1, int(np.hypot(across, down) + SAME_LATTICE)))
    return factors[0], factors[1]


def _typical_step(places: NDArray[np.float64], pixels: NDArray[np.intp]) -> float:
    # A few lines tell as much as all of them.
    every = max(1, places.shape[0] // TYPICAL_LINES)
    steps = np.abs(np.diff(places[::every], axis=1) / np.diff(pixels))
    known = steps[np.isfinite(steps)]
    return float(np.median(known)) if known.size else 1.0


def _needed(
    coordinates: CoordinateMap,
    inside: NDArray[np.bool_],
    lattice: Lattice,
    margin: int,
    shrink: tuple[int, int],
) -> PixelWindow:
    around = bounding_window(inside)
    if around is None:
        return PixelWindow(0, 0, 0, 0)
    columns, rows = spans(coordinates.crop(around))
    column, width = _samples_around(columns, margin, shrink[0], lattice.width)
    row, height = _samples_around(rows, margin, shrink[1], lattice.height)
    return PixelWindow(column, row, width, height)


def _samples_around(span: Span, margin: int, shrink: int, size: int) -> tuple[int, int]:
    """Find first index and count of the samples around the places of ``span``.

    Averaged blocks start at multiples of their size, so that maps side by side share them.
    """
    least, most = (min(max(place, 0.0), size - 1.0) for place in span)
    reach = margin * shrink
    first = max(0, int(np.floor(least + ROUNDING)) - reach) // shrink * shrink
    last = min(size, -(-(int(np.ceil(most - ROUNDING)) + reach + 1) // shrink) * shrink)
    return first, last - first
