"""Pixels come out of a map as they went in, whatever the version, CRS and axis order."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_requests import (
    GRIDS,
    LONLAT,
    NDVI,
    ONLINE_RESOURCE,
    SCL,
    TRUE_COLOUR,
    UTM,
    colours,
    decode,
    draw,
    expected_colours,
    get_map,
    one_band,
    package_server,
    unhurried,
)
from pictures import SCL_COLOURS

from function.errors import UnknownLayerError
from function.grid import Grid
from function.mapserver.dispatch import Rendered
from function.raster import Raster


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("crs", GRIDS)
def test_colours_are_drawn_bit_for_bit(crs: str, version: str) -> None:
    raster = colours(GRIDS[crs])
    drawn = draw(
        package_server(), get_map(raster.grid, TRUE_COLOUR, version), {TRUE_COLOUR: raster}
    )
    np.testing.assert_array_equal(drawn, expected_colours(raster))


@given(
    width=st.integers(2, 300),
    height=st.integers(2, 300),
    west=st.floats(-2e7, 2e7),
    south=st.floats(-2e7, 2e7),
    across=st.floats(0.01, 20000),
    stretch=st.floats(0.3, 3) | st.floats(0.99, 1.01),
    crs=st.sampled_from(["EPSG:3857", "EPSG:32601", "EPSG:32760"]),
)
def test_any_grid_is_drawn_bit_for_bit(
    width: int, height: int, west: float, south: float, across: float, stretch: float, crs: str
) -> None:
    bounds = (west, south, west + across * width, south + across * stretch * height)
    raster = colours(Grid.from_bounds(crs, bounds, width, height))
    drawn = draw(package_server(), get_map(raster.grid, TRUE_COLOUR), {TRUE_COLOUR: raster})
    np.testing.assert_array_equal(drawn, expected_colours(raster))


def test_crs_84_is_longitude_first() -> None:
    raster = colours(LONLAT)
    west, south, east, north = LONLAT.bounds
    request = get_map(
        LONLAT, TRUE_COLOUR, CRS="CRS:84", BBOX=f"{west!r},{south!r},{east!r},{north!r}"
    )
    drawn = draw(package_server(), request, {TRUE_COLOUR: raster})
    np.testing.assert_array_equal(drawn, expected_colours(raster))


def test_background_shows_where_nothing_is_valid_and_black_stays_black() -> None:
    raster = colours(UTM)
    raster.bands[:, ::2] = 0
    request = get_map(UTM, TRUE_COLOUR, TRANSPARENT="FALSE", BGCOLOR="0x102030")
    drawn = draw(package_server(), request, {TRUE_COLOUR: raster})
    expected = np.where(raster.valid[..., None], np.moveaxis(raster.bands, 0, -1), (16, 32, 48))
    np.testing.assert_array_equal(drawn, expected)


def test_a_map_without_gaps_is_drawn_bit_for_bit_and_black_stays_black() -> None:
    raster = colours(UTM)
    raster.bands[:, ::2] = 0
    raster.valid[:] = True
    drawn = draw(package_server(), get_map(UTM, TRUE_COLOUR), {TRUE_COLOUR: raster})
    np.testing.assert_array_equal(drawn, expected_colours(raster))


def test_jpeg_shows_the_background_where_nothing_is_valid() -> None:
    raster = Raster(UTM, np.zeros((3, *UTM.shape), np.uint8), np.zeros(UTM.shape, np.bool_))
    raster.valid[:, :24] = True
    request = get_map(UTM, TRUE_COLOUR, FORMAT="image/jpeg", BGCOLOR="0xE0A060")
    drawn = draw(package_server(), request, {TRUE_COLOUR: raster}).astype(int)
    # Eight columns beside the edge between the halves are a block of the encoding.
    assert np.abs(drawn[:, :16]).max() <= 3
    assert np.abs(drawn[:, 32:] - (0xE0, 0xA0, 0x60)).max() <= 3


@pytest.mark.parametrize("layer", [TRUE_COLOUR, NDVI, SCL])
def test_a_map_without_scenes_is_transparent(layer: str) -> None:
    samples = {TRUE_COLOUR: (3, np.uint8), NDVI: (1, np.float32), SCL: (1, np.uint8)}
    bands, sample_type = samples[layer]
    raster = Raster(UTM, np.zeros((bands, *UTM.shape), sample_type), np.zeros(UTM.shape, np.bool_))
    assert not draw(package_server(), get_map(UTM, layer), {layer: raster}).any()


def test_an_index_is_drawn_by_its_value() -> None:
    values = np.linspace(-1, 1, UTM.width * UTM.height, dtype=np.float32)
    raster = one_band(UTM, values)
    drawn = draw(package_server(), get_map(UTM, NDVI, STYLES="grey"), {NDVI: raster})
    exact = (raster.bands[0] + 1) / 2 * 255
    # Half a bucket of 0.005 is 0.32 levels, and MapServer cuts off the fraction.
    difference = drawn[..., :3] - exact[..., None]
    assert difference.max() <= 0.33
    assert difference.min() >= -1.33
    assert (drawn[..., 3] == 255).all()


def test_an_index_beyond_its_range_has_the_colour_of_the_end() -> None:
    values = np.array([-40.0, -1.0, 1.0, 40.0, np.inf, -np.inf], np.float32)
    raster = one_band(UTM, values)
    drawn = draw(package_server(), get_map(UTM, NDVI, STYLES="grey"), {NDVI: raster})
    row = drawn[0, :6]
    np.testing.assert_array_equal(row[:, 3], 255)
    np.testing.assert_array_equal(row[[0, 1, 5], 0], row[1, 0])
    np.testing.assert_array_equal(row[[2, 3, 4], 0], row[2, 0])
    assert row[1, 0] <= 1
    assert row[2, 0] >= 254


def test_an_index_without_a_value_is_transparent() -> None:
    raster = one_band(UTM, np.array([0.5, np.nan, 0.5], np.float32))
    raster.valid[0, 2] = False
    drawn = draw(package_server(), get_map(UTM, NDVI), {NDVI: raster})
    np.testing.assert_array_equal(drawn[0, :3, 3], [255, 0, 0])


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        (0.05, (234, 234, 234), (244, 238, 214)),
        (0.15, (244, 238, 214), (222, 207, 148)),
        (0.3, (222, 207, 148), (152, 182, 72)),
        (0.5, (152, 182, 72), (74, 140, 36)),
        (0.7, (74, 140, 36), (18, 96, 24)),
        (0.9, (18, 96, 24), (0, 52, 20)),
    ],
)
def test_vegetation_ramp_has_the_middle_colour_in_the_middle(
    value: float, low: tuple[int, ...], high: tuple[int, ...]
) -> None:
    raster = one_band(UTM, np.array([value], np.float32))
    drawn = draw(package_server(), get_map(UTM, NDVI), {NDVI: raster})
    middle = (np.array(low) + np.array(high)) / 2
    # Half a bucket of 0.005 in the narrowest class, 0.1, is a fortieth of its range.
    assert np.abs(drawn[0, 0, :3] - middle).max() <= 1 + 66 / 40


def test_classes_have_esa_colours() -> None:
    raster = one_band(UTM, np.arange(256, dtype=np.uint8))
    drawn = draw(package_server(), get_map(UTM, SCL), {SCL: raster}).reshape(-1, 4)
    codes = raster.bands.reshape(-1)
    for code in range(256):
        expected = (*SCL_COLOURS[code], 255) if code in SCL_COLOURS else (0, 0, 0, 0)
        np.testing.assert_array_equal(drawn[codes == code], [expected] * (codes == code).sum())


def test_invalid_pixels_have_no_class() -> None:
    raster = one_band(UTM, np.array([4], np.uint8))
    raster.valid[:, 10:20] = False
    drawn = draw(package_server(), get_map(UTM, SCL), {SCL: raster})
    np.testing.assert_array_equal(drawn[..., 3] == 255, raster.valid)


def test_the_last_layer_lies_on_top() -> None:
    below, above = colours(UTM, seed=2, valid_share=0.9), one_band(UTM, np.array([6], np.uint8))
    above.valid[:, ::2] = False
    drawn = draw(
        package_server(),
        get_map(UTM, f"{TRUE_COLOUR},{SCL}"),
        {TRUE_COLOUR: below, SCL: above},
    )
    expected = expected_colours(below)
    expected[:, 1::2] = (0, 0, 255, 255)
    np.testing.assert_array_equal(drawn, expected)

    reversed_order = draw(
        package_server(),
        get_map(UTM, f"{SCL},{TRUE_COLOUR}"),
        {TRUE_COLOUR: below, SCL: above},
    )
    np.testing.assert_array_equal(reversed_order[below.valid], expected_colours(below)[below.valid])


def test_a_layer_without_pixels_is_not_drawn_blank() -> None:
    with pytest.raises(UnknownLayerError):
        draw(package_server(), get_map(UTM, f"{TRUE_COLOUR},{SCL}"), {TRUE_COLOUR: colours(UTM)})


def test_threads_get_their_own_map() -> None:
    rasters = [colours(UTM, seed) for seed in range(24)]

    server = package_server()

    def answer(raster: Raster) -> Rendered:
        request = get_map(UTM, TRUE_COLOUR)
        return server.answer(request, {TRUE_COLOUR: raster}, {}, ONLINE_RESOURCE, {}, unhurried())

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(answer, rasters))
    for raster, answered in zip(rasters, answers, strict=True):
        np.testing.assert_array_equal(decode(answered), expected_colours(raster))
