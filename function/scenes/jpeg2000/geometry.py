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


@dataclass(frozen=True, slots=True)
class PrecinctGrid:
    """The precincts of one resolution of one component of a tile (B.6).

    ``left`` and ``top`` number the first precinct in the image's own partition, whose cells have
    the size 2**``width`` × 2**``height`` on the resolution's grid.
    """

    left: int
    top: int
    columns: int
    rows: int
    width: int
    height: int


def precinct_grids(style: CodingStyle, tile: Rectangle) -> list[PrecinctGrid]:
    """Lay out the precincts of every resolution, lowest first (B-16)."""
    grids = []
    for resolution, (width, height) in enumerate(style.precincts):
        level = tile.reduced(style.levels - resolution)
        left, top = level.x0 >> width, level.y0 >> height
        columns = 0 if level.empty else -(-level.x1 >> width) - left
        rows = 0 if level.empty else -(-level.y1 >> height) - top
        grids.append(PrecinctGrid(left, top, columns, rows, width, height))
    return grids


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
    grids = tuple(
        (component, resolution, style.levels - resolution, grid)
        for component, style in enumerate(header.styles)
        for resolution, grid in enumerate(precinct_grids(style, tile))
    )
    if header.progression in (Progression.LRCP, Progression.RLCP):
        # Positions do not matter here: tiles with as many precincts share one layout.
        grids = tuple(
            (component, resolution, 0, PrecinctGrid(0, 0, grid.columns, grid.rows, 0, 0))
            for component, resolution, _, grid in grids
        )
        tile = Rectangle(0, 0, 0, 0)
    return _order_packets(header.progression, header.layers, grids, tile.x0, tile.y0)


# A file has a handful of tile shapes; a layout takes 20 bytes a packet.
@lru_cache(maxsize=64)
def _order_packets(
    progression: Progression,
    layers: int,
    grids: tuple[tuple[int, int, int, PrecinctGrid], ...],
    left: int,
    top: int,
) -> PacketLayout:
    parts = []
    for component, resolution, halvings, grid in grids:
        rows, columns = np.divmod(
            np.arange(grid.columns * grid.rows, dtype=np.int64), max(grid.columns, 1)
        )
        # Where a precinct starts on the reference grid, or the tile where it starts before.
        x = np.maximum((grid.left + columns) << (grid.width + halvings), left)
        y = np.maximum((grid.top + rows) << (grid.height + halvings), top)
        same = np.ones_like(rows)
        parts.append(np.stack([same * component, same * resolution, columns, rows, x, y]))
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
    known = {style: _needed_precincts(style, tile, window, reduction) for style in header.styles}
    bounds = np.zeros((len(header.styles), max(levels) + reduction + 1, 4), np.int64)
    for component, style in enumerate(header.styles):
        bounds[component, : style.levels + 1] = known[style]
    left, top, right, bottom = bounds[layout.component, layout.resolution].T
    across = (layout.column >= left) & (layout.column < right)
    return PacketNeeds(across & (layout.row >= top) & (layout.row < bottom), whole.places)


@lru_cache(maxsize=256)
def _whole_needs(layout: PacketLayout, levels: tuple[int, ...]) -> PacketNeeds:
    """The needs of a whole tile, of each component's resolutions up to ``levels``."""
    placed = layout.resolution <= np.array(levels)[layout.component]
    return PacketNeeds(placed, layout.by_layer[placed[layout.by_layer]])


def _needed_precincts(
    style: CodingStyle, tile: Rectangle, window: Rectangle, reduction: int
) -> list[tuple[int, int, int, int]]:
    """For each resolution, lowest first, the (left, top, right, bottom) of the precincts needed."""
    highest = style.levels - reduction
    needed = [(0, 0, 0, 0)] * (style.levels + 1)
    columns = (window.x0, window.x1)
    rows = (window.y0, window.y1)
    for resolution in range(highest, -1, -1):
        level = tile.reduced(style.levels - resolution)
        if level.empty:
            break
        width, height = style.precincts[resolution]
        if resolution == 0:
            left, right = columns[0] >> width, (columns[1] - 1 >> width) + 1
            top, bottom = rows[0] >> height, (rows[1] - 1 >> height) + 1
        else:
            columns, high_columns = needed_coefficients(
                columns, level.x0, level.x1, style.reversible
            )
            rows, high_rows = needed_coefficients(rows, level.y0, level.y1, style.reversible)
            left, right = _cells(columns, high_columns, width - 1)
            top, bottom = _cells(rows, high_rows, height - 1)
        first_column, first_row = level.x0 >> width, level.y0 >> height
        needed[resolution] = (
            left - first_column,
            top - first_row,
            right - first_column,
            bottom - first_row,
        )
    return needed


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
