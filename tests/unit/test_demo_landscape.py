"""The invented land and its sky: the same everywhere, and drawn as nature would."""

from hashlib import sha256

import numpy as np
import pytest
from numpy.typing import NDArray

from function.demo.landscape import Landscape, make_landscape
from function.demo.materials import Cover
from function.demo.noise import bell, box_sum, enlarge, fractal, lattice, smooth
from function.demo.terrain import drain, make_terrain
from function.demo.weather import Sky, make_weather

SHAPE = (300, 420)


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    return make_landscape(15, SHAPE)


def digest(values: NDArray[np.generic]) -> str:
    return sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]


# Recorded on x86-64 with numpy 2.4.6; equal with 2.0.2 and with its vector code switched off.
RECORDED = {
    "lattice": "fbe2bf28f12b02e0",
    "bell": "24db7d3f69020797",
    "fractal": "7caf9f4475bee595",
    "cover": "2d9d8db14d34ee70",
    "tone": "90fb61f3d1fdc742",
    "cloud": "e6b6de29d8762d36",
}


def test_pixels_are_the_same_on_every_platform(landscape: Landscape) -> None:
    made = {
        "lattice": digest(lattice(1, (7, 9))),
        "bell": digest(bell(1, (7, 9))),
        "fractal": digest(fractal(1, SHAPE, (24, 12, 6), 0.6, stretch=2)),
        "cover": digest(landscape.cover),
        "tone": digest(landscape.tone),
        "cloud": digest(make_weather(a_sky(), SHAPE).cloud),
    }

    assert made == RECORDED


def test_another_seed_makes_another_land(landscape: Landscape) -> None:
    assert digest(make_landscape(16, SHAPE).cover) != digest(landscape.cover)


def test_noise_spreads_as_it_says() -> None:
    even, normal = lattice(3, (400, 500)), bell(3, (400, 500))

    assert even.min() >= -1
    assert even.max() < 1
    assert even.std() == pytest.approx(1 / np.sqrt(3), rel=0.01)
    assert normal.mean() == pytest.approx(0, abs=0.01)
    assert normal.std() == pytest.approx(1, rel=0.01)


def test_enlarging_keeps_straight_slopes_straight() -> None:
    nodes = np.add.outer(np.arange(9.0), 2 * np.arange(11.0)).astype(np.float32)

    fine = enlarge(nodes, (4, 5), (20, 30))

    # The first pixel lies on node (1, 1).
    expected = np.add.outer(1 + np.arange(20) / 4, 2 * (1 + np.arange(30) / 5))
    np.testing.assert_allclose(fine, expected, atol=1e-4)


def test_neighbouring_noise_is_alike() -> None:
    field = smooth(5, SHAPE, 20)

    assert np.abs(np.diff(field, axis=0)).max() < 0.15
    assert np.abs(np.diff(field, axis=1)).max() < 0.15
    assert field.std() > 0.15


def test_blocks_add_up_exactly_and_drop_what_is_no_whole_block() -> None:
    values = np.arange(7 * 11, dtype=np.uint16).reshape(7, 11) + np.uint16(65000)

    total = box_sum(values, 3)

    expected = values[:6, :9].astype(np.int64).reshape(2, 3, 3, 3).sum((1, 3))
    np.testing.assert_array_equal(total, expected)


def test_water_runs_downhill_to_the_edge_and_fills_hollows() -> None:
    height = np.array(
        [
            [9.0, 9.0, 9.0, 9.0, 9.0],
            [9.0, 5.0, 2.0, 5.0, 9.0],
            [9.0, 5.0, 6.0, 5.0, 4.0],
            [9.0, 7.0, 7.0, 7.0, 9.0],
            [9.0, 9.0, 9.0, 9.0, 9.0],
        ]
    )

    drainage = drain(height)

    assert drainage.level[1, 2] == 5  # the hollow fills up to its rim
    assert drainage.level[2, 2] == 6
    outlet = 2 * 5 + 4
    cell = 1 * 5 + 2
    while drainage.receiver[cell] != cell:
        cell = int(drainage.receiver[cell])
    assert cell == outlet
    # All nine inner cells drain through the one gap.
    assert drainage.area[2, 4] == 10


def test_lakes_are_level_and_the_sea_lies_lowest() -> None:
    terrain = make_terrain(15, (900, 1340))
    lake = (terrain.depth > 0) & ~terrain.sea

    assert terrain.height[terrain.sea].max() < 0
    assert lake.any()
    assert terrain.sea.any()
    assert terrain.depth[~(terrain.sea | lake)].max() == 0
    np.testing.assert_allclose(terrain.depth[terrain.sea], -terrain.height[terrain.sea])


def test_land_has_all_that_it_is_said_to_have() -> None:
    cover = make_landscape(15, (900, 1340)).cover

    shares = np.bincount(cover.reshape(-1), minlength=len(Cover)) / cover.size
    assert {kind.name for kind in Cover if shares[kind] == 0} == set()
    assert shares[Cover.SEA] + shares[Cover.LAKE] < 0.5
    assert shares.max() < 0.5


def a_sky(azimuth: float = 160.8) -> Sky:
    return Sky(
        seed=5,
        amount=0.9,
        cells=(40, 20, 10),
        towards_east=0.0,
        towards_south=0.0,
        base=1500.0,
        cirrus=0.0,
        sun_zenith=37.5,
        sun_azimuth=azimuth,
    )


@pytest.mark.parametrize(
    ("azimuth", "down", "right"),
    # 1500 m · tan 37.5° = 1151 m: 115 pixels away from the sun.
    [(180.0, -115, 0), (90.0, 0, -115), (160.8, -109, -38)],
)
def test_shadows_fall_away_from_the_sun(azimuth: float, down: int, right: int) -> None:
    weather = make_weather(a_sky(azimuth), SHAPE)

    shadowed = weather.shadow[150:, 150:][: 300 + down - 150, : 420 + right - 150]
    assert 0.05 < weather.cloud.mean() < 0.9
    rows = slice(150 - down, 150 - down + shadowed.shape[0])
    columns = slice(150 - right, 150 - right + shadowed.shape[1])
    above = weather.cloud[rows, columns]
    agreement = np.corrcoef(above.reshape(-1), shadowed.reshape(-1))[0, 1]
    assert agreement > 0.98
