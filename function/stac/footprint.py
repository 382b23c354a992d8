"""A scene's footprint as GeoJSON (RFC 7946)."""

import re
from itertools import pairwise
from typing import Any

import orjson

Position = list[float]
Ring = list[Position]
Polygons = list[list[Ring]]
Box = tuple[float, float, float, float]

FULL_TURN = 360.0
_POSITION = re.compile(r"([^\s(),]+) ([^\s(),]+)")
_BRACKETS = str.maketrans("()", "[]")


def read_footprint(text: str) -> Polygons:
    """Read WKT of a MULTIPOLYGON: its polygons, outer rings counterclockwise, holes clockwise."""
    coordinates = text[text.index("(") :]
    polygons: Polygons = orjson.loads(_POSITION.sub(r"[\1,\2]", coordinates).translate(_BRACKETS))
    return [
        [_wound(ring, anticlockwise=place == 0) for place, ring in enumerate(polygon)]
        for polygon in polygons
    ]


def geometry_of(polygons: Polygons) -> dict[str, Any]:
    """Write a Polygon, or a MultiPolygon where there are several."""
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def bounds_of(polygons: Polygons) -> Box:
    """Find (west, south, east, north); west > east across the antimeridian (RFC 7946, 5.2).

    Of all boxes it is the narrowest, so that what lies beside the antimeridian on both sides does
    not span the world.
    """
    spans = sorted(
        (min(x for x, _ in polygon[0]), max(x for x, _ in polygon[0])) for polygon in polygons
    )
    west, east = spans[0][0], max(last for _, last in spans)
    widest, reached = west + FULL_TURN - east, spans[0][1]
    for first, last in spans[1:]:
        if first - reached > widest:
            widest, west, east = first - reached, first, reached
        reached = max(reached, last)
    heights = [y for polygon in polygons for _, y in polygon[0]]
    return west, min(heights), east, max(heights)


def _wound(ring: Ring, *, anticlockwise: bool) -> Ring:
    steps = pairwise(ring)
    # The shoelace formula, about the first position so that small rings keep their digits.
    x, y = ring[0]
    area = sum((a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y) for a, b in steps)
    return ring if (area > 0) == anticlockwise else ring[::-1]
