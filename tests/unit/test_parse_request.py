"""Requests of WMS 1.1.1 and 1.3.0: what is read and what is passed on."""

from dataclasses import replace

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from parsed_requests import MAP_130, SETTINGS, passed, read, read_map
from publications import PUBLICATION, TRUE_COLOUR

from function.errors import (
    InvalidParameterError,
)
from function.grid import Grid
from function.parse.query import LayerSelection, MapRequest
from function.parse.request import read_opening, read_query
from function.search import Priority, Search


def test_a_map_is_read_whole() -> None:
    assert read_map({}) == MapRequest(
        service="WMS",
        version="1.3.0",
        operation="GetMap",
        parameters=(
            ("SERVICE", "WMS"),
            ("VERSION", "1.3.0"),
            ("REQUEST", "GetMap"),
            ("LAYERS", "TRUE_COLOUR"),
            ("STYLES", ""),
            ("CRS", "EPSG:3857"),
            ("BBOX", "-1000.0,2000.0,1000.0,6000.0"),
            ("WIDTH", "200"),
            ("HEIGHT", "400"),
            ("FORMAT", "image/png"),
            ("TRANSPARENT", "FALSE"),
        ),
        grid=Grid("EPSG:3857", Affine(10, 0, -1000, 0, -10, 6000), 200, 400),
        layers=(LayerSelection(TRUE_COLOUR, Search(), cloud_mask=False),),
    )


@pytest.mark.parametrize(
    ("version", "key", "crs", "bbox", "stated_crs", "stated_bbox"),
    [
        ("1.3.0", "CRS", "EPSG:4326", "50,-10,55,-5", "EPSG:4326", "50.0,-10.0,55.0,-5.0"),
        ("1.3.0", "CRS", "epsg:4326", "50,-10,55,-5", "EPSG:4326", "50.0,-10.0,55.0,-5.0"),
        ("1.3.0", "CRS", "CRS:84", "-10,50,-5,55", "EPSG:4326", "50.0,-10.0,55.0,-5.0"),
        ("1.1.1", "SRS", "EPSG:4326", "-10,50,-5,55", "EPSG:4326", "-10.0,50.0,-5.0,55.0"),
    ],
)
def test_longitude_and_latitude_in_the_order_of_the_version(
    version: str, key: str, crs: str, bbox: str, stated_crs: str, stated_bbox: str
) -> None:
    query = read_map(
        {"VERSION": version, "CRS": None, key: crs, "BBOX": bbox, "WIDTH": "50", "HEIGHT": "100"}
    )
    assert query.grid == Grid("EPSG:4326", Affine(0.1, 0, -10, 0, -0.05, 55), 50, 100)
    assert passed(query)[key] == stated_crs
    assert passed(query)["BBOX"] == stated_bbox


def test_a_projected_crs_with_northing_first_is_swapped_in_1_3_0_alone() -> None:
    northing_first = {"CRS": "EPSG:3035", "BBOX": "3000000,4000000,3000400,4000200"}
    assert read_map(northing_first).grid.bounds == (4000000, 3000000, 4000200, 3000400)
    easting_first = {
        "VERSION": "1.1.1",
        "CRS": None,
        "SRS": "EPSG:3035",
        "BBOX": "4000000,3000000,4000200,3000400",
    }
    assert read_map(easting_first).grid.bounds == (4000000, 3000000, 4000200, 3000400)


numbers = st.floats(-1e8, 1e8)


@given(numbers, numbers, st.floats(1e-3, 1e8), st.floats(1e-3, 1e8), st.booleans())
def test_both_axis_orders_mean_the_same_area(
    west: float, south: float, width: float, height: float, latitude_first: bool
) -> None:
    east, north = west + width, south + height
    if latitude_first:
        changes = {"CRS": "EPSG:4326", "BBOX": f"{south!r},{west!r},{north!r},{east!r}"}
    else:
        changes = {"CRS": "CRS:84", "BBOX": f"{west!r},{south!r},{east!r},{north!r}"}
    query = read_map(changes, replace(SETTINGS, max_map_area=0))
    assert query.grid == Grid.from_bounds("EPSG:4326", (west, south, east, north), 200, 400)
    stated = [float(number) for number in passed(query)["BBOX"].split(",")]
    assert stated == [south, west, north, east]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (None, "1.3.0"),
        ("1.3.0", "1.3.0"),
        ("1.1.1", "1.1.1"),
        ("1.0.0", "1.1.1"),
        ("1.1.0", "1.1.1"),
        ("0.0.3", "1.1.1"),
        ("1.2.0", "1.1.1"),
        ("1.3.1", "1.3.0"),
        ("1.10.0", "1.3.0"),
        ("2.0.0", "1.3.0"),
    ],
)
def test_versions_are_negotiated(asked: str | None, answered: str) -> None:
    version = {} if asked is None else {"VERSION": asked}
    query = read({"SERVICE": "WMS", "REQUEST": "GetCapabilities", **version})
    assert query.version == answered
    assert passed(query) == {"SERVICE": "WMS", "VERSION": answered, "REQUEST": "GetCapabilities"}


def test_wms_1_0_called_the_version_otherwise() -> None:
    assert read({"WMTVER": "1.0.0", "REQUEST": "GetCapabilities"}).version == "1.1.1"


def test_a_map_without_a_version_tells_it_by_crs_or_srs() -> None:
    assert read_map({"VERSION": None}).version == "1.3.0"
    assert read_map({"VERSION": None, "CRS": None, "SRS": "EPSG:3857"}).version == "1.1.1"


def test_styles_and_format_may_be_left_out() -> None:
    query = read_map({"STYLES": None, "FORMAT": None, "LAYERS": "TRUE_COLOUR,VEGETATION"})
    assert passed(query)["STYLES"] == ","
    assert passed(query)["FORMAT"] == "image/png"


@pytest.mark.parametrize(
    ("layers", "styles", "drawn", "drawn_styles"),
    [
        ("VEGETATION,TRUE_COLOUR", "green,", "VEGETATION,TRUE_COLOUR", "green,"),
        ("VEGETATION", "default", "VEGETATION", ""),
        ("outlines", "default", "outlines", "default"),
        ("optical", "", "TRUE_COLOUR,VEGETATION", ","),
        ("outlines,optical", ",", "outlines,TRUE_COLOUR,VEGETATION", ",,"),
        ("everything", "", "TRUE_COLOUR,VEGETATION,RADAR,outlines", ",,,"),
        ("VEGETATION,TRUE_COLOUR,VEGETATION", "green,,grey", "TRUE_COLOUR,VEGETATION", ",grey"),
        ("VEGETATION,optical", "green,", "TRUE_COLOUR,VEGETATION", ","),
    ],
)
def test_groups_are_expanded_and_each_layer_is_drawn_once(
    layers: str, styles: str, drawn: str, drawn_styles: str
) -> None:
    query = read_map({"LAYERS": layers, "STYLES": styles})
    assert passed(query)["LAYERS"] == drawn
    assert passed(query)["STYLES"] == drawn_styles
    assert [layer.name for layer in query.layers] == [
        name for name in drawn.split(",") if name != "outlines"
    ]


def test_filters_go_to_every_archive_layer_and_not_to_mapserver() -> None:
    query = read_map(
        {
            "LAYERS": "everything",
            "TIME": "2026-06-01",
            "MAXCC": "20.5",
            "PRIORITY": "leastcc",
            "CLOUDMASK": "ON",
        }
    )
    assert {layer.search.max_cloud for layer in query.layers} == {20.5}
    assert {layer.search.priority for layer in query.layers} == {Priority.LEAST_CLOUDY}
    assert {len(layer.search.times) for layer in query.layers} == {1}
    assert {layer.cloud_mask for layer in query.layers} == {True}
    assert not {"TIME", "MAXCC", "PRIORITY", "CLOUDMASK"} & passed(query).keys()


@pytest.mark.parametrize(
    ("cloud_mask", "masked"), [(None, [False, True]), ("on", [True, True]), ("off", [False, False])]
)
def test_without_cloudmask_each_layer_has_its_own(
    cloud_mask: str | None, masked: list[bool]
) -> None:
    query = read_map({"LAYERS": "optical", "CLOUDMASK": cloud_mask})
    assert [layer.cloud_mask for layer in query.layers] == masked


def test_maxcc_of_100_admits_what_has_no_figure() -> None:
    assert read_map({"MAXCC": "100"}).layers[0].search == Search()
    assert read_map({"MAXCC": "0"}).layers[0].search.max_cloud == 0.0


@pytest.mark.parametrize("end", ["", ".SAFE"])
def test_a_scene_is_asked_for_by_the_name_of_its_product(end: str) -> None:
    name = "S2B_MSIL2A_20241115T100159_N0511_R122_T32TQM_20241115T125542"
    query = read_map({"LAYERS": "everything", "SCENE": name + end})
    assert {layer.search.scene for layer in query.layers} == {name}
    assert "SCENE" not in passed(query)


@pytest.mark.parametrize("name", ["S2B\x00", "S2B\x07A", "S" * 201])
def test_what_cannot_be_a_products_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterError, match=r"SCENE=.* is no name of a product"):
        read_map({"SCENE": name})


def test_empty_values_count_as_absent() -> None:
    assert read_map(
        {"TIME": "", "MAXCC": "", "PRIORITY": "", "SCENE": "", "BGCOLOR": ""}
    ) == read_map({})


def test_what_qgis_adds_is_dropped() -> None:
    assert read_map({"_ts": "1718000000", "EXCEPTIONS": "INIMAGE"}) == read_map({})


@pytest.mark.parametrize(
    "said",
    [
        {"DPI": "96", "MAP_RESOLUTION": "96", "FORMAT_OPTIONS": "dpi:96"},
        {"DPI": "96"},
        {"FORMAT_OPTIONS": "layout:a; dpi:96 ;antialias:off"},
    ],
)
def test_pixels_an_inch_are_told_in_three_ways(said: dict[str, str]) -> None:
    assert passed(read_map({**said})) == passed(read_map({})) | {"MAP_RESOLUTION": "96"}


def test_other_format_options_are_dropped() -> None:
    assert read_map({"FORMAT_OPTIONS": "layout:a;antialias"}) == read_map({})


def test_background_is_passed_on() -> None:
    query = read_map({"TRANSPARENT": "true", "BGCOLOR": "0xFF00aa"})
    assert passed(query)["TRANSPARENT"] == "TRUE"
    assert passed(query)["BGCOLOR"] == "0xFF00aa"


def test_a_format_is_found_in_any_spelling() -> None:
    assert passed(read_map({"FORMAT": "IMAGE/PNG;MODE=8bit"}))["FORMAT"] == "image/png; mode=8bit"


def test_keys_are_read_in_any_case() -> None:
    lower = {key.lower(): value for key, value in MAP_130.items()}
    assert read(lower) == read(MAP_130)


def test_a_key_repeated_with_the_same_value_is_one() -> None:
    pairs = (*MAP_130.items(), ("width", "200"))
    assert read_query(read_opening(pairs), PUBLICATION, SETTINGS) == read(MAP_130)
