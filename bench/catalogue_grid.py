"""Sentinel-2's grid cells and swaths, computed: MGRS squares over land, descending orbits.

Land is a few dozen boxes, so that there are as many cells as the real archive has, about where
they are. An orbit is a circle at Sentinel-2's inclination over a turning Earth (Sentinel-2 User
Handbook, ESA 2015, 2.1): 143 of them in ten days, each satellite five days after the other.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyproj

ORBITS = 143
CYCLE_DAYS = 10
INCLINATION = math.radians(98.62)
HALF_SWATH = 145_000.0  # metres
DEGREE = 111_195.0  # metres of a great circle
CELL = 109_800.0  # metres a side, from corners at whole 100 km
SQUARE = 100_000.0
COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")
ROWS = "ABCDEFGHJKLMNPQRSTUV"
BANDS = "CDEFGHJKLMNPQRSTUVWX"

# (west, south, east, north) of what is mostly land.
LAND = (
    (-168, 54, -140, 71), (-140, 48, -60, 70), (-125, 30, -68, 50), (-115, 15, -85, 32),
    (-90, 8, -77, 18), (-85, 17, -60, 23), (-125, 68, -62, 83), (-60, 60, -18, 83),
    (-80, -18, -35, 11), (-75, -40, -48, -18), (-76, -55, -63, -40), (-25, 63, -13, 67),
    (-11, 36, 30, 60), (4, 56, 32, 71), (8, 76, 33, 81), (25, 30, 60, 70), (-18, 4, 50, 37),
    (8, -35, 42, 5), (43, -26, 51, -12), (35, 12, 60, 37), (60, 8, 90, 75), (90, 20, 125, 77),
    (92, 5, 110, 22), (95, -10, 130, 7), (118, 5, 127, 20), (125, 30, 146, 60), (125, 50, 180, 74),
    (-180, 63, -168, 70), (130, -12, 155, 0), (113, -39, 154, -11), (145, -44, 149, -40),
    (166, -47, 179, -34), (163, -23, 180, -14),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A grid cell's name and the ring of its corners in degrees, not split at 180."""

    name: str
    ring: tuple[tuple[float, float], ...]


def cells() -> Iterator[Cell]:
    """List the cells over land, zone by zone."""
    for zone in range(1, 61):
        for north in (True, False):
            yield from _cells_of_zone(zone, north)


def swath(orbit: int) -> list[tuple[float, float]]:
    """Give the ring of a descending orbit's swath, in degrees; longitudes pass -180 or 180."""
    west, east = [], []
    for step in range(141):
        # What lies in the light of a descending orbit: 82 degrees north to 58 south.
        latitude = math.radians(82.0 - step)
        along = math.asin(max(-1.0, min(1.0, math.sin(latitude) / math.sin(INCLINATION))))
        drift = math.degrees(along) / 360 * (360 * CYCLE_DAYS / ORBITS)
        bend = math.degrees(math.atan2(math.cos(INCLINATION) * math.sin(along), math.cos(along)))
        centre = -360.0 / ORBITS * orbit - bend + drift
        half = HALF_SWATH / DEGREE / math.cos(latitude)
        west.append((centre - half, math.degrees(latitude)))
        east.append((centre + half, math.degrees(latitude)))
    middle = west[70][0]
    turn = -360.0 * math.floor((middle + 180.0) / 360.0)
    return [(longitude + turn, latitude) for longitude, latitude in west + east[::-1] + west[:1]]


def _cells_of_zone(zone: int, north: bool) -> Iterator[Cell]:
    code = (32600 if north else 32700) + zone
    to_degrees = pyproj.Transformer.from_crs(code, 4326, always_xy=True)
    eastings, northings = np.meshgrid(
        np.arange(1, 9) * SQUARE,
        np.arange(0, 95) * SQUARE if north else np.arange(37, 100) * SQUARE,
    )
    corners = [
        np.stack(to_degrees.transform(eastings + right * CELL, northings + up * CELL), axis=-1)
        for right, up in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    centres = np.mean(corners, axis=0)
    middle = zone * 6 - 183
    for place in np.ndindex(eastings.shape):
        longitude, latitude = centres[place]
        from_middle = (longitude - middle + 180) % 360 - 180
        if abs(from_middle) > 3.0 or not _is_land(longitude, latitude):
            continue
        name = _name(zone, eastings[place], northings[place], latitude)
        ring = [tuple(map(float, corner[place])) for corner in corners]
        # All corners on the side of the first: a cell may pass 180.
        around = [(x - 360 * round((x - ring[0][0]) / 360), y) for x, y in ring]
        yield Cell(name, (*around, around[0]))


def _is_land(longitude: float, latitude: float) -> bool:
    return any(w <= longitude <= e and s <= latitude <= n for w, s, e, n in LAND)


def _name(zone: int, easting: float, northing: float, latitude: float) -> str:
    band = BANDS[min(19, int((latitude + 80) // 8))]
    column = COLUMNS[(zone - 1) % 3][int(easting // SQUARE) - 1]
    row = ROWS[(int(northing // SQUARE) + (5 if zone % 2 == 0 else 0)) % 20]
    return f"{zone:02d}{band}{column}{row}"
