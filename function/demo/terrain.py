"""Relief and water: hills that fall to a sea, lakes in the hollows, rivers that drain them."""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.demo.lines import Points, draw, smoothed, wander
from function.demo.noise import Field, enlarge, fractal, ramp, smooth

COARSE = 6  # pixels to a cell of the drainage: 60 m resolve a valley, and Python loops over them
MARGIN = 24  # cells around the ground, so that rivers enter it from beyond

SEA_LEVEL = 0.0
DRY = np.float32(-1000.0)  # the water level of a cell that no lake reaches
LAKE_DEPTH = 2.2  # metres a hollow must hold to be a lake: shallower ones have long silted up
SPRING = 900  # cells that feed a river worth drawing: 3 km²
HEIGHT = 52.0  # metres of the largest undulation: a young moraine landscape


@dataclass(frozen=True, slots=True)
class Terrain:
    """Fields on the ground's pixels.

    ``height`` in metres, ``depth`` of standing water in metres (0 on land), ``sea`` where that
    water is the sea, ``river`` the share of the pixel under running water, ``wetness`` 0…1 close
    to it.
    """

    height: Field
    depth: Field
    sea: NDArray[np.bool_]
    river: Field
    wetness: Field


@dataclass(frozen=True, slots=True)
class Drainage:
    """Water on the coarse cells: ``level`` it fills up to, ``receiver`` it runs on to."""

    level: NDArray[np.float64]
    receiver: NDArray[np.intp]
    area: NDArray[np.int64]


def make_terrain(seed: int, shape: tuple[int, int]) -> Terrain:
    """Raise the land and let water run over it."""
    coarse = _coarse_height(seed, shape)
    drainage = drain(coarse.astype(np.float64))
    roughness = fractal(seed + 1, shape, (24, 12, 6, 3), 0.45)
    height = _on_pixels(coarse, shape) + 1.6 * roughness
    lakes = _lake_level(coarse, drainage)
    level = np.repeat(np.repeat(lakes, COARSE, 0), COARSE, 1)[: shape[0], : shape[1]]
    sea = (height < SEA_LEVEL) & (level < SEA_LEVEL)
    depth = np.where(sea, SEA_LEVEL - height, np.maximum(level - height, 0)).astype(np.float32)
    river, wetness = _rivers(seed, shape, coarse, drainage)
    return Terrain(height, depth, sea, river, wetness)


def _coarse_height(seed: int, shape: tuple[int, int]) -> Field:
    rows, columns = (size // COARSE + 2 * MARGIN + 5 for size in shape)
    east = (np.arange(columns, dtype=np.float32) - MARGIN)[None, :] * np.float32(COARSE / shape[1])
    north = 1 - (np.arange(rows, dtype=np.float32) - MARGIN)[:, None] * np.float32(
        COARSE / shape[0]
    )
    undulation = fractal(seed, (rows, columns), (80, 40, 20, 10, 5), 0.6)
    fall = 62 - 74 * ramp(east + 0.2 * north, 0.4, 1.25)
    return np.asarray(fall - 24 + HEIGHT * undulation, np.float32)


def _on_pixels(coarse: Field, shape: tuple[int, int]) -> Field:
    return enlarge(
        np.ascontiguousarray(coarse[MARGIN - 1 :, MARGIN - 1 :]), (COARSE, COARSE), shape
    )


def drain(height: NDArray[np.float64]) -> Drainage:
    """Fill hollows and route water from the edge inwards (Barnes et al. 2014, priority flood)."""
    rows, columns = height.shape
    surface = height.reshape(-1).tolist()
    level = [float("nan")] * len(surface)
    receiver = list(range(len(surface)))
    border = {
        row * columns + column
        for row in range(rows)
        for column in range(columns)
        if row in (0, rows - 1) or column in (0, columns - 1)
    }
    queue = [(surface[cell], cell) for cell in sorted(border)]
    seen = [cell in border for cell in range(len(surface))]
    heapq.heapify(queue)
    order = []
    while queue:
        filled, cell = heapq.heappop(queue)
        level[cell] = filled
        order.append(cell)
        for neighbour in _neighbours(cell, rows, columns):
            if not seen[neighbour]:
                seen[neighbour] = True
                receiver[neighbour] = cell
                heapq.heappush(queue, (max(filled, surface[neighbour]), neighbour))
    area = [1] * len(surface)
    for cell in reversed(order):
        if receiver[cell] != cell:
            area[receiver[cell]] += area[cell]
    return Drainage(
        np.array(level).reshape(height.shape),
        np.array(receiver, np.intp),
        np.array(area, np.int64).reshape(height.shape),
    )


def _neighbours(cell: int, rows: int, columns: int) -> list[int]:
    row, column = divmod(cell, columns)
    return [
        (row + down) * columns + column + right
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
        if 0 <= row + down < rows and 0 <= column + right < columns
    ]


def _lake_level(coarse: Field, drainage: Drainage) -> Field:
    """Water level around every lake, far below ground elsewhere; cropped to the ground."""
    level = drainage.level.astype(np.float32)
    deep = (level - coarse > LAKE_DEPTH) & (level > SEA_LEVEL)
    lakes = np.where(deep, level, DRY)
    for _ in range(4):  # shores lie up to four cells beyond the deep part
        spread = lakes.copy()
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            spread = np.maximum(spread, np.roll(lakes, step, axis))
        # Over cells of the same filled hollow and on to its rim, never down the other side.
        same = np.abs(spread - level) < np.float32(0.01)
        lakes = np.where(same | (coarse > spread), spread, lakes)
    crop: Field = lakes[MARGIN:, MARGIN:]
    return crop


def _rivers(
    seed: int, shape: tuple[int, int], coarse: Field, drainage: Drainage
) -> tuple[Field, Field]:
    river, meadow = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    bends = (smooth(seed + 2, shape, 42), smooth(seed + 3, shape, 42))
    for course in _courses(coarse, drainage):
        points = smoothed(wander(_thinned(course), bends, 16.0), 4)
        draw(river, points)
        wide = points[::8].copy()
        wide[:, 2] = 7 + 7 * wide[:, 2]
        draw(meadow, wide)
    return river, meadow


def _thinned(course: Points) -> Points:
    """Keep every third cell and the ends: the grid's eight directions must not show."""
    return np.concatenate([course[:-1:3], course[-1:]])


def _courses(coarse: Field, drainage: Drainage) -> list[Points]:
    """Follow every river from its spring to the sea, to a larger river, or off the ground."""
    columns = coarse.shape[1]
    area = drainage.area.reshape(-1)
    flowing = (area >= SPRING) & (coarse.reshape(-1) > SEA_LEVEL - 2)
    sources = set(np.flatnonzero(flowing).tolist())
    sources -= set(drainage.receiver[flowing].tolist())
    drawn = np.zeros(area.shape, np.bool_)
    courses = []
    for source in sorted(sources, key=lambda cell: (-int(area[cell]), cell)):
        cell, course = source, []
        while True:
            row, column = divmod(cell, columns)
            half_width = 0.3 + 0.007 * float(area[cell]) ** 0.5
            course.append(
                ((row - MARGIN) * COARSE, (column - MARGIN) * COARSE, min(half_width, 1.6))
            )
            following = int(drainage.receiver[cell])
            if drawn[cell] or following == cell or not flowing[cell]:
                break
            drawn[cell] = True
            cell = following
        if len(course) > 2:
            courses.append(np.array(course))
    return courses
