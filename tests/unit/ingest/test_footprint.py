"""Footprints from positions: split, along the ground, and refused where they are none."""

import re
from itertools import pairwise

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.ingest.errors import BrokenMetadataError
from function.ingest.footprint import EDGE_TOLERANCE, footprint_of

Ring = list[tuple[float, float]]

T01WCP = (
    "65.69971321830725 180 65.67164974594573 178.6465068823454 66.65375557692569"
    " 178.47410712070305 66.68563378443203 180 66.70559979295736 -179.0443 65.721148445005"
    " -178.96619 65.69971321830725 180 "
)
T32TQM = (
    "42.426911995973605 11.430710453033498 42.39088066238852 12.763136432704886"
    " 41.40403474612011 12.705562298541299 41.43884624479472 11.393460776835221"
    " 42.426911995973605 11.430710453033498 "
)


def rings(wkt: str) -> list[Ring]:
    """Parse a MULTIPOLYGON without holes."""
    assert wkt.startswith("MULTIPOLYGON (((")
    return [
        [(float(x), float(y)) for x, y in (pair.split() for pair in text.split(", "))]
        for text in re.findall(r"\(\(([^()]*)\)\)", wkt)
    ]


def area(ring: Ring) -> float:
    """Twice the area in square degrees, by the shoelace formula."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring)))


def test_a_small_outline_is_kept_as_it_is() -> None:
    wkt = footprint_of(["53 -9 53 -8.99 52.99 -8.99 52.99 -9 53 -9 "])
    assert wkt == "MULTIPOLYGON (((-9.0 53.0, -8.99 53.0, -8.99 52.99, -9.0 52.99, -9.0 53.0)))"


def test_an_open_outline_is_closed_and_repeats_are_dropped() -> None:
    assert footprint_of(["53 -9 53 -9 53 -8.99 52.99 -8.99 52.99 -9"]) == footprint_of(
        ["53 -9 53 -8.99 52.99 -8.99 52.99 -9 53 -9"]
    )


def test_every_list_is_a_part() -> None:
    assert len(rings(footprint_of(["0 0 0 1 1 1", "10 10 10 11 11 11"]))) == 2


def test_the_listed_positions_stay() -> None:
    (ring,) = rings(footprint_of([T32TQM]))
    numbers = [float(word) for word in T32TQM.split()]
    assert {*zip(numbers[1::2], numbers[::2], strict=True)} <= {*ring}


@pytest.mark.parametrize("positions", [T32TQM, T01WCP])
def test_edges_keep_to_the_ground(positions: str) -> None:
    """Chords in degrees stay within the tolerance of the geodesics between listed positions."""
    geod = pyproj.Geod(ellps="WGS84")
    numbers = [float(word) for word in positions.split()]
    corners = list(zip(numbers[1::2], numbers[::2], strict=True))
    points = [point for ring in rings(footprint_of([positions])) for point in ring]
    for start, end in pairwise(corners):
        if abs(_turn(start[0] - end[0])) < 0.3:
            continue  # along a meridian a latitude says nothing
        for longitude, latitude in geod.npts(*start, *end, 50):
            chords = [
                y0 + (y1 - y0) * (longitude - x0) / (x1 - x0)
                for (x0, y0), (x1, y1) in pairwise(points)
                if abs(x1 - x0) > 1e-6 and (x0 - longitude) * (x1 - longitude) <= 0
            ]
            metres = min(abs(latitude - chord) for chord in chords) * 111_200
            assert metres < EDGE_TOLERANCE * 1.5


def _turn(degrees: float) -> float:
    return (degrees + 180) % 360 - 180


def test_a_real_outline_across_the_antimeridian_is_split() -> None:
    parts = rings(footprint_of([T01WCP]))
    west, east = sorted(parts, key=lambda ring: ring[0][0])[::-1]
    assert (min(x for x, _ in west), max(x for x, _ in west)) == (178.47410712070305, 180.0)
    assert (min(x for x, _ in east), max(x for x, _ in east)) == (-180.0, -178.96619)
    for ring in parts:
        assert sorted(y for x, y in ring[:-1] if abs(x) == 180) == pytest.approx(
            [65.69971321830725, 66.68563378443203]
        )


@given(
    west=st.integers(-180_000_000, 180_000_000).map(lambda millionths: millionths / 1e6),
    width=st.floats(0.01, 3.0),
    south=st.floats(-84, 80),
    height=st.floats(0.01, 3.0),
    clockwise=st.booleans(),
    first=st.integers(0, 3),
)
def test_a_box_anywhere_keeps_its_area_within_the_world(
    west: float, width: float, south: float, height: float, clockwise: bool, first: int
) -> None:
    corners = [
        (west, south), (west + width, south), (west + width, south + height), (west, south + height)
    ]  # fmt: skip
    corners = corners[first:] + corners[:first]
    if clockwise:
        corners.reverse()
    positions = " ".join(
        f"{latitude!r} {longitude - 360 if longitude > 180 else longitude!r}"
        for longitude, latitude in corners
    )
    parts = rings(footprint_of([positions]))
    assert len(parts) == (2 if west < 180 < west + width else 1)
    for ring in parts:
        assert ring[0] == ring[-1]
        assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in ring)
    # What the bent edges add at the pole's side they take at the other, within a percent or two.
    assert sum(map(area, parts)) == pytest.approx(2 * width * height, rel=0.05)


@given(
    latitude=st.floats(60, 89) | st.floats(-89, -60),
    first=st.integers(-180_000_000, 179_999_999).map(lambda millionths: millionths / 1e6),
    clockwise=st.booleans(),
)
def test_an_outline_round_a_pole_holds_all_up_to_it(
    latitude: float, first: float, clockwise: bool
) -> None:
    longitudes = [_turn(first + step) for step in range(0, 360, 5)]
    if clockwise:
        longitudes.reverse()
    parts = rings(footprint_of([" ".join(f"{latitude!r} {each!r}" for each in longitudes)]))
    for ring in parts:
        assert ring[0] == ring[-1]
        assert all(-180 <= x <= 180 and abs(latitude) - 0.1 <= abs(y) <= 90 for x, y in ring)
    assert sum(map(area, parts)) == pytest.approx(2 * 360 * (90 - abs(latitude)), rel=0.01)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ("", "fewer than three corners"),
        ("0 0 1 1 0 0", "fewer than three corners"),
        ("0 0 1 1 0", "latitude without a longitude"),
        ("0 0 1 1 north 0", "no number"),
        ("91 0 1 1 0 0", "leaves the Earth"),
        ("0 181 1 1 0 0", "leaves the Earth"),
        ("nan 0 1 1 0 0", "leaves the Earth"),
        ("0 0 0 1 1 1 " * 3334, "more than 10000 corners"),
    ],
)
def test_what_is_no_outline_is_refused(positions: str, message: str) -> None:
    with pytest.raises(BrokenMetadataError, match=message):
        footprint_of([positions])


def test_no_outline_at_all_is_refused() -> None:
    with pytest.raises(BrokenMetadataError, match="no area"):
        footprint_of([])
