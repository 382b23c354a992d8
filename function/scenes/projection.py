"""Exact transformations between reference systems, made once and shared by all threads."""

from functools import lru_cache
from typing import Any

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray

Coordinates = NDArray[np.floating[Any]]

LONLAT = "EPSG:4326"
# Of WGS 84, at the equator.
EARTH_RADIUS = 6_378_137.0


def project(
    source: str, target: str, x: Coordinates, y: Coordinates
) -> tuple[Coordinates, Coordinates]:
    """Transform points of CRS ``source`` to ``target``; x is always east or longitude.

    A point that has no image is NaN in both.
    """
    if source == target:
        return x, y
    east, north = transformer(source, target).transform(x, y)
    known = np.isfinite(east) & np.isfinite(north)
    return np.where(known, east, np.nan), np.where(known, north, np.nan)


def apply(
    transform: Affine, columns: Coordinates, rows: Coordinates
) -> tuple[Coordinates, Coordinates]:
    """Map arrays of positions by an affine transformation."""
    return (
        transform.a * columns + transform.b * rows + transform.c,
        transform.d * columns + transform.e * rows + transform.f,
    )


# 256: every pair of a UTM zone of the archive with the two or three systems that maps ask for.
@lru_cache(maxsize=256)
def transformer(source: str, target: str) -> pyproj.Transformer:
    """Make the transformer of a pair of systems (pyproj's are safe to share between threads)."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=256)
def period(crs: str) -> float | None:
    """Find after how many units of x a CRS repeats itself; None where it does not.

    Geographic systems do after a whole turn, and so do normal cylindrical projections.
    """
    definition = pyproj.CRS.from_user_input(crs)
    if definition.is_geographic:
        return 360.0
    operation = definition.coordinate_operation
    if operation is None or not _is_cylindrical(operation.method_name):
        return None
    meridian = next(
        (
            float(parameter.value)
            for parameter in operation.params
            if parameter.name == "Longitude of natural origin"
        ),
        0.0,
    )
    west, east = np.array([meridian, meridian + 90.0]), np.array([0.0, 0.0])
    x, _ = project(LONLAT, crs, west, east)
    return 4.0 * float(x[1] - x[0])


@lru_cache(maxsize=256)
def metres_a_unit(crs: str) -> float:
    """Give the length of a unit of x, on the equator where it is an angle."""
    definition = pyproj.CRS.from_user_input(crs)
    factor = float(definition.axis_info[0].unit_conversion_factor)
    return factor * EARTH_RADIUS if definition.is_geographic else factor


def _is_cylindrical(method: str) -> bool:
    normal = "Mercator" in method or "Cylindrical" in method
    return normal and "Transverse" not in method and "Oblique" not in method
