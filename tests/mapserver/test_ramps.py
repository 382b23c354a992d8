"""Colour maps: what a map and its legend show of them."""

from dataclasses import replace

import numpy as np
import pytest
from cmap import Colormap
from map_requests import ONLINE_RESOURCE, UTM, decode, get_map, one_band, package_server, unhurried
from numpy.typing import NDArray

from function.colour_ramp import ColourRamp, ColourStops
from function.grid import Grid
from function.mapserver.ramp_style import LEGEND_SECTIONS

INDEX = "S2_L2A_INDEX"
WIDE = Grid.from_bounds("EPSG:32629", (500000, 5800000, 510000, 5801000), 1000, 100)
LAYER = package_server().publication.archive_layers[INDEX]


def expected_colours(colour_map: str, places: NDArray[np.float64]) -> NDArray[np.int_]:
    """The colour map's own colours at 0 to 1."""
    shown: NDArray[np.int_] = np.rint(np.asarray(Colormap(colour_map)(places)) * 255).astype(int)
    return shown[..., :3]


def draw(
    ramp: ColourRamp | ColourStops, values: NDArray[np.float32], grid: Grid
) -> NDArray[np.int_]:
    changed = {INDEX: replace(LAYER, ramp=ramp)}
    rasters = {INDEX: one_band(grid, values)}
    answer = package_server().answer(
        get_map(grid, INDEX), rasters, {}, ONLINE_RESOURCE, changed, unhurried()
    )
    return decode(answer).astype(int)


# Of steps of 255: a ramp is straight between 65 colours, and 256 values are told apart.
@pytest.mark.parametrize(
    ("colour_map", "tolerance"),
    [("viridis", 2), ("turbo", 3), ("jet", 6), ("RdYlGn", 2), ("Spectral_r", 3), ("gray", 1)],
)
def test_a_map_shows_the_colours_of_the_colour_map(colour_map: str, tolerance: int) -> None:
    values = np.linspace(-0.5, 2.5, WIDE.width * WIDE.height, dtype=np.float32)
    drawn = draw(ColourRamp(colour_map, 0.0, 2.0), values, WIDE)
    places = np.clip(values.astype(float) / 2, 0, 1).reshape(WIDE.shape)
    assert (drawn[..., 3] == 255).all()
    assert np.abs(drawn[..., :3] - expected_colours(colour_map, places)).max() <= tolerance


def test_a_map_of_single_colours_shows_no_other() -> None:
    values = (np.arange(10, dtype=np.float32) + np.float32(0.5)) / 10
    drawn = draw(ColourRamp("tab10", 0.0, 1.0), np.repeat(values, 100), WIDE)
    expected = expected_colours("tab10", np.repeat(values.astype(float), 100))
    np.testing.assert_array_equal(drawn[0, :, :3], expected)


def test_without_a_request_the_ramp_is_that_of_the_mapfile() -> None:
    values = np.array([-1, 0, 1], np.float32)
    rasters = {INDEX: one_band(UTM, values)}
    answer = package_server().answer(
        get_map(UTM, INDEX), rasters, {}, ONLINE_RESOURCE, {}, unhurried()
    )
    expected = expected_colours("RdYlGn", np.array([0, 0.5, 1]))
    assert np.abs(decode(answer)[0, :3, :3].astype(int) - expected).max() <= 2


def legend(ramp: ColourRamp | ColourStops | None) -> NDArray[np.uint8]:
    request = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetLegendGraphic",
        "SLD_VERSION": "1.1.0",
        "LAYER": INDEX,
        "STYLE": "",
        "FORMAT": "image/png",
    }
    changed = {INDEX: replace(LAYER, ramp=ramp)} if ramp else {}
    answer = package_server().answer(
        list(request.items()), {}, {}, ONLINE_RESOURCE, changed, unhurried()
    )
    return decode(answer)


def test_the_legend_shows_the_ramp_that_is_asked_for() -> None:
    ramp = ColourRamp("viridis", 0.0, 0.4)
    shown = {tuple(map(int, colour)) for colour in legend(ramp).reshape(-1, 3)}
    for colour in expected_colours("viridis", np.linspace(0, 1, LEGEND_SECTIONS + 1)):
        assert min(np.abs(np.array(other) - colour).max() for other in shown) <= 10
    assert not np.array_equal(legend(ramp), legend(replace(ramp, highest=0.5)))
    np.testing.assert_array_equal(legend(None), legend(LAYER.ramp))


def test_a_ramp_of_one_request_is_not_that_of_the_next() -> None:
    before = legend(None)
    draw(ColourRamp("magma", 0.0, 1.0), np.zeros(1, np.float32), UTM)
    legend(ColourRamp("magma", 0.0, 1.0))
    np.testing.assert_array_equal(legend(None), before)


# float32 has none of these numbers; the nearest to some lies outside of the range.
@pytest.mark.parametrize(("lowest", "highest"), [(-0.2, 0.8), (0.1, 0.7), (-0.7, -0.1), (0.0, 1e6)])
def test_both_ends_of_the_range_are_drawn(lowest: float, highest: float) -> None:
    drawn = draw(ColourRamp("gray", lowest, highest), np.array([lowest, highest], np.float32), UTM)
    np.testing.assert_allclose(drawn[0, :2], [(0, 0, 0, 255), (255, 255, 255, 255)], atol=2)


def test_stated_colours_blend_between_their_values() -> None:
    stops = ColourStops(((-0.5, (0, 0, 0)), (0.0, (200, 100, 0)), (1.0, (0, 100, 255))), False)
    values = np.linspace(-1, 1.5, WIDE.width * WIDE.height, dtype=np.float32)
    drawn = draw(stops, values, WIDE)[..., :3].reshape(-1, 3)
    for channel in range(3):
        told = [colour[channel] for _, colour in stops.stops]
        expected = np.interp(values, [-0.5, 0.0, 1.0], told)
        assert np.abs(drawn[:, channel] - expected).max() <= 3


def test_stepped_colours_hold_from_their_value_to_the_next() -> None:
    colours = [(10, 0, 0), (0, 20, 0), (0, 0, 30)]
    stops = ColourStops(((-1e6, colours[0]), (0.2, colours[1]), (0.6, colours[2])), True)
    values = np.array([-3.0, 0.1, 0.198, 0.202, 0.59, 0.61, 0.9, 7.0], np.float32)
    drawn = draw(stops, values, UTM)[0, : len(values), :3]
    expected = [colours[place] for place in (0, 0, 0, 1, 1, 2, 2, 2)]
    np.testing.assert_array_equal(drawn, expected)


def test_the_legend_has_stated_colours() -> None:
    stops = ColourStops(((0.0, (1, 2, 3)), (0.5, (250, 0, 0))), True)
    shown = {tuple(map(int, colour)) for colour in legend(stops).reshape(-1, 3)}
    assert {(1, 2, 3), (250, 0, 0)} <= shown
