"""The domain of a GetCoverage of WCS 1.1 (OGC 07-067r5, 10.2)."""

from function.errors import InvalidParameterError, InvalidSubsettingError
from function.grid import Grid
from function.layer import ArchiveLayer, Publication
from function.parse.coverage.area import (
    Bounds,
    Pixels,
    check_coordinates,
    check_within,
    lay,
    project_bounds,
)
from function.parse.coverage.numbers import read_length, read_number
from function.parse.coverage.reference_system import ReferenceSystem, read_reference_system
from function.parse.parameters import Parameters, shown

# Offsets of a grid that is not turned, with and without the zeros off the diagonal.
SIMPLE, FULL = 2, 4

# No longitude, however it is counted, has more degrees.
A_TURN = 360


def read_area_111(parameters: Parameters, layer: ArchiveLayer, publication: Publication) -> Grid:
    """Read BoundingBox, GridBaseCRS and GridOffsets.

    A BoundingBox with GridOffsets runs from the centre of the first pixel to that of the last, as
    points of a grid do: its corner is the origin, whatever GridOrigin says. Without offsets the
    answer has the coverage's own resolution.
    """
    system, bounds = _read_box(parameters, publication)
    base = parameters.find("GRIDBASECRS")
    target = system if base is None else read_reference_system("GridBaseCRS", base, publication)
    around = project_bounds(bounds, system.code, target.code)
    offsets = parameters.find("GRIDOFFSETS")
    if offsets is None:
        return lay(target.code, around, Pixels(), layer.resolution)
    check_within(around)
    across, down = _read_offsets(offsets, target)
    west, south, east, north = around
    columns, rows = round((east - west) / across), round((north - south) / down)
    edges = (
        west - across / 2,
        north - rows * down - down / 2,
        west + columns * across + across / 2,
        north + down / 2,
    )
    return lay(target.code, edges, Pixels(size=(columns + 1, rows + 1)), layer.resolution)


def _read_box(parameters: Parameters, publication: Publication) -> tuple[ReferenceSystem, Bounds]:
    text = parameters.require("BOUNDINGBOX")
    parts = text.split(",", 4)
    if len(parts) < 4:  # noqa: PLR2004
        raise InvalidParameterError(
            f"BoundingBox={shown(text)} is not minx,miny,maxx,maxy and the URN of a CRS"
        )
    named = parts[4] if len(parts) > 4 else "urn:ogc:def:crs:OGC:1.3:CRS84"  # noqa: PLR2004
    system = read_reference_system("BoundingBox", named.strip(), publication)
    first, second, third, fourth = (read_number("BoundingBox", part) for part in parts[:4])
    bounds = (first, second, third, fourth)
    check_coordinates("BoundingBox", bounds)
    if len(parts) == 4 and max(map(abs, bounds)) > A_TURN:  # noqa: PLR2004
        raise InvalidSubsettingError(
            f"BoundingBox={shown(text)} names no CRS at its end, and is no longitudes and latitudes"
        )
    if system.northing_first:
        bounds = (second, first, fourth, third)
    if bounds[0] > bounds[2] or bounds[1] > bounds[3]:
        raise InvalidSubsettingError("BoundingBox ends before it begins")
    return system, bounds


def _read_offsets(text: str, system: ReferenceSystem) -> tuple[float, float]:
    """Pixel size (x, y), above 0; the first pair of four belongs to the first axis."""
    numbers = [read_number("GridOffsets", part) for part in text.split(",")]
    if len(numbers) == FULL:
        # Row after row of the matrix; of a grid that is not turned one diagonal is 0.
        if numbers[0] == numbers[3] == 0:
            numbers = [numbers[1], numbers[2]]
        elif numbers[1] == numbers[2] == 0:
            numbers = [numbers[0], numbers[3]]
    if len(numbers) != SIMPLE or 0 in numbers:
        raise InvalidParameterError(
            f"GridOffsets={shown(text)} is not two sizes of a pixel, along the axes of the CRS"
        )
    first, second = (read_length("GridOffsets", repr(abs(number))) for number in numbers)
    return (second, first) if system.northing_first else (first, second)
