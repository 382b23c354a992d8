"""Lines on the ground: rivers and roads, smoothed and drawn with soft edges."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from function.demo.noise import Field

Points = NDArray[np.float64]


def smoothed(points: Points, passes: int) -> Points:
    """Cut the corners of a polyline (Chaikin 1974); its ends stay. ``points`` is (n, columns)."""
    for _ in range(passes):
        start, end = points[:-1], points[1:]
        cut = np.empty((2 * len(start), points.shape[1]))
        cut[0::2] = 0.75 * start + 0.25 * end
        cut[1::2] = 0.25 * start + 0.75 * end
        points = np.concatenate([points[:1], cut, points[-1:]])
    return points


def draw(coverage: Field, points: Points) -> None:
    """Draw a polyline into ``coverage``, 0…1 of each pixel.

    ``points`` rows are (row, column, half width), all in pixels.
    """
    for start, end in pairwise(points):
        _draw_segment(coverage, start, end)


def _draw_segment(coverage: Field, start: Points, end: Points) -> None:
    reach = max(start[2], end[2]) + 1.0
    top, left = (int(max(0.0, min(start[a], end[a]) - reach)) for a in (0, 1))
    bottom, right = (
        int(min(coverage.shape[a] - 1.0, max(start[a], end[a]) + reach)) + 1 for a in (0, 1)
    )
    if top >= bottom or left >= right:
        return
    rows = np.arange(top, bottom)[:, None] - start[0]
    columns = np.arange(left, right)[None, :] - start[1]
    along_row, along_column = end[0] - start[0], end[1] - start[1]
    length = along_row * along_row + along_column * along_column
    share = np.zeros((bottom - top, right - left))
    if length > 0:
        share = np.clip((rows * along_row + columns * along_column) / length, 0, 1)
    away_row, away_column = rows - share * along_row, columns - share * along_column
    distance = np.sqrt(away_row * away_row + away_column * away_column)
    half_width = start[2] + share * (end[2] - start[2])
    window = coverage[top:bottom, left:right]
    covered = np.clip(half_width + 0.5 - distance, 0, np.minimum(1, 2 * half_width))
    np.maximum(window, covered.astype(np.float32), out=window)


def wander(points: Points, across: Sequence[Field], strength: float) -> Points:
    """Displace points by two noise fields (rows, columns), as water and old roads do."""
    moved = points.copy()
    rows = np.clip(points[:, 0].astype(np.intp), 0, across[0].shape[0] - 1)
    columns = np.clip(points[:, 1].astype(np.intp), 0, across[0].shape[1] - 1)
    for axis, field in enumerate(across):
        moved[:, axis] += strength * field[rows, columns]
    return moved
