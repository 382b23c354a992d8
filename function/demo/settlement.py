"""Towns, villages and the roads between them."""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.demo.lines import Points, draw, smoothed, wander
from function.demo.noise import Field, blur, fractal, fraction, hashed, lattice, smooth
from function.demo.terrain import Terrain

# Radii of the places in pixels, largest first: one town, a few small ones, many villages.
RADII = (105, 64, 48, 40, 34, 30, 27, 24, *[21] * 6, *[16] * 10, *[12] * 8)
SPACING = 2.1  # places lie at least this many times the sum of their radii apart
CANDIDATES = 4000
NODE = 18  # pixels between the points that roads are planned on
WET = 30.0  # cost of a node under water; a dry one costs less
LONGEST_BRIDGE = 2  # nodes under water that a road may cross: 360 m
MAIN_ROADS = 6


@dataclass(frozen=True, slots=True)
class Settlement:
    """Fields on the ground's pixels.

    ``density`` 0…1 of building, ``road`` the share of the pixel under a road, ``street`` 0…1
    where a street runs, ``lot`` a number for each plot of land.
    """

    density: Field
    road: Field
    street: Field
    lot: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Place:
    row: int
    column: int
    radius: int


def make_settlement(seed: int, shape: tuple[int, int], terrain: Terrain) -> Settlement:
    """Found places on dry land and join them by roads."""
    dry = (terrain.depth == 0) & (terrain.river < 0.5)
    places = _found(seed, shape, dry, terrain)
    density = _density(seed, shape, places) * dry
    road = _roads(seed, shape, places, terrain)
    street, lot = _plan(seed, shape)
    return Settlement(density, road, street, lot)


def _found(
    seed: int, shape: tuple[int, int], dry: NDArray[np.bool_], terrain: Terrain
) -> list[Place]:
    """Take the best of random sites for each place in turn: near water, on low ground."""
    draws = (lattice(seed, (CANDIDATES, 2)) + 1) * np.float32(0.5)
    sites = (draws * np.array(shape, np.float32)).astype(int)
    wet = blur(np.asarray(terrain.depth[::16, ::16] > 0, np.float32), 4)
    near_water = wet + blur(np.ascontiguousarray(terrain.wetness[::16, ::16]), 4)
    liking = (lattice(seed + 7, (CANDIDATES, 1))[:, 0] + 1) * np.float32(0.5)
    scores = liking + 0.3 * near_water[sites[:, 0] // 16, sites[:, 1] // 16]
    places: list[Place] = []
    for radius in RADII:
        best, best_score = None, -1.0
        for (row, column), score in zip(sites.tolist(), scores.tolist(), strict=True):
            if score > best_score and dry[row, column] and _free(row, column, radius, places):
                best, best_score = Place(row, column, radius), score
        if best is not None:
            places.append(best)
    return places


def _free(row: int, column: int, radius: int, places: list[Place]) -> bool:
    return all(
        (row - place.row) ** 2 + (column - place.column) ** 2
        > (SPACING * (radius + place.radius)) ** 2
        for place in places
    )


def _density(seed: int, shape: tuple[int, int], places: list[Place]) -> Field:
    """Build densest at the centre, with a ragged edge."""
    density = np.zeros(shape, np.float32)
    ragged = fractal(seed + 1, shape, (36, 18, 9), 0.6)
    for place in places:
        reach = 2 * place.radius
        top, left = max(place.row - reach, 0), max(place.column - reach, 0)
        window = (slice(top, place.row + reach), slice(left, place.column + reach))
        rows = np.arange(top, min(place.row + reach, shape[0]))[:, None] - place.row
        columns = np.arange(left, min(place.column + reach, shape[1]))[None, :] - place.column
        distance = np.sqrt((rows * rows + columns * columns).astype(np.float32))
        built = 1.25 - distance / np.float32(place.radius) + 0.75 * ragged[window]
        np.maximum(density[window], np.clip(built, 0, 1), out=density[window])
    return density


def _plan(seed: int, shape: tuple[int, int]) -> tuple[Field, NDArray[np.uint32]]:
    """Lay streets of a gently bent grid everywhere; only towns show them."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None] + 10 * smooth(seed + 3, shape, 60)
    columns = np.arange(shape[1], dtype=np.float32)[None, :] + 10 * smooth(seed + 4, shape, 60)
    along = np.float32(0.8) * columns + np.float32(0.6) * rows
    across = np.float32(0.8) * rows - np.float32(0.6) * columns
    street = np.zeros(shape, np.float32)
    for position, spacing in ((along, 13.0), (across, 9.0)):
        share = position * np.float32(1 / spacing)
        rest = (share - np.floor(share)) * np.float32(spacing)
        street = np.maximum(street, np.clip(1.2 - np.abs(rest - 1), 0, 1))
    lot = hashed(
        seed,
        (along * np.float32(1 / 3.25) + 4096).astype(np.uint32),
        (across * np.float32(1 / 3.0) + 4096).astype(np.uint32),
    )
    return street.astype(np.float32), lot


def _roads(seed: int, shape: tuple[int, int], places: list[Place], terrain: Terrain) -> Field:
    """Join every place to the network by its cheapest way; bridges are dear, slopes cost."""
    cost = _costs(terrain)
    bends = (smooth(seed + 5, shape, 50), smooth(seed + 6, shape, 50))
    road = np.zeros(shape, np.float32)
    nodes = [(place.row // NODE, place.column // NODE) for place in places]
    network = {nodes[0]}
    for index, node in enumerate([*_exits(cost), *nodes[1:]]):
        path = _cheapest(cost, network, node)
        if sum(cost[step] > WET for step in path) > LONGEST_BRIDGE:
            continue
        network.update(path)
        half_width = 0.8 if index < MAIN_ROADS else 0.4
        course = np.array([((row + 0.5) * NODE, (column + 0.5) * NODE) for row, column in path])
        draw(road, _line(course, bends, half_width))
    return road


def _exits(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Find where main roads leave the ground: dry nodes on its four sides."""
    rows, columns = cost.shape
    sides = (
        [(0, column) for column in range(columns // 4, columns)],
        [(rows - 1, column) for column in range(columns // 4, columns)],
        [(row, 0) for row in range(rows // 2, rows)],
    )
    return [next(node for node in side if cost[node] < WET) for side in sides]


def _line(course: Points, bends: tuple[Field, Field], half_width: float) -> Points:
    curve = smoothed(wander(course, bends, 7.0), 3)
    return np.column_stack([curve, np.full(len(curve), half_width)])


def _costs(terrain: Terrain) -> NDArray[np.float64]:
    height = terrain.height[::NODE, ::NODE].astype(np.float64)
    steep_down, steep_across = np.gradient(height)
    wet = terrain.depth[::NODE, ::NODE] > 0
    jitter = fraction(hashed(np.arange(wet.size, dtype=np.uint32))).reshape(wet.shape)
    return np.asarray(
        1.0 + 0.25 * (np.abs(steep_down) + np.abs(steep_across)) + 3 * WET * wet + 0.5 * jitter
    )


def _cheapest(
    cost: NDArray[np.float64], network: set[tuple[int, int]], goal: tuple[int, int]
) -> list[tuple[int, int]]:
    """Find the cheapest way from the network to ``goal`` (Dijkstra 1959)."""
    goal = (min(goal[0], cost.shape[0] - 1), min(goal[1], cost.shape[1] - 1))
    best = dict.fromkeys(network, 0.0)
    came: dict[tuple[int, int], tuple[int, int]] = {}
    queue = [(0.0, node) for node in sorted(network)]
    while queue:
        spent, node = heapq.heappop(queue)
        if node == goal:
            break
        if spent > best[node]:
            continue
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                following = (node[0] + down, node[1] + right)
                if not (0 <= following[0] < cost.shape[0] and 0 <= following[1] < cost.shape[1]):
                    continue
                total = spent + float(cost[following]) * (1.4142 if down and right else 1.0)
                if total < best.get(following, float("inf")):
                    best[following] = total
                    came[following] = node
                    heapq.heappush(queue, (total, following))
    path = [goal]
    while path[-1] in came:
        path.append(came[path[-1]])
    return path
