"""Tiles and what they cover, on the reference grid and on those of resolution levels (annex B).

Every coordinate is absolute; components are not subsampled.
"""

from dataclasses import dataclass
from typing import Self

from function.scenes.jpeg2000.codestream import Size


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
