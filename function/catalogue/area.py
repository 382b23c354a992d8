"""The box in degrees that a request's grid lies in."""

import math
from dataclasses import dataclass

from function.grid import Grid

POLE = 90.0
ANTIMERIDIAN = 180.0
FULL_TURN = 360.0
# EPSG:3857 is a cylinder's surface, so that a grid may be wider than the world: 2 pi times the
# radius of its sphere, less a millimetre for what a client rounded.
WEB_MERCATOR = "EPSG:3857"
WEB_MERCATOR_WORLD = 2 * math.pi * 6378137.0 - 0.001


@dataclass(frozen=True, slots=True)
class Area:
    """Degrees within -180…180 and -90…90; west > east means across the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def area_of(grid: Grid) -> Area | None:
    """Find the box that ``grid`` lies in; None where no part of it is on the Earth."""
    west, south, east, north = grid.bounds_lonlat()
    if not all(math.isfinite(edge) for edge in (west, south, east, north)):
        return None
    south, north = max(south, -POLE), min(north, POLE)
    if south > north:
        return None
    if east - west >= FULL_TURN or _rounds_web_mercator(grid):
        return Area(-ANTIMERIDIAN, south, ANTIMERIDIAN, north)
    return Area(_within_turn(west), south, _within_turn(east), north)


def _within_turn(longitude: float) -> float:
    if -ANTIMERIDIAN <= longitude <= ANTIMERIDIAN:
        return longitude
    return (longitude + ANTIMERIDIAN) % FULL_TURN - ANTIMERIDIAN


def _rounds_web_mercator(grid: Grid) -> bool:
    west, _, east, _ = grid.bounds
    return grid.crs == WEB_MERCATOR and east - west >= WEB_MERCATOR_WORLD
