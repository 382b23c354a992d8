"""The precincts of a tile, and its packets in the order of the codestream (annex B).

Every coordinate is absolute, on the reference grid or on that of a resolution level. Resolutions
are counted as the standard does: 0 is the lowest.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.codestream import CodingStyle, MainHeader, Progression
from function.scenes.jpeg2000.geometry import Rectangle
from function.scenes.jpeg2000.memory import Memory

# A coding style of five resolutions, with its precincts.
STYLE_BYTES = 512

# For each resolution, lowest first, the first precinct on one side of a tile, and how many.
Precincts = tuple[tuple[int, ...], tuple[int, ...]]


# The tiles of a row or column have one side in common, and all images of an archive their tiles.
@lru_cache(maxsize=4096)
def _precincts_along(style: CodingStyle, axis: int, start: int, end: int) -> Precincts:
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

    @property
    def nbytes(self) -> int:
        """The arrays' bytes: 20 a packet."""
        return self.component.nbytes * len(self.__slots__)


def packet_layout(header: MainHeader, tile: Rectangle) -> PacketLayout:
    """Put a tile's packets in the order of the header's progression (B.12)."""
    return _layouts(header.progression, header.layers, header.styles, tile)


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
    return _shapes(progression, layers, styles, across, down, left, top)


def _order_packets(
    progression: Progression,
    layers: int,
    styles: tuple[CodingStyle, ...],
    across: tuple[Precincts, ...],
    down: tuple[Precincts, ...],
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


def _bytes_by_tile(
    layout: PacketLayout,
    _order: Progression,
    _layers: int,
    styles: tuple[CodingStyle, ...],
    *_: object,
) -> int:
    return layout.nbytes + STYLE_BYTES * len(set(styles))


# By tile. The images of a product that are read most have 1849, 121, 81 and 100.
_layouts = Memory(_packet_layout, _bytes_by_tile)
# By a tile's shape, of which a file has a handful.
_shapes = Memory(_order_packets, _bytes_by_tile)
