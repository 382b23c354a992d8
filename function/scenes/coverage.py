"""Which pixels of a grid a scene may fill, found without reading it."""

import math
import re
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scene import Scene
from function.scenes.clipping import clip_polygon
from function.scenes.decoder import PixelWindow
from function.scenes.ground import ground_resolution
from function.scenes.projection import (
    LONLAT,
    Coordinates,
    apply,
    metres_a_unit,
    period,
    project,
)

Mask = NDArray[np.bool_]

RING = re.compile(r"\(([^()]+)\)")
# Points on each edge of an outline: at 21 the edge of a whole UTM zone bends by metres between.
EDGE_POINTS = 21
# How far data may reach beyond the product's own footprint, in metres: up to 300 m were measured
# on a real product's swath edge, whose outline has a corner every 17 km. More would make scenes
# be read in vain along their edges.
FOOTPRINT_MARGIN = 400.0
# Outlines are drawn at whole pixels and projected edges are chords: two pixels cover both.
DRAWING_MARGIN = 2
# cv2's lines are 32767 wide at most; where a pixel is so small, a margin of 16000 is the map.
WIDEST_MARGIN = 16000


def possible_pixels(scene: Scene, grid: Grid) -> Mask:
    """Tell which pixels of ``grid`` (height, width) may get a value of ``scene``.

    Those near both its images' area and its footprint. It errs on the safe side: a pixel that is
    left out gets none, one that is not may still come out empty.
    """
    if not scene.assets:
        return np.zeros(grid.shape, np.bool_)
    image = scene.assets[0].grid
    possible = _draw([_outline(image)], image.crs, grid, DRAWING_MARGIN)
    window = bounding_window(possible)
    if window is None:
        return possible
    resolution = ground_resolution(grid, window, image.crs)
    if resolution is not None:
        margin = FOOTPRINT_MARGIN / (resolution * metres_a_unit(image.crs))
        possible &= _draw(_rings(scene.footprint), LONLAT, grid, DRAWING_MARGIN + margin)
    return possible


def bounding_window(mask: Mask) -> PixelWindow | None:
    """Find the smallest window that holds all of ``mask``; None where it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return PixelWindow(
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0] + 1),
        int(rows[-1] - rows[0] + 1),
    )


def _outline(grid: Grid) -> NDArray[np.float64]:
    """List the corners of ``grid``, (points, 2), closed, in its CRS."""
    corners = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)])
    columns, rows = corners.T * np.array([[grid.width], [grid.height]])
    return np.stack(apply(grid.transform, columns, rows), axis=1)


def _rings(wkt: str) -> list[NDArray[np.float64]]:
    """List the rings of a MULTIPOLYGON. Holes are not told apart: they are taken as filled."""
    return [
        np.array([point.split()[:2] for point in ring.split(",")], np.float64)
        for ring in RING.findall(wkt)
    ]


def _draw(rings: list[NDArray[np.float64]], crs: str, grid: Grid, margin: float) -> Mask:
    """Fill ``rings`` in ``grid``, widened by ``margin`` pixels; all of it where that cannot be."""
    canvas = np.zeros(grid.shape, np.uint8)
    turn = period(grid.crs)
    for ring in rings:
        x, y = project(crs, grid.crs, *_densify(ring))
        if not np.isfinite(x).all() or margin > WIDEST_MARGIN:
            return np.ones(grid.shape, np.bool_)
        if turn is not None:
            x = np.unwrap(x, period=turn)
            if abs(x[-1] - x[0]) > turn / 2:
                # It goes once around a pole.
                return np.ones(grid.shape, np.bool_)
        for shift in _repetitions(x, grid, turn):
            columns, rows = apply(~grid.transform, x + shift, y)
            # What is cut off lies farther out than the margin reaches.
            beyond = 2.0 * math.ceil(margin) + 2.0
            near = clip_polygon(
                np.stack([columns, rows], axis=1),
                (-beyond, -beyond),
                (grid.width + beyond, grid.height + beyond),
            )
            if len(near) == 0:
                continue
            corners = np.round(near - 0.5).astype(np.int32)
            cv2.fillPoly(canvas, [corners], (1,))
            cv2.polylines(canvas, [corners], True, (1,), thickness=2 * math.ceil(margin) + 1)
    return canvas.astype(np.bool_)


def _densify(ring: NDArray[np.float64]) -> tuple[Coordinates, Coordinates]:
    """Set points on the straight edges of ``ring``, which bend when they are projected."""
    along = np.linspace(0.0, 1.0, EDGE_POINTS)[:-1, np.newaxis]
    edges = ring[:-1, np.newaxis] * (1.0 - along) + ring[1:, np.newaxis] * along
    points = np.concatenate([edges.reshape(-1, 2), ring[-1:]])
    return points[:, 0], points[:, 1]


def _repetitions(x: Coordinates, grid: Grid, turn: float | None) -> Iterator[float]:
    """Give the whole turns after which points ``x`` may lie in ``grid`` again."""
    if turn is None:
        yield 0.0
        return
    corners = grid.transform.c + np.array([0.0, grid.transform.a * grid.width])
    first = math.ceil((corners.min() - x.max()) / turn)
    last = math.floor((corners.max() - x.min()) / turn)
    for count in range(first, last + 1):
        yield count * turn
