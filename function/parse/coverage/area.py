"""The area of a coverage that is asked for, and how its pixels are laid over it."""

import math
from dataclasses import dataclass

import pyproj
from affine import Affine

from function.errors import InvalidSubsettingError
from function.grid import EDGE_POINTS, Grid
from function.parse.map_grid import LONLAT, MAX_COORDINATE, STEPS_A_PIXEL

Bounds = tuple[float, float, float, float]

# Degrees to a metre: 10 m are 0.0001 degrees, 11 m along a meridian. Round numbers survive being
# written with the six decimals of MapServer's descriptions; those of a true metre would not.
DEGREES_A_METRE = 1e-5

# Part of a pixel by which an edge may miss the coverage's own lines and still mean them.
ON_THE_LINE = 1e-4

MAX_SIZE = 2**31 - 1

HALF_A_TURN = 180.0


@dataclass(frozen=True, slots=True)
class Pixels:
    """How many pixels, or how large: ``size`` (width, height), else ``spacing`` (x, y) in the
    units of the output CRS, else ``factor`` (x, y) times as many as the coverage has by itself.
    """

    size: tuple[int, int] | None = None
    spacing: tuple[float, float] | None = None
    factor: tuple[float, float] = (1.0, 1.0)


def native_spacing(crs: str, resolution: float) -> float:
    """Pixel size of a coverage of ``resolution`` metres, in units of ``crs``."""
    return (
        resolution * DEGREES_A_METRE
        if pyproj.CRS.from_user_input(crs).is_geographic
        else (resolution)
    )


def lay(crs: str, bounds: Bounds, pixels: Pixels, resolution: float) -> Grid:
    """Lay the grid of an answer over ``bounds`` (west, south, east, north) in ``crs``.

    Pixels of the coverage's own ``resolution`` (metres), or of a multiple of it, lie on lines that
    are multiples of their size: those of the products themselves in UTM. They then cover the
    bounds and up to a pixel more. Raises InvalidSubsettingError for an area without pixels.
    """
    west, south, east, north = bounds
    if not all(map(math.isfinite, bounds)) or west >= east or south >= north:
        raise InvalidSubsettingError("the area asked for is empty, or lies outside of the CRS")
    spacing = native_spacing(crs, resolution)
    if pixels.size is not None:
        grid = _settled(Grid.from_bounds(crs, bounds, *pixels.size), spacing)
    elif pixels.spacing is not None:
        across, down = pixels.spacing
        width, height = _count(east - west, across), _count(north - south, down)
        laid = Grid(crs, Affine(across, 0.0, west, 0.0, -down, north), width, height)
        grid = _settled(laid, spacing)
    else:
        grid = _snap(crs, bounds, spacing / pixels.factor[0], spacing / pixels.factor[1])
    _check_steps(grid)
    return grid


def _settled(grid: Grid, spacing: float) -> Grid:
    """Give the coverage's own grid where ``grid`` is that, but for how clients round.

    A pixel would else be taken from beside now and then, where two are equally near.
    """
    own = _snap(grid.crs, grid.bounds, spacing, spacing)
    same = own.shape == grid.shape and all(
        abs(mine - theirs) < ON_THE_LINE * spacing
        for mine, theirs in zip(own.bounds, grid.bounds, strict=True)
    )
    return own if same else grid


def _snap(crs: str, bounds: Bounds, across: float, down: float) -> Grid:
    west, south, east, north = bounds
    first = math.floor(west / across + ON_THE_LINE)
    last = max(first + 1, math.ceil(east / across - ON_THE_LINE))
    upper = math.ceil(north / down - ON_THE_LINE)
    lower = min(upper - 1, math.floor(south / down + ON_THE_LINE))
    corner = _tidy(first * across), _tidy(upper * down)
    transform = Affine(across, 0.0, corner[0], 0.0, -down, corner[1])
    return Grid(crs, transform, last - first, upper - lower)


def _tidy(number: float) -> float:
    """Drop what multiplying left beyond a millionth of a metre or its degrees."""
    return round(number, 11)


def _count(length: float, spacing: float) -> int:
    return max(1, math.ceil(min(length / spacing, MAX_SIZE) - ON_THE_LINE))


def _check_steps(grid: Grid) -> None:
    step = math.ulp(max(map(abs, grid.bounds)))
    if min(grid.transform.a, -grid.transform.e) < STEPS_A_PIXEL * step:
        raise InvalidSubsettingError(
            f"the area is too small for {grid.width} x {grid.height} pixels"
        )
    if max(grid.transform.a, -grid.transform.e) > MAX_COORDINATE:
        raise InvalidSubsettingError("the pixels asked for are larger than the Earth")


def project_bounds(bounds: Bounds, source: str, target: str) -> Bounds:
    """Bounds in ``target`` around ``bounds`` in ``source``; not finite where there are none.

    Raises InvalidSubsettingError for an area across the antimeridian where ``target`` ends there.
    """
    if source == target:
        return bounds
    degrees = bounds if source == LONLAT else _transform(bounds, source, LONLAT)
    crosses = degrees[0] > degrees[2] or degrees[0] < -HALF_A_TURN or degrees[2] > HALF_A_TURN
    if crosses and _ends_at_antimeridian(target, min(degrees[1], degrees[3], key=abs)):
        raise InvalidSubsettingError("the area crosses the antimeridian; ask for each side")
    return _transform(bounds, source, target)


def _transform(bounds: Bounds, source: str, target: str) -> Bounds:
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    west, south, east, north = transformer.transform_bounds(*bounds, densify_pts=EDGE_POINTS)
    return west, south, east, north


def _ends_at_antimeridian(crs: str, latitude: float) -> bool:
    """Whether the two sides of the antimeridian lie apart in ``crs``, as they do not in UTM."""
    transformer = pyproj.Transformer.from_crs(LONLAT, crs, always_xy=True)
    sides = [transformer.transform(edge, latitude)[0] for edge in (-HALF_A_TURN, HALF_A_TURN)]
    return bool(abs(sides[0] - sides[1]) > 1)


def check_within(bounds: Bounds) -> None:
    """Raise InvalidSubsettingError for bounds of which the CRS has no point."""
    if not all(map(math.isfinite, bounds)):
        raise InvalidSubsettingError("the area asked for lies outside of the CRS")


def check_coordinates(key: str, numbers: Bounds) -> None:
    """Raise InvalidSubsettingError for numbers beyond any coordinate."""
    if not all(abs(number) <= MAX_COORDINATE for number in numbers):
        raise InvalidSubsettingError(f"{key} has a number beyond any coordinate")
