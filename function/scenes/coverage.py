"""Which pixels of a grid a scene may fill, found without reading it."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray

from function.grid import Grid
from function.scene import Scene
from function.scenes.bounding import bounding_window
from function.scenes.clipping import Points, clip_polygon, edges_meet, surrounds
from function.scenes.decoder import PixelWindow
from function.scenes.ground import ground_resolution
from function.scenes.jpeg2000.memory import Memory
from function.scenes.projection import (
    LONLAT,
    Coordinates,
    apply,
    metres_a_unit,
    period,
    project,
)

Mask = NDArray[np.bool_]
# Points of closed polygons, x and y, in the CRS of a grid.
Rings = tuple[tuple[Coordinates, Coordinates], ...]

RING = re.compile(r"\(([^()]+)\)")
# Points on each edge of an outline: at 21 the edge of a whole UTM zone bends by metres between.
EDGE_POINTS = 21
# How far data may reach beyond the product's own footprint, in metres: up to 300 m were measured
# on a real product's swath edge, whose outline has a corner every 17 km. More would make scenes
# be read in vain along their edges.
FOOTPRINT_MARGIN = 400.0
# Outlines are drawn at whole pixels of a canvas, projected edges are chords, and a pixel of the
# grid lies up to 0.7 from the middle of the canvas's: two cover all three.
DRAWING_MARGIN = 2
# A wide margin is drawn coarsely: a canvas's pixel is this share of it, so that it grows by no
# more than a quarter, and a line's width does not grow with the zoom.
COARSENESS = 1 / 8


class Coverage:
    """Tells which pixels of a grid scenes may fill; scenes of one place share what is alike."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._areas: dict[Grid, _Area | None] = {}

    def possible_pixels(self, scene: Scene) -> Mask:
        """Tell which pixels of the grid (height, width) may get a value of ``scene``.

        Those near both its images' area and its footprint. It errs on the safe side: a pixel that
        is left out gets none, one that is not may still come out empty.
        """
        possible = np.zeros(self._grid.shape, np.bool_)
        area = self._area(scene.assets[0].grid) if scene.assets else None
        if area is not None:
            within = possible[area.window.slices]
            within[:] = area.possible
            if area.margin is not None:
                part = _part(self._grid, area.window)
                rings = _footprint_rings(scene.footprint, self._grid.crs)
                within &= _draw(rings, part, area.margin)
        return possible

    def _area(self, image: Grid) -> "_Area | None":
        if image not in self._areas:
            self._areas[image] = _find_area(image, self._grid)
        return self._areas[image]


@dataclass(frozen=True, slots=True, eq=False)
class _Area:
    """Where an image may lie in a grid, within a window of it.

    ``margin`` is that of footprints there, in pixels; None where nothing tells a pixel's size.
    """

    window: PixelWindow
    possible: Mask
    margin: float | None


def _find_area(image: Grid, grid: Grid) -> _Area | None:
    possible = _draw(_outline_rings(image, grid.crs), grid, 0.0)
    window = bounding_window(possible)
    if window is None:
        return None
    resolution = ground_resolution(grid, window, image.crs)
    margin = None
    if resolution is not None:
        margin = FOOTPRINT_MARGIN / (resolution * metres_a_unit(image.crs))
    return _Area(window, possible[window.slices].copy(), margin)


def _part(grid: Grid, window: PixelWindow) -> Grid:
    corner = grid.transform @ Affine.translation(window.column, window.row)
    return Grid(grid.crs, corner, window.width, window.height)


def _project_outline(image: Grid, crs: str) -> Rings | None:
    """Give the outline of an image in ``crs``."""
    corners = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)])
    columns, rows = corners.T * np.array([[image.width], [image.height]])
    outline = np.stack(apply(image.transform, columns, rows), axis=1)
    return _project_rings([outline], image.crs, crs)


def _project_footprint(footprint: str, crs: str) -> Rings | None:
    """Give the rings of a MULTIPOLYGON. Holes are not told apart: they are taken as filled."""
    rings = [
        np.array([point.split()[:2] for point in ring.split(",")], np.float64)
        for ring in RING.findall(footprint)
    ]
    return _project_rings(rings, LONLAT, crs)


def _project_rings(rings: list[NDArray[Any]], source: str, target: str) -> Rings | None:
    """Bring rings (points, 2) from ``source`` to ``target``; None where that is no polygon."""
    turn = period(target)
    projected = []
    for ring in rings:
        x, y = project(source, target, *_densify(ring))
        if not np.isfinite(x).all():
            return None
        unbroken = x if turn is None else np.unwrap(x, period=turn)
        if turn is not None and abs(unbroken[-1] - unbroken[0]) > turn / 2:
            # It goes once around a pole.
            return None
        projected.append((unbroken, y))
    return tuple(projected)


def _bytes_of(rings: Rings | None, described: Grid | str, _crs: str) -> int:
    text = len(described) if isinstance(described, str) else 0
    return text + sum(x.nbytes + y.nbytes for x, y in rings or ())


# Of scenes that are shown again and again; 8 MB hold some 800 of 30 corners each.
_outline_rings = Memory(_project_outline, _bytes_of)
_footprint_rings = Memory(_project_footprint, _bytes_of)


def _draw(rings: Rings | None, grid: Grid, margin: float) -> Mask:
    """Fill ``rings`` in ``grid``, widened by ``margin`` pixels; all of it where that cannot be."""
    canvas = _Canvas(grid, margin)
    if rings is None or not all(_fill(canvas, *ring, grid) for ring in rings):
        return np.ones(grid.shape, np.bool_)
    return canvas.mask()


def _fill(canvas: "_Canvas", x: Coordinates, y: Coordinates, grid: Grid) -> bool:
    """Draw a ring on a canvas of ``grid``, wherever it repeats itself; False where it fills it."""
    for shift in _repetitions(x, grid, period(grid.crs), canvas.reach):
        columns, rows = apply(~grid.transform, x + shift, y)
        if not canvas.add(np.stack([columns, rows], axis=1)):
            return False
    return True


class _Canvas:
    """A picture of a grid, coarser where the margin is wide, on which polygons are drawn."""

    def __init__(self, grid: Grid, margin: float) -> None:
        self._grid = grid
        self._scale = max(1, int(margin * COARSENESS))
        shape = (-(-grid.height // self._scale), -(-grid.width // self._scale))
        self._pixels = np.zeros(shape, np.uint8)
        self._margin = math.ceil(DRAWING_MARGIN + margin / self._scale)
        # What is cut off lies farther out than the margin reaches.
        self._beyond = 2.0 * self._margin + 2.0

    @property
    def reach(self) -> float:
        """How far outside of the grid a polygon may lie and count, in pixels of the grid."""
        return self._beyond * self._scale

    def add(self, points: Points) -> bool:
        """Fill a polygon of ``points`` in pixels of the grid; False where that fills everything."""
        points = points / self._scale
        height, width = self._pixels.shape
        low = (-self._beyond, -self._beyond)
        high = (width + self._beyond, height + self._beyond)
        if not edges_meet(points, low, high):
            return not surrounds(points, (width / 2, height / 2))
        near = clip_polygon(points, low, high)
        if len(near):
            corners = np.round(near - 0.5).astype(np.int32)
            cv2.fillPoly(self._pixels, [corners], (1,))
            cv2.polylines(self._pixels, [corners], True, (1,), 2 * self._margin + 1)
        return True

    def mask(self) -> Mask:
        """Tell which pixels of the grid were drawn on."""
        drawn = self._pixels.view(np.bool_)
        if self._scale > 1:
            # A canvas of a single pixel may be much larger than the grid.
            drawn = drawn.repeat(min(self._scale, self._grid.width), axis=1)
            drawn = drawn.repeat(min(self._scale, self._grid.height), axis=0)
        return drawn[: self._grid.height, : self._grid.width]


def _densify(ring: NDArray[Any]) -> tuple[Coordinates, Coordinates]:
    """Set points on the straight edges of ``ring``, which bend when they are projected."""
    along = np.linspace(0.0, 1.0, EDGE_POINTS)[:-1, np.newaxis]
    edges = ring[:-1, np.newaxis] * (1.0 - along) + ring[1:, np.newaxis] * along
    points = np.concatenate([edges.reshape(-1, 2), ring[-1:]])
    return points[:, 0], points[:, 1]


def _repetitions(x: Coordinates, grid: Grid, turn: float | None, reach: float) -> Iterator[float]:
    """Give the whole turns after which points ``x`` may lie within ``reach`` pixels of ``grid``."""
    if turn is None:
        yield 0.0
        return
    corners = grid.transform.c + grid.transform.a * np.array([-reach, grid.width + reach])
    first = math.ceil((corners.min() - x.max()) / turn)
    last = math.floor((corners.max() - x.min()) / turn)
    for count in range(first, last + 1):
        yield count * turn
