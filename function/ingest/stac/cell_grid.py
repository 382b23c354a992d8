"""The grid that Sentinel-2's images of a grid cell lie on, from the cell's name alone.

A cell is a square of 109.8 km over one of the Military Grid Reference System (NGA.STND.0037), in
the UTM zone that its name begins with. Its corner is the square's upper left one, moved outwards to
a multiple of 60 m from the equator and the zone's false origin, so that images of 10, 20 and 60 m
all begin there.
"""

import re

from affine import Affine

from function.grid import Grid

CELL = re.compile(r"(?P<zone>\d\d)(?P<band>[C-X])(?P<column>[A-Z])(?P<row>[A-Z])")
COLUMNS = ("STUVWXYZ", "ABCDEFGH", "JKLMNPQR")  # of zones 3, 1 and 2, and so on by threes
ROWS = "ABCDEFGHJKLMNPQRSTUV"
EVEN_ZONE_ROWS = 5  # squares that the rows of even zones are moved by
BANDS = "CDEFGHJKLMNPQRSTUVWX"
EQUATOR = BANDS.index("N")
BAND_HEIGHT = 8.0  # degrees of latitude
DEGREE = 110_600.0  # metres of a meridian near the equator, the least there are
SQUARE = 100_000
CYCLE = SQUARE * len(ROWS)  # after which the letters of rows begin again
FALSE_NORTHING = 10_000_000
STEP = 60
SIZE = 109_800
RESOLUTIONS = frozenset({10, 20, 60})


def cell_grid(cell: str, resolution: int) -> Grid | None:
    """Give the grid of images at ``resolution`` metres; None where the name is no cell's."""
    match = CELL.fullmatch(cell)
    if match is None or resolution not in RESOLUTIONS:
        return None
    zone, band = int(match["zone"]), BANDS.find(match["band"])
    column = COLUMNS[zone % 3].find(match["column"])
    row = ROWS.find(match["row"])
    if not 1 <= zone <= 60 or min(band, column, row) < 0:  # noqa: PLR2004 - zones are numbered so
        return None
    east = (column + 1) * SQUARE
    top = _northing(band, (row - (EVEN_ZONE_ROWS if zone % 2 == 0 else 0)) % len(ROWS)) + SQUARE
    origin = 0 if band >= EQUATOR else FALSE_NORTHING
    left, upper = east // STEP * STEP, origin - (origin - top) // STEP * STEP
    size = SIZE // resolution
    crs = f"EPSG:{(32600 if band >= EQUATOR else 32700) + zone}"
    transform = Affine(float(resolution), 0.0, float(left), 0.0, -float(resolution), float(upper))
    return Grid(crs, transform, size, size)


def _northing(band: int, row: int) -> int:
    """Find the northing of a row's lower edge, the first one that reaches into the band."""
    south = (band - EQUATOR) * BAND_HEIGHT * DEGREE
    least = south + (0 if band >= EQUATOR else FALSE_NORTHING) - SQUARE
    northing = row * SQUARE
    while northing + SQUARE <= least:
        northing += CYCLE
    return northing
