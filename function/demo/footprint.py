"""The outline of a product's valid pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyproj

from function.demo.product import Product
from function.grid import Grid

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class SwathEdge:
    """The straight edge of a swath through (``x``, ``y``); ground to its west was seen.

    ``slope`` is how far the edge moves east for each unit that it moves north.
    """

    x: float
    y: float
    slope: float

    def inside(self, x: float, y: float) -> float:
        """Distance west of the edge, along x; negative where the swath does not reach."""
        return self.x + (y - self.y) * self.slope - x


def valid_ring(grid: Grid, edge: SwathEdge | None) -> Ring:
    """Cut ``grid`` at ``edge``; a closed ring in the grid's CRS (Sutherland and Hodgman 1974)."""
    west, south, east, north = grid.bounds
    corners = [(west, north), (east, north), (east, south), (west, south)]
    kept = corners if edge is None else _clip(corners, edge)
    return (*kept, kept[0])


def _clip(corners: Sequence[tuple[float, float]], edge: SwathEdge) -> list[tuple[float, float]]:
    kept = []
    for start, end in zip(corners, (*corners[1:], corners[0]), strict=True):
        before, after = edge.inside(*start), edge.inside(*end)
        if before >= 0:
            kept.append(start)
        if (before < 0) != (after < 0):
            share = before / (before - after)
            kept.append(
                (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            )
    return kept


def lat_lon_list(product: Product) -> str:
    """Write the outline as EXT_POS_LIST does: latitude and longitude in turn, in degrees."""
    transformer = pyproj.Transformer.from_crs(product.grid.crs, "EPSG:4326")
    positions = (transformer.transform(x, y) for x, y in product.outline)
    # Seven decimals are a centimetre, and the same on every version of PROJ.
    return "".join(f"{latitude:.7f} {longitude:.7f} " for latitude, longitude in positions)
