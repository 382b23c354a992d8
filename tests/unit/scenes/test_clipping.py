"""Clipping polygons: within the rectangle, what was inside stays inside, and nothing else."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from function.scenes.clipping import Points, clip_polygon, edges_meet, surrounds

LOW, HIGH = (-10.0, -5.0), (20.0, 15.0)
coordinate = st.integers(-1_000_000, 1_000_000) | st.integers(-40, 40)
polygon = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8, unique=True)


def is_inside(points: Points, x: float, y: float) -> bool:
    """Count the edges that a ray to the east crosses: inside where they are odd."""
    crossed = 0
    for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            crossed += 1
    return crossed % 2 == 1


def distance_to_edges(points: Points, x: float, y: float) -> float:
    along = np.roll(points, -1, axis=0) - points
    lengths = np.einsum("ij,ij->i", along, along)
    towards = np.array([x, y]) - points
    share = np.einsum("ij,ij->i", towards, along) / np.where(lengths > 0, lengths, 1.0)
    nearest = points + share.clip(0.0, 1.0)[:, np.newaxis] * along
    return float(np.hypot(*(nearest - [x, y]).T).min())


@given(polygon, st.floats(-9.99, 19.99), st.floats(-4.99, 14.99))
def test_what_lies_in_the_rectangle_is_kept_and_nothing_is_added(
    corners: list[tuple[int, int]], x: float, y: float
) -> None:
    points = np.array(corners, np.float64)
    assume(distance_to_edges(points, x, y) > 1e-6)
    clipped = clip_polygon(points, LOW, HIGH)
    if len(clipped):
        assert (clipped >= LOW).all()
        assert (clipped <= HIGH).all()
    assert is_inside(clipped, x, y) == is_inside(points, x, y)


def test_a_polygon_far_outside_leaves_nothing() -> None:
    square = np.array([(100.0, 100.0), (110.0, 100.0), (110.0, 110.0), (100.0, 110.0)])
    assert len(clip_polygon(square, LOW, HIGH)) == 0


def test_a_polygon_all_around_becomes_the_rectangle() -> None:
    square = np.array([(-1e7, -1e7), (1e7, -1e7), (1e7, 1e7), (-1e7, 1e7)])
    clipped = clip_polygon(square, LOW, HIGH)
    assert {tuple(point) for point in clipped} == {
        (x, y) for x in (LOW[0], HIGH[0]) for y in (LOW[1], HIGH[1])
    }


@given(polygon)
def test_a_rectangle_that_no_edge_meets_is_all_inside_or_all_outside(
    corners: list[tuple[int, int]],
) -> None:
    points = np.array(corners, np.float64)
    meets = edges_meet(points, LOW, HIGH)
    x, y = np.meshgrid(np.linspace(-9.9, 19.9, 5), np.linspace(-4.9, 14.9, 4))
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    if not meets:
        inside = {is_inside(points, *place) for place in places}
        assert inside == {surrounds(points, (5.0, 5.0))}
    else:
        # Some edge has a point in the rectangle: what is clipped has a corner on or in it.
        ends = np.roll(points, -1, axis=0)
        along = np.linspace(0.0, 1.0, 401)[:, np.newaxis, np.newaxis]
        every = (points * (1 - along) + ends * along).reshape(-1, 2)
        outside = np.maximum(np.maximum(LOW - every, every - HIGH), 0.0).max(axis=1)
        longest = np.hypot(*(ends - points).T).max()
        assert outside.min() <= longest / 400


@given(polygon, st.floats(-50, 50), st.floats(-50, 50))
def test_what_surrounds_a_place_has_it_inside(
    corners: list[tuple[int, int]], x: float, y: float
) -> None:
    points = np.array(corners, np.float64)
    assume(distance_to_edges(points, x, y) > 1e-6)
    assert surrounds(points, (x, y)) == is_inside(points, x, y)
