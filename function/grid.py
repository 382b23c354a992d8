"""The grid of pixels that a request asks for, or that an image lies on."""

import math
from dataclasses import dataclass
from functools import lru_cache

import pyproj
from affine import Affine

# Points added to each edge before it is projected: with 21 the footprint of a whole UTM zone in
# lon/lat is within a few metres of the true curve, at 0.1 ms.
EDGE_POINTS = 21

# Of a sphere as large as the Earth (the mean radius of IUGG).
EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels of equal size in one coordinate reference system.

    ``crs`` is an authority code such as ``EPSG:32629``. ``transform`` maps pixel corners
    (column, row) to (x, y), always x = east or longitude first, whatever the axis order of the
    CRS. ``width`` and ``height`` count pixels.
    """

    crs: str
    transform: Affine
    width: int
    height: int

    @classmethod
    def from_bounds(
        cls, crs: str, bounds: tuple[float, float, float, float], width: int, height: int
    ) -> "Grid":
        """Lay ``width`` × ``height`` pixels over ``bounds`` = (west, south, east, north)."""
        west, south, east, north = bounds
        transform = Affine((east - west) / width, 0.0, west, 0.0, (south - north) / height, north)
        return cls(crs, transform, width, height)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) of a north-up grid, in units of the CRS."""
        east, south = self.transform @ (self.width, self.height)
        return self.transform.c, south, east, self.transform.f

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), the shape of an array on this grid."""
        return self.height, self.width

    def centre_of(self, column: int, row: int) -> tuple[float, float]:
        """(x, y) of the centre of a pixel, in units of the CRS."""
        x, y = self.transform @ (column + 0.5, row + 0.5)
        return x, y

    def lonlat_of(self, column: int, row: int) -> tuple[float, float]:
        """Longitude and latitude of the centre of a pixel; not finite where it has none."""
        x, y = self.centre_of(column, row)
        if self.crs == "EPSG:4326":
            return x, y
        longitude, latitude = _to_lonlat(self.crs).transform(x, y)
        return longitude, latitude

    def square_kilometres(self) -> float:
        """The area of the box in degrees that the grid lies in; 0 where that is not on the Earth.

        Off by up to half a percent, for it is taken on a sphere.
        """
        west, south, east, north = self.bounds_lonlat()
        if not all(math.isfinite(edge) for edge in (west, south, east, north)):
            return 0.0
        degrees = min(east - west + (360.0 if west > east else 0.0), 360.0)
        low, high = (math.sin(math.radians(max(-90.0, min(90.0, edge)))) for edge in (south, north))
        return EARTH_RADIUS_KM**2 * math.radians(degrees) * (high - low)

    def bounds_lonlat(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in degrees, EPSG:4326; west > east across the antimeridian.

        Not finite where no part of the grid can be projected.
        """
        if self.crs == "EPSG:4326":
            return self.bounds
        return _to_lonlat(self.crs).transform_bounds(*self.bounds, densify_pts=EDGE_POINTS)


@lru_cache(maxsize=256)
def _to_lonlat(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
