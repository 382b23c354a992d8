"""CRS, BBOX, WIDTH and HEIGHT of a GetMap: the grid of pixels it asks for."""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import pyproj

from function.errors import InvalidParameterError, LimitExceededError, UnknownCrsError
from function.grid import Grid
from function.layer import Publication
from function.parse.parameters import Parameters, shown
from function.parse.version import WMS_111, WMS_130

# Longitude first and otherwise the same as EPSG:4326 (OGC 06-042, annex B.2).
CRS_84 = "CRS:84"
LONLAT = "EPSG:4326"

# The Earth's girth in feet is 1.3e8; zone-numbered eastings stay below that too.
MAX_COORDINATE = 1e9

# MapServer draws nothing where double precision has fewer than some twenty steps to a pixel. At
# 64 a pixel in EPSG:3857 is still below a tenth of a micrometre.
STEPS_A_PIXEL = 64

# MapServer's extent runs from the middle of the first pixel to the middle of the last. From a
# single one it has no pixel size, and draws nothing.
SMALLEST_SIZE = 2

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MapGrid:
    """A grid, and the parameters that say the same to MapServer."""

    grid: Grid
    parameters: tuple[tuple[str, str], ...]


def read_map_grid(
    parameters: Parameters, version: str, publication: Publication, max_pixels: int
) -> MapGrid:
    """Read the grid of a GetMap.

    Raises MissingParameterError, UnknownCrsError, InvalidParameterError for a BBOX that is no
    area or a size that is no count, and LimitExceededError for a map that is too large.
    """
    key = "SRS" if version == WMS_111 else "CRS"
    asked = _read_crs(parameters, key, publication)
    crs = LONLAT if asked == CRS_84 else asked
    numbers = _read_numbers(parameters.require("BBOX"))
    northing_first = version == WMS_130 and asked != CRS_84 and is_northing_first(crs)
    bounds = _swapped(numbers) if northing_first else numbers
    width, height = _read_size(parameters, publication.max_size, max_pixels)
    grid = _lay(crs, bounds, width, height)
    stated = _swapped(bounds) if version == WMS_130 and is_northing_first(crs) else bounds
    return MapGrid(
        grid,
        (
            (key, crs),
            ("BBOX", ",".join(repr(number) for number in stated)),
            ("WIDTH", str(width)),
            ("HEIGHT", str(height)),
        ),
    )


@lru_cache(maxsize=256)
def is_northing_first(crs: str) -> bool:
    """Whether the CRS's own first axis, which WMS 1.3.0 follows, is northing or latitude."""
    first = pyproj.CRS.from_user_input(crs).axis_info[0]
    return first.name.lower().startswith(("northing", "geodetic latitude"))


def _read_crs(parameters: Parameters, key: str, publication: Publication) -> str:
    text = parameters.require(key)
    code = text.upper()
    if code not in publication.crs_codes:
        raise UnknownCrsError(
            f"{key}={shown(text)} is not offered; the capabilities list the codes that are"
        )
    return code


def _read_numbers(text: str) -> tuple[float, float, float, float]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):  # noqa: PLR2004
        raise InvalidParameterError(f"BBOX={shown(text)} is not four numbers: minx,miny,maxx,maxy")
    first, second, third, fourth = map(float, parts)
    if max(map(abs, (first, second, third, fourth))) > MAX_COORDINATE:
        raise InvalidParameterError(f"BBOX={shown(text)} has a number beyond any coordinate")
    if first >= third or second >= fourth:
        raise InvalidParameterError(
            f"BBOX={shown(text)} has no area: minx,miny must lie below maxx,maxy"
        )
    return first, second, third, fourth


def _swapped(
    numbers: tuple[float, float, float, float],
) -> tuple[float, float, float, float]:
    first, second, third, fourth = numbers
    return second, first, fourth, third


def _read_size(parameters: Parameters, max_size: int, max_pixels: int) -> tuple[int, int]:
    width, height = (_read_count(parameters, key, max_size) for key in ("WIDTH", "HEIGHT"))
    if width * height > max_pixels:
        raise LimitExceededError(
            f"a map of {width} x {height} pixels is too large: at most {max_pixels} pixels"
        )
    return width, height


def _read_count(parameters: Parameters, key: str, limit: int) -> int:
    text = parameters.require(key)
    if not _COUNT.fullmatch(text) or int(text) < SMALLEST_SIZE:
        raise InvalidParameterError(
            f"{key}={shown(text)} is no number of pixels, {SMALLEST_SIZE} to {limit}"
        )
    if int(text) > limit:
        raise LimitExceededError(f"{key}={text} is too large: at most {limit} pixels")
    return int(text)


def _lay(crs: str, bounds: tuple[float, float, float, float], width: int, height: int) -> Grid:
    """Lay the grid; refuse pixels too small to be told apart in double precision."""
    grid = Grid.from_bounds(crs, bounds, width, height)
    step = math.ulp(max(map(abs, bounds)))
    if min(grid.transform.a, -grid.transform.e) < STEPS_A_PIXEL * step:
        raise InvalidParameterError(f"BBOX is too small for {width} x {height} pixels")
    return grid
