"""The packets of a tile that a window needs (annex B), by the reach of the filters (annex F)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.codestream import CodingStyle, MainHeader
from function.scenes.jpeg2000.geometry import Rectangle
from function.scenes.jpeg2000.memory import Memory
from function.scenes.jpeg2000.packet_order import PacketLayout, packet_layout


@dataclass(frozen=True, slots=True, eq=False)
class PacketNeeds:
    """What of a tile's packets a window asks for.

    ``needed`` tells it for each packet. ``places`` lists, in the order of the progression LRCP,
    the numbers of all that have a place in a codestream of the reduced tile, needed or not: those
    of the resolutions left.
    """

    needed: NDArray[np.bool_]
    places: NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        """The arrays' bytes."""
        return self.needed.nbytes + self.places.nbytes


# A pair of numbers in a tuple.
BOUND_BYTES = 128

# For each resolution, lowest first, the first precinct that is needed and the one past the last.
_Needed = tuple[tuple[int, int], ...]


def packet_needs(
    header: MainHeader, tile: Rectangle, window: Rectangle, reduction: int
) -> PacketNeeds:
    """Find the packets that ``window`` needs, which lies in the tile.

    It counts samples of the image reduced by ``reduction``.
    """
    layout = packet_layout(header, tile)
    levels = tuple(style.levels - reduction for style in header.styles)
    whole = _whole(layout, levels)
    if window == tile.reduced(reduction):
        return whole
    styles, sides = header.styles, (tile.x0, tile.x1, window.x0, window.x1)
    across = tuple(_needed_along(style, 0, *sides, reduction) for style in styles)
    sides = (tile.y0, tile.y1, window.y0, window.y1)
    down = tuple(_needed_along(style, 1, *sides, reduction) for style in styles)
    return _parts(whole, layout, across, down)


def _whole_needs(layout: PacketLayout, levels: tuple[int, ...]) -> PacketNeeds:
    """The needs of a whole tile, of each component's resolutions up to ``levels``."""
    placed = layout.resolution <= np.array(levels)[layout.component]
    return PacketNeeds(placed, layout.by_layer[placed[layout.by_layer]])


def _partial_needs(
    whole: PacketNeeds, layout: PacketLayout, across: tuple[_Needed, ...], down: tuple[_Needed, ...]
) -> PacketNeeds:
    """The packets within the precincts that each component needs across and down."""
    bounds = np.zeros((len(across), max(map(len, across)), 4), np.int64)
    for component, (columns, rows) in enumerate(zip(across, down, strict=True)):
        bounds[component, : len(columns)] = np.hstack([columns, rows])
    left, right, top, bottom = bounds[layout.component, layout.resolution].T
    within = (layout.column >= left) & (layout.column < right)
    return PacketNeeds(within & (layout.row >= top) & (layout.row < bottom), whole.places)


@lru_cache(maxsize=4096)
def _needed_along(
    style: CodingStyle, axis: int, start: int, end: int, first: int, last: int, reduction: int
) -> _Needed:
    """Find which precincts the samples from ``first`` up to ``last`` need on one side of a tile.

    The side reaches from ``start`` to ``end`` on the reference grid; precincts are counted from
    the tile's first one.
    """
    needed = [(0, 0)] * (style.levels + 1)
    samples = (first, last)
    for resolution in range(style.levels - reduction, -1, -1):
        halvings = style.levels - resolution
        low, high = -(-start >> halvings), -(-end >> halvings)
        if low >= high:
            break
        size = style.precincts[resolution][axis]
        if resolution == 0:
            cells = samples[0] >> size, (samples[1] - 1 >> size) + 1
        else:
            samples, high_pass = needed_coefficients(samples, low, high, style.reversible)
            cells = _cells(samples, high_pass, size - 1)
        origin = low >> size
        needed[resolution] = cells[0] - origin, cells[1] - origin
    return tuple(needed)


def needed_coefficients(
    samples: tuple[int, int], start: int, end: int, reversible: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The low- and high-pass coefficients that synthesis needs for a run of samples.

    ``samples`` are the first and one past the last, of a level that reaches from ``start`` to
    ``end``. On the interleaved signal an even sample needs one neighbour to each side with the
    5-3 filter and three with the 9-7, an odd sample one more (F.3.8); samples mirrored at the ends
    lie within that reach.
    """
    reach = 1 if reversible else 3
    first, last = samples[0], samples[1] - 1
    first -= reach + (first & 1)
    last += reach + (last & 1)
    low_start, low_end = -(-start >> 1), -(-end >> 1)
    high_start, high_end = start >> 1, end >> 1
    low = max(-(-first >> 1), low_start), min((last >> 1) + 1, low_end)
    high = max(first >> 1, high_start), min((last - 1 >> 1) + 1, high_end)
    return low, high


def _cells(low: tuple[int, int], high: tuple[int, int], size: int) -> tuple[int, int]:
    """The cells of 2**``size`` that two runs of coefficients touch; one may be empty."""
    runs = [run for run in (low, high) if run[0] < run[1]]
    return min(run[0] for run in runs) >> size, (max(run[1] for run in runs) - 1 >> size) + 1


def _bytes_of_whole(whole: PacketNeeds, layout: PacketLayout, _levels: tuple[int, ...]) -> int:
    return whole.nbytes + layout.nbytes


def _bytes_of_part(
    part: PacketNeeds,
    whole: PacketNeeds,
    layout: PacketLayout,
    across: tuple[_Needed, ...],
    down: tuple[_Needed, ...],
) -> int:
    bounds = sum(map(len, across)) + sum(map(len, down))
    return part.nbytes + whole.nbytes + layout.nbytes + BOUND_BYTES * bounds


_whole = Memory(_whole_needs, _bytes_of_whole)
_parts = Memory(_partial_needs, _bytes_of_part)
