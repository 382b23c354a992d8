"""The area of an item search: ``bbox`` or ``intersects``, as a GeoJSON geometry in degrees."""

import math
from collections.abc import Sequence
from typing import Any

import orjson

from function.errors import InvalidParameterError, LimitExceededError

# The outline of a country to a kilometre has a few hundred.
MAX_POSITIONS = 1000
LONGITUDE, LATITUDE = 180.0, 90.0
SIDES = ((4, (0, 1, 2, 3)), (6, (0, 1, 3, 4)))
POSITION = (2, 3)
# RFC 7946, 3.1.4 and 3.1.6.
LEAST_OF_LINE, LEAST_OF_RING = 2, 4
# How deep positions lie in the coordinates, RFC 7946, 3.1.
DEPTHS = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2,
    "MultiPolygon": 3,
}  # fmt: skip
COLLECTION = "GeometryCollection"


def read_bbox(given: object) -> str:
    """Read [west, south, east, north], or six numbers with heights, which scenes do not have.

    West of more than east is a box across the antimeridian (RFC 7946, 5.2). Raises
    InvalidParameterError.
    """
    if not isinstance(given, list) or not all(map(_is_number, given)):
        raise InvalidParameterError("bbox is not a list of numbers")
    sides = dict(SIDES).get(len(given))
    if sides is None:
        raise InvalidParameterError(f"bbox has {len(given)} numbers, not four or six")
    west, south, east, north = (float(given[place]) for place in sides)
    _check_place(west, south, "bbox")
    _check_place(east, north, "bbox")
    if south > north:
        raise InvalidParameterError("bbox has its south above its north")
    spans = [(west, east)] if west <= east else [(west, LONGITUDE), (-LONGITUDE, east)]
    rings = [
        [[[first, south], [last, south], [last, north], [first, north], [first, south]]]
        for first, last in spans
    ]
    return orjson.dumps({"type": "MultiPolygon", "coordinates": rings}).decode()


def read_geometry(given: object) -> str:
    """Check a GeoJSON geometry and write it anew, without heights or foreign members.

    Raises InvalidParameterError for what is none, LimitExceededError for one of too many
    positions.
    """
    if not isinstance(given, dict):
        raise InvalidParameterError("intersects is not a GeoJSON geometry")
    positions = 0
    if given.get("type") == COLLECTION:
        parts = given.get("geometries")
        if not isinstance(parts, list) or not parts:
            raise InvalidParameterError("intersects has no list of geometries")
        read = [_read_simple(part) for part in parts]
        geometry: dict[str, Any] = {"type": COLLECTION, "geometries": read}
        positions = sum(_count(part["coordinates"]) for part in read)
    else:
        geometry = _read_simple(given)
        positions = _count(geometry["coordinates"])
    if positions > MAX_POSITIONS:
        raise LimitExceededError(
            f"intersects has {positions} positions, at most {MAX_POSITIONS} are allowed"
        )
    return orjson.dumps(geometry).decode()


def _read_simple(given: object) -> dict[str, Any]:
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(kind, str) or kind not in DEPTHS:
        raise InvalidParameterError(
            f"intersects is not a GeoJSON geometry: {', '.join(DEPTHS)} or a {COLLECTION} of them"
        )
    coordinates = _read_coordinates(given.get("coordinates"), DEPTHS[kind])
    if kind.endswith("LineString"):
        _check_lengths([coordinates] if kind == "LineString" else coordinates, LEAST_OF_LINE)
    elif kind.endswith("Polygon"):
        for polygon in [coordinates] if kind == "Polygon" else coordinates:
            _check_lengths(polygon, LEAST_OF_RING)
            if any(ring[0] != ring[-1] for ring in polygon):
                raise InvalidParameterError("intersects has a ring that is not closed")
    return {"type": kind, "coordinates": coordinates}


def _read_coordinates(given: object, depth: int) -> Any:
    if not isinstance(given, list) or not given:
        raise InvalidParameterError("intersects has no list where there should be coordinates")
    if depth:
        return [_read_coordinates(part, depth - 1) for part in given]
    if len(given) not in POSITION or not all(map(_is_number, given)):
        raise InvalidParameterError("intersects has a position that is not two or three numbers")
    _check_place(given[0], given[1], "intersects")
    return [float(given[0]), float(given[1])]


def _check_lengths(lines: Sequence[Sequence[object]], least: int) -> None:
    if any(len(line) < least for line in lines):
        raise InvalidParameterError(
            f"intersects has a line or a ring of fewer than {least} positions"
        )


def _check_place(longitude: float, latitude: float, name: str) -> None:
    if abs(longitude) > LONGITUDE or abs(latitude) > LATITUDE:
        raise InvalidParameterError(
            f"{name} leaves the Earth: longitudes are -180 to 180, then latitudes -90 to 90"
        )


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)


def _count(coordinates: Any) -> int:
    if not isinstance(coordinates[0], list):
        return 1
    return sum(map(_count, coordinates))
