"""Tiles, resolution levels, subbands and precincts, and the packets that a window needs (annex B).

Every coordinate is absolute, on the reference grid or on that of a resolution level; components
are not subsampled. Resolutions are counted as the standard does: 0 is the lowest.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.codestream import CodingStyle, MainHeader, Progression, Size


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Columns from ``x0`` up to, but not including, ``x1``, and rows likewise."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def empty(self) -> bool:
        return self.x0 >= self.x1 or self.y0 >= self.y1

    @property
    def area(self) -> int:
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def reduced(self, levels: int) -> Self:
        """The samples left after ``levels`` halvings: those whose index is a multiple of 2ⁿ (B-15).

        Sample k of the result lies on sample k·2ⁿ of this one.
        """
        return type(self)(
            -(-self.x0 >> levels),
            -(-self.y0 >> levels),
            -(-self.x1 >> levels),
            -(-self.y1 >> levels),
        )

    def grown(self, margin: int) -> Self:
        return type(self)(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)

    def intersection(self, other: "Rectangle") -> Self:
        return type(self)(
            max(self.x0, other.x0),
            max(self.y0, other.y0),
            min(self.x1, other.x1),
            min(self.y1, other.y1),
        )


def image_area(size: Size) -> Rectangle:
    return Rectangle(size.x0, size.y0, size.x1, size.y1)


def tile_area(size: Size, tile: int) -> Rectangle:
    """The part of the image that tile number ``tile`` covers (B-7 to B-10)."""
    row, column = divmod(tile, size.tile_columns)
    x0 = size.tile_x0 + column * size.tile_width
    y0 = size.tile_y0 + row * size.tile_height
    whole = Rectangle(x0, y0, x0 + size.tile_width, y0 + size.tile_height)
    return whole.intersection(image_area(size))


def tiles_within(size: Size, window: Rectangle, reduction: int) -> tuple[range, range]:
    """The columns and rows of tiles that hold samples of ``window``.

    ``window`` counts samples of the image reduced by ``reduction``, whose sample k belongs to the
    tile that holds the sample k·2ⁿ of the reference grid.
    """
    columns, rows = (
        range(
            ((first << reduction) - origin) // step, ((last - 1 << reduction) - origin) // step + 1
        )
        for first, last, origin, step in (
            (window.x0, window.x1, size.tile_x0, size.tile_width),
            (window.y0, window.y1, size.tile_y0, size.tile_height),
        )
    )
    return columns, rows


# For each resolution, lowest first, the first precinct on one side of a tile, and how many.
_Precincts = tuple[tuple[int, ...], tuple[int, ...]]


# The tiles of a row or column have one side in common, and all images of an archive their tiles.
@lru_cache(maxsize=4096)
def _precincts_along(style: CodingStyle, axis: int, start: int, end: int) -> _Precincts:
    """Lay out the precincts (B.6) on the side of a tile from ``start`` to ``end`` (B-16).

    They are numbered in the image's own partition.
    """
    firsts, counts = [], []
    for resolution, sizes in enumerate(style.precincts):
        halvings = style.levels - resolution
        low, high = -(-start >> halvings), -(-end >> halvings)
        firsts.append(low >> sizes[axis])
        counts.append(-(-high >> sizes[axis]) - firsts[-1] if low < high else 0)
    return tuple(firsts), tuple(counts)


def count_packets(header: MainHeader) -> NDArray[np.int64]:
    """Count the packets of every tile: one a layer and precinct (B.9)."""
    size = header.size
    columns = _tile_spans(size.tile_x0, size.tile_width, size.tile_columns, size.x0, size.x1)
    rows = _tile_spans(size.tile_y0, size.tile_height, size.tile_rows, size.y0, size.y1)
    counts = np.zeros((size.tile_rows, size.tile_columns), np.int64)
    for style, components in Counter(header.styles).items():
        for resolution, (width, height) in enumerate(style.precincts):
            halvings = style.levels - resolution
            across = _count_cells(columns, halvings, width)
            counts += components * np.outer(_count_cells(rows, halvings, height), across)
    return counts.ravel() * header.layers


def _tile_spans(origin: int, step: int, count: int, start: int, end: int) -> NDArray[np.int64]:
    """Where the tiles of a row or column start and end, as two arrays."""
    first = origin + step * np.arange(count, dtype=np.int64)
    return np.clip(np.stack([first, first + step]), start, end)


def _count_cells(spans: NDArray[np.int64], halvings: int, size: int) -> NDArray[np.int64]:
    """Count the cells of 2**``size`` that each span touches after ``halvings``."""
    first, last = -(-spans >> halvings)
    cells: NDArray[np.int64] = np.where(last > first, -(-last >> size) - (first >> size), 0)
    return cells


def count_code_blocks(header: MainHeader) -> int:
    """Count, to within those cut by an edge, the code-blocks of the largest tile (B.7)."""
    size = header.size
    width = min(size.tile_width, size.x1 - size.x0)
    height = min(size.tile_height, size.y1 - size.y0)
    count = 0
    for style in header.styles:
        for resolution, (precinct_width, precinct_height) in enumerate(style.precincts):
            halvings = style.levels - resolution
            in_band = 1 if resolution else 0
            across = min(style.block_width + in_band, precinct_width) + halvings
            down = min(style.block_height + in_band, precinct_height) + halvings
            bands = 3 if resolution else 1
            count += bands * ((width >> across) + 1) * ((height >> down) + 1)
    return count


@dataclass(frozen=True, slots=True, eq=False)
class PacketLayout:
    """For each packet of a tile, in the order of the codestream, what it belongs to.

    ``column`` and ``row`` count precincts from the resolution's first one in the tile.
    ``by_layer`` lists the packets' numbers in the order of the progression LRCP.
    """

    component: NDArray[np.int32]
    resolution: NDArray[np.int32]
    column: NDArray[np.int32]
    row: NDArray[np.int32]
    by_layer: NDArray[np.int32]


def packet_layout(header: MainHeader, tile: Rectangle) -> PacketLayout:
    """Put a tile's packets in the order of the header's progression (B.12)."""
    return _packet_layout(header.progression, header.layers, header.styles, tile)


# Enough for every tile of the images of a product that are read most: 1849, 121, 81 and 100.
@lru_cache(maxsize=4096)
def _packet_layout(
    progression: Progression, layers: int, styles: tuple[CodingStyle, ...], tile: Rectangle
) -> PacketLayout:
    across = tuple(_precincts_along(style, 0, tile.x0, tile.x1) for style in styles)
    down = tuple(_precincts_along(style, 1, tile.y0, tile.y1) for style in styles)
    left, top = tile.x0, tile.y0
    if progression in (Progression.LRCP, Progression.RLCP):
        # Positions do not matter here: tiles with as many precincts share one layout.
        across = tuple(((0,) * len(counts), counts) for _, counts in across)
        down = tuple(((0,) * len(counts), counts) for _, counts in down)
        left, top = 0, 0
    return _order_packets(progression, layers, styles, across, down, left, top)


# A file has a handful of tile shapes; a layout takes 20 bytes a packet.
@lru_cache(maxsize=64)
def _order_packets(
    progression: Progression,
    layers: int,
    styles: tuple[CodingStyle, ...],
    across: tuple[_Precincts, ...],
    down: tuple[_Precincts, ...],
    left: int,
    top: int,
) -> PacketLayout:
    parts = []
    for component, style in enumerate(styles):
        sides = zip(style.precincts, *across[component], *down[component], strict=True)
        for resolution, (sizes, first_column, columns, first_row, rows) in enumerate(sides):
            halvings = style.levels - resolution
            row, column = np.divmod(np.arange(columns * rows, dtype=np.int64), max(columns, 1))
            # Where a precinct starts on the reference grid, or the tile where it starts before.
            x = np.maximum((first_column + column) << (sizes[0] + halvings), left)
            y = np.maximum((first_row + row) << (sizes[1] + halvings), top)
            same = np.ones_like(row)
            parts.append(np.stack([same * component, same * resolution, column, row, x, y]))
    precincts = np.concatenate(parts, axis=1)
    layer = np.repeat(np.arange(layers, dtype=np.int64), precincts.shape[1])
    component, resolution, column, row, x, y = np.tile(precincts, layers)
    by_layer = (layer, resolution, component, row, column)
    sorted_by = {
        Progression.LRCP: by_layer,
        Progression.RLCP: (resolution, layer, component, row, column),
        Progression.RPCL: (resolution, y, x, component, row, column, layer),
        Progression.PCRL: (y, x, component, resolution, row, column, layer),
        Progression.CPRL: (component, y, x, resolution, row, column, layer),
    }[progression]
    order = np.lexsort(sorted_by[::-1])
    reordered = np.lexsort([key[order] for key in by_layer[::-1]])
    in_order = (part[order] for part in (component, resolution, column, row))
    return PacketLayout(*(part.astype(np.int32) for part in (*in_order, reordered)))


@dataclass(frozen=True, slots=True, eq=False)
class PacketNeeds:
    """What of a tile's packets a window asks for.

    ``needed`` tells it for each packet. ``places`` lists, in the order of the progression LRCP,
    the numbers of all that have a place in a codestream of the reduced tile, needed or not: those
    of the resolutions left.
    """

    needed: NDArray[np.bool_]
    places: NDArray[np.int32]


def packet_needs(
    header: MainHeader, tile: Rectangle, window: Rectangle, reduction: int
) -> PacketNeeds:
    """Find the packets that ``window`` needs, which lies in the tile.

    It counts samples of the image reduced by ``reduction``.
    """
    layout = packet_layout(header, tile)
    levels = tuple(style.levels - reduction for style in header.styles)
    whole = _whole_needs(layout, levels)
    if window == tile.reduced(reduction):
        return whole
    styles, sides = header.styles, (tile.x0, tile.x1, window.x0, window.x1)
    across = tuple(_needed_along(style, 0, *sides, reduction) for style in styles)
    sides = (tile.y0, tile.y1, window.y0, window.y1)
    down = tuple(_needed_along(style, 1, *sides, reduction) for style in styles)
    return _partial_needs(whole, layout, across, down)


@lru_cache(maxsize=256)
def _whole_needs(layout: PacketLayout, levels: tuple[int, ...]) -> PacketNeeds:
    """The needs of a whole tile, of each component's resolutions up to ``levels``."""
    placed = layout.resolution <= np.array(levels)[layout.component]
    return PacketNeeds(placed, layout.by_layer[placed[layout.by_layer]])


# For each resolution, lowest first, the first precinct that is needed and the one past the last.
_Needed = tuple[tuple[int, int], ...]


@lru_cache(maxsize=1024)
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
