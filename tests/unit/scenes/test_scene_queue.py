"""Which scenes are read at once: neighbours, never dates of one place."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scene_images import UTM29

from function.grid import Grid
from function.scene import Asset, Scene
from function.scenes.scene_queue import MOST_EXPECTED, WAVE, SceneQueue

WHOLE = "MULTIPOLYGON(((-9 51, -3 51, -3 54, -9 54, -9 51)))"
GRID = Grid(UTM29, Affine(1000, 0, 500000, 0, -1000, 5800000), 300, 100)


def scene(name: str, west: float, size: int = 10980) -> Scene:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    image = Grid(UTM29, Affine(10, 0, west, 0, -10, 5800000), size, size)
    assets = (Asset("B04", f"{name}.jp2", image, 1, 15),)
    return Scene("s", name, moment, moment, "S2A", "", "", 1, "", None, WHOLE, assets)


def waves(queue: SceneQueue) -> list[list[str]]:
    """Draw all waves while nothing gets filled."""
    empty = np.ones(GRID.shape, np.bool_)
    drawn = []
    while wave := queue.next_wave(empty):
        drawn.append([scene.name for scene, _ in wave])
    return drawn


def test_dates_come_one_after_another_and_neighbours_together() -> None:
    first = [scene("A1", 500000), scene("B1", 600000), scene("C1", 700000)]
    second = [scene("A2", 500000), scene("B2", 600000)]
    queue = SceneQueue([*first, *second], GRID)
    assert waves(queue) == [["A1", "B1", "C1"], ["A2", "B2"]]


def test_deep_stack_is_never_read_ahead() -> None:
    queue = SceneQueue([scene(str(number), 500000) for number in range(10)], GRID)
    assert waves(queue) == [[str(number)] for number in range(10)]


def test_full_grid_ends_it() -> None:
    queue = SceneQueue([scene(str(number), 500000) for number in range(10)], GRID)
    empty = np.ones(GRID.shape, np.bool_)
    assert len(queue.next_wave(empty)) == 1
    assert queue.next_wave(~empty) == []


def test_each_is_asked_only_for_empty_pixels_in_its_reach() -> None:
    empty = np.zeros(GRID.shape, np.bool_)
    empty[20:30, 40:150] = True
    queue = SceneQueue([scene("A", 500000), scene("FAR", 5000000), scene("B", 600000)], GRID)
    wave = queue.next_wave(empty)
    assert [member.name for member, _ in wave] == ["A", "B"]
    for _, needed in wave:
        assert not needed[~empty].any()
    assert wave[0][1][25, 40:109].all()
    assert not wave[0][1][:, 115:].any()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 25), max_size=24))
def test_every_scene_comes_once_and_in_order(places: list[int]) -> None:
    scenes = [scene(str(number), 500000 + 10000 * place) for number, place in enumerate(places)]
    drawn = waves(SceneQueue(scenes, GRID))
    assert [int(name) for wave in drawn for name in wave] == list(range(len(places)))
    assert all(len(wave) <= WAVE for wave in drawn)


def expected(queue: SceneQueue, empty: NDArray[np.bool_]) -> list[str]:
    wave = queue.next_wave(empty)
    return [scene.name for scene, _ in queue.expected(empty, wave)]


def stack(*clouds: float | None) -> list[Scene]:
    """Dates of one place, by the percentage of clouds that the product tells."""
    return [
        replace(scene(str(number), 500000), cloud_cover=cover)
        for number, cover in enumerate(clouds)
    ]


def test_as_many_are_expected_as_leave_a_thousandth() -> None:
    empty = np.ones(GRID.shape, np.bool_)
    # 0.4 to the seventh is 0.0016, to the eighth 0.0007: eight in all.
    assert expected(SceneQueue(stack(*[40.0] * 20), GRID), empty) == list("1234567")
    # None is taken for clearer than a tenth: 0.01 are left after two, 0.00125 after five.
    assert expected(SceneQueue(stack(0.0, 0.0, *[50.0] * 9), GRID), empty) == list("12345")
    assert len(expected(SceneQueue(stack(*[None] * 60), GRID), empty)) == MOST_EXPECTED
    assert len(expected(SceneQueue(stack(*[100.0] * 60), GRID), empty)) == MOST_EXPECTED


def test_places_are_expected_each_by_itself() -> None:
    """Clouds of one cell bring no further scenes of its clear neighbour."""
    empty = np.ones(GRID.shape, np.bool_)
    scenes = [
        replace(scene(f"{name}{date}", west), cloud_cover=cover)
        for date in range(6)
        for name, west, cover in (("CLEAR", 500000.0, 1.0), ("DULL", 700000.0, 70.0))
    ]
    queue = SceneQueue(scenes, GRID)
    names = expected(queue, empty)
    assert [name for name in names if name[0] == "D"] == [f"DULL{date}" for date in range(1, 6)]
    assert [name for name in names if name[0] == "C"] == ["CLEAR1", "CLEAR2", "CLEAR3"]
    # Where a corner alone is empty, only what reaches it.
    corner = np.zeros(GRID.shape, np.bool_)
    corner[:3, -40:-30] = True
    queue = SceneQueue(scenes, GRID)
    wave = queue.next_wave(corner)
    for each, needed in queue.expected(corner, wave):
        assert each.name.startswith("DULL")
        assert needed.any()
        assert not needed[~corner].any()
