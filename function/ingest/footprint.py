"""The footprint of a product, from the positions that its metadata list."""

import math
from collections.abc import Iterator, Sequence

import pyproj

from function.ingest.errors import BrokenMetadataError

Position = tuple[float, float]  # longitude, latitude in degrees

HALF_TURN = 180.0
FULL_TURN = 360.0
POLE = 90.0
# A ring needs three corners.
LEAST_POSITIONS = 3
# Real outlines have up to some hundred. Each is looked at on the ground, some 20 µs.
MOST_NUMBERS = 20_000
# An edge is straight on the ground, not in degrees: at 80 degrees north the northern edge of a
# grid cell bends away from its chord by 1.4 km, and a map there would miss the scene. Points are
# added until an edge keeps within this many metres, ten pixels of 10 m.
EDGE_TOLERANCE = 100.0
GEOD = pyproj.Geod(ellps="WGS84")


def footprint_of(position_lists: Sequence[str]) -> str:
    """Turn lists of positions, each "latitude longitude latitude longitude …", into a footprint.

    Every list is the outline of a part (EXT_POS_LIST of Global_Footprint, in ESA's Sentinel-2
    Products Specification Document). The answer is WKT of a MULTIPOLYGON in EPSG:4326, longitude
    first, split at the antimeridian. It may touch or cross itself where an outline does. An
    outline that goes round a pole holds that pole.

    Raises:
        BrokenMetadataError: a list is no outline in degrees.
    """
    rings = [ring for text in position_lists for ring in _split(_outline(text))]
    if not rings:
        raise BrokenMetadataError("the footprint has no area")
    polygons = (
        "((" + ", ".join(f"{longitude!r} {latitude!r}" for longitude, latitude in ring) + "))"
        for ring in rings
    )
    return f"MULTIPOLYGON ({', '.join(polygons)})"


def _outline(text: str) -> list[Position]:
    """Read an outline: corners without the closing one, neighbours distinct."""
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError as error:
        raise BrokenMetadataError(f"the footprint holds what is no number: {error}") from error
    if len(numbers) > MOST_NUMBERS:
        raise BrokenMetadataError(f"the footprint has more than {MOST_NUMBERS // 2} corners")
    if len(numbers) % 2:
        raise BrokenMetadataError("the footprint has a latitude without a longitude")
    outline: list[Position] = []
    for latitude, longitude in zip(numbers[::2], numbers[1::2], strict=True):
        if not (abs(latitude) <= POLE and abs(longitude) <= HALF_TURN):
            raise BrokenMetadataError(f"the footprint leaves the Earth: {latitude} {longitude}")
        if not outline or outline[-1] != (longitude, latitude):
            outline.append((longitude, latitude))
    if len(outline) > 1 and outline[0] == outline[-1]:
        outline.pop()
    if len(outline) < LEAST_POSITIONS:
        raise BrokenMetadataError("the footprint has fewer than three corners")
    return outline


def _split(outline: Sequence[Position]) -> Iterator[list[Position]]:
    """Cut an outline at the antimeridian into closed rings within -180…180."""
    ring = _unwrapped(list(_along_ground(outline)))
    west = min(longitude for longitude, _ in ring)
    east = max(longitude for longitude, _ in ring)
    first_turn = math.floor((west + HALF_TURN) / FULL_TURN)
    last_turn = math.ceil((east - HALF_TURN) / FULL_TURN)
    for turn in range(first_turn, last_turn + 1):
        shifted = [(longitude - turn * FULL_TURN, latitude) for longitude, latitude in ring]
        part = _clip(_clip(shifted, -HALF_TURN, 1.0), HALF_TURN, -1.0)
        if len(part) >= LEAST_POSITIONS:
            yield [*part, part[0]]


def _along_ground(outline: Sequence[Position]) -> Iterator[Position]:
    """Add to each edge the points that keep it near its geodesic."""
    for start, end in zip(outline, [*outline[1:], outline[0]], strict=True):
        yield start
        longitude, latitude = GEOD.npts(*start, *end, 1)[0]
        turned = end[0] + FULL_TURN * round((start[0] - end[0]) / FULL_TURN)
        chord_longitude, chord_latitude = (start[0] + turned) / 2, (start[1] + end[1]) / 2
        _, _, deviation = GEOD.inv(longitude, latitude, chord_longitude, chord_latitude)
        # A piece's deviation falls with the square of its length.
        pieces = math.ceil(math.sqrt(deviation / EDGE_TOLERANCE))
        if pieces > 1:
            yield from GEOD.npts(*start, *end, pieces - 1)


def _unwrapped(ring: Sequence[Position]) -> list[Position]:
    """Let longitudes run on beyond ±180 instead of jumping there, and round a pole close there."""
    unwrapped = [ring[0]]
    for longitude, latitude in ring[1:]:
        before = unwrapped[-1][0]
        turns = round((before - longitude) / FULL_TURN)
        unwrapped.append((longitude + turns * FULL_TURN, latitude))
    first, last = unwrapped[0], unwrapped[-1]
    turn = FULL_TURN * round((last[0] - first[0]) / FULL_TURN)
    if turn:
        pole = math.copysign(POLE, sum(latitude for _, latitude in ring))
        end = first[0] + turn
        unwrapped += [(end, first[1]), (end, pole), (first[0], pole)]
    return unwrapped


def _clip(ring: Sequence[Position], meridian: float, side: float) -> list[Position]:
    """Keep what lies east (``side`` 1) or west (-1) of a meridian (Sutherland, Hodgman 1974)."""
    kept: list[Position] = []
    for start, end in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        before, after = (start[0] - meridian) * side, (end[0] - meridian) * side
        if before >= 0:
            kept.append(start)
        if before * after < 0:
            share = before / (before - after)
            kept.append((meridian, start[1] + share * (end[1] - start[1])))
    return kept if len({longitude for longitude, _ in kept}) > 1 else []
