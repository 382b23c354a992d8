"""Polygons against a rectangle."""

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
    before = np.concatenate([points[-1:], points[:-1]])
    distance_before = np.concatenate([distance[-1:], distance[:-1]])
    crosses = inside != (distance_before >= 0)
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


def edges_meet(points: Points, low: tuple[float, float], high: tuple[float, float]) -> bool:
    """Tell whether an edge of a polygon reaches into the rectangle from ``low`` to ``high``.

    By separating axes: those of the rectangle, and each edge's normal.
    """
    ends = np.concatenate([points[1:], points[:1]])
    middle, reach = np.add(low, high) / 2, np.subtract(high, low) / 2
    near = ((np.maximum(points, ends) >= low) & (np.minimum(points, ends) <= high)).all(axis=1)
    if not near.any():
        return False
    along, towards = (ends - points)[near], middle - points[near]
    distance = np.abs(along[:, 0] * towards[:, 1] - along[:, 1] * towards[:, 0])
    shadow = np.abs(along[:, 0]) * reach[1] + np.abs(along[:, 1]) * reach[0]
    return bool((distance <= shadow).any())


def surrounds(points: Points, place: tuple[float, float]) -> bool:
    """Tell whether a polygon has ``place`` inside: a ray from there crosses its edges oddly."""
    ends = np.concatenate([points[1:], points[:1]])
    rising = (points[:, 1] > place[1]) != (ends[:, 1] > place[1])
    start, along = points[rising], (ends - points)[rising]
    crossing = start[:, 0] + (place[1] - start[:, 1]) / along[:, 1] * along[:, 0]
    return bool(np.count_nonzero(crossing > place[0]) % 2)
