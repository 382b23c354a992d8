"""Dividing a window into blocks of tiles that are decoded as one."""

from collections.abc import Iterator
from dataclasses import dataclass

from function.scenes.jpeg2000.codestream import Size
from function.scenes.jpeg2000.geometry import Rectangle, tile_area, tiles_within
from function.scenes.jpeg2000.partial import TileBlock

# Setting up a decoder costs as much as some 1000 samples: tiles that a reduction made small are
# joined up to blocks of this side, large enough for that and small enough to go parallel.
BLOCK_SIDE = 256


@dataclass(frozen=True, slots=True)
class WindowBlock:
    """Some tiles side by side, by number, and the part of a window that lies in them.

    ``window`` and ``block`` count samples of the reduced image.
    """

    tiles: tuple[int, ...]
    block: TileBlock
    window: Rectangle


def split_window(size: Size, window: Rectangle, reduction: int) -> Iterator[WindowBlock]:
    """Divide ``window``, which counts samples of the image reduced by ``reduction``."""
    columns, rows = tiles_within(size, window, reduction)
    # Only where every tile is halved evenly is the reduced image cut up evenly too. GDAL takes the
    # first tile of a codestream for a whole one, which an image's origin within it cuts.
    whole = (size.x0, size.y0) == (size.tile_x0, size.tile_y0)
    even = whole and not (size.tile_width | size.tile_height) & ((1 << reduction) - 1)
    across = max(BLOCK_SIDE // (size.tile_width >> reduction), 1) if even else 1
    down = max(BLOCK_SIDE // (size.tile_height >> reduction), 1) if even else 1
    for top in range(rows.start, rows.stop, down):
        for left in range(columns.start, columns.stop, across):
            block = _block(
                size,
                range(left, min(left + across, columns.stop)),
                range(top, min(top + down, rows.stop)),
                window,
                reduction,
            )
            if not block.window.empty:
                yield block


def _block(
    size: Size, columns: range, rows: range, window: Rectangle, reduction: int
) -> WindowBlock:
    tiles = tuple(row * size.tile_columns + column for row in rows for column in columns)
    first = tile_area(size, tiles[0]).reduced(reduction)
    last = tile_area(size, tiles[-1]).reduced(reduction)
    area = Rectangle(first.x0, first.y0, last.x1, last.y1)
    if len(tiles) == 1:
        block = TileBlock(area, area.x0, area.y0, area.x1 - area.x0, area.y1 - area.y0)
    else:
        x0 = size.tile_x0 + columns.start * size.tile_width
        y0 = size.tile_y0 + rows.start * size.tile_height
        origin = Rectangle(x0, y0, x0, y0).reduced(reduction)
        block = TileBlock(
            area,
            origin.x0,
            origin.y0,
            size.tile_width >> reduction,
            size.tile_height >> reduction,
        )
    return WindowBlock(tiles, block, window.intersection(area))
