"""Clipping polygons to a rectangle."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def clip_polygon(points: Points, low: tuple[float, float], high: tuple[float, float]) -> Points:
    """Keep what of a polygon lies in the rectangle from ``low`` to ``high``, both (x, y).

    ``points`` has the shape (corners, 2), closed or not. Parts of a concave polygon that come
    apart stay joined along the rectangle's edge. Empty where nothing is left. I. E. Sutherland and
    G. W. Hodgman, Reentrant Polygon Clipping, Communications of the ACM 17 (1974).
    """
    for axis in (0, 1):
        points = _keep_above(points, axis, low[axis])
        points = -_keep_above(-points, axis, -high[axis])
    return points


def _keep_above(points: Points, axis: int, bound: float) -> Points:
    """Keep the half-plane in which the coordinate ``axis`` is at least ``bound``."""
    if len(points) == 0:
        return points
    distance = points[:, axis] - bound
    inside = distance >= 0
    if inside.all():
        return points
    before = np.roll(points, 1, axis=0)
    distance_before = np.roll(distance, 1)
    crosses = inside != np.roll(inside, 1)
    share = np.divide(
        distance_before,
        distance_before - distance,
        out=np.zeros_like(distance),
        where=crosses,
    )
    crossing = before + share[:, np.newaxis] * (points - before)
    crossing[:, axis] = bound
    # Each edge gives where it crosses, then its end.
    both = np.stack([crossing, points], axis=1).reshape(-1, 2)
    kept: Points = both[np.stack([crosses, inside], axis=1).reshape(-1)]
    return kept
