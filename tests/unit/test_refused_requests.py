"""Requests of WMS that are refused, how, and within which limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsed_requests import MAP_130, SETTINGS, passed, read, read_map
from publications import PUBLICATION

from function.errors import (
    InvalidParameterError,
    InvalidTimeError,
    LimitExceededError,
    MissingParameterError,
    OwsError,
    RefusedParameterError,
    UnknownCrsError,
    UnknownFormatError,
    UnknownLayerError,
    UnknownOperationError,
    UnknownStyleError,
)
from function.parse.parameters import MAX_PARAMETERS, decode_form
from function.parse.query import MapRequest
from function.parse.request import read_opening, read_query

WRONG: list[tuple[dict[str, str | None], type[OwsError], str]] = [
    ({"REQUEST": None}, MissingParameterError, "REQUEST"),
    ({"REQUEST": "GetFeature"}, UnknownOperationError, "GetCapabilities"),
    ({"REQUEST": "PutStyles"}, UnknownOperationError, "GetLegendGraphic"),
    ({"SERVICE": "WFS"}, UnknownOperationError, "WMS"),
    ({"VERSION": "new"}, InvalidParameterError, "VERSION"),
    ({"LAYERS": None}, MissingParameterError, "LAYERS"),
    ({"LAYERS": ""}, MissingParameterError, "LAYERS"),
    ({"LAYERS": "nothing"}, UnknownLayerError, "TRUE_COLOUR"),
    ({"LAYERS": "true_colour"}, UnknownLayerError, "TRUE_COLOUR"),
    ({"LAYERS": "TRUE_COLOUR,"}, UnknownLayerError, "TRUE_COLOUR"),
    ({"STYLES": "green"}, UnknownStyleError, "default"),
    ({"LAYERS": "VEGETATION", "STYLES": "blue"}, UnknownStyleError, "green, grey"),
    ({"LAYERS": "optical", "STYLES": "green"}, UnknownStyleError, "TRUE_COLOUR"),
    ({"STYLES": ","}, InvalidParameterError, "2 entries for 1"),
    ({"CRS": None}, MissingParameterError, "CRS"),
    ({"CRS": "EPSG:99999"}, UnknownCrsError, "EPSG:99999"),
    ({"CRS": "AUTO2:42001,1,0,0"}, UnknownCrsError, "AUTO2"),
    ({"VERSION": "1.1.1"}, MissingParameterError, "SRS"),
    ({"BBOX": None}, MissingParameterError, "BBOX"),
    ({"BBOX": "1,2,3"}, InvalidParameterError, "four numbers"),
    ({"BBOX": "1,2,3,4,5"}, InvalidParameterError, "four numbers"),
    ({"BBOX": "1,2,3,x"}, InvalidParameterError, "four numbers"),
    ({"BBOX": "1,2,nan,4"}, InvalidParameterError, "four numbers"),
    ({"BBOX": "1,2,inf,4"}, InvalidParameterError, "four numbers"),
    ({"BBOX": "0x1,2,3,4"}, InvalidParameterError, "four numbers"),
    ({"BBOX": "1_0,2,30,4"}, InvalidParameterError, "four numbers"),
    ({"BBOX": "1,2,1e300,4"}, InvalidParameterError, "beyond any coordinate"),
    ({"BBOX": "1,2,1,4"}, InvalidParameterError, "no area"),
    ({"BBOX": "3,2,1,4"}, InvalidParameterError, "no area"),
    ({"BBOX": "1,4,3,4"}, InvalidParameterError, "no area"),
    ({"BBOX": "1,1,1.0000000000000002,2"}, InvalidParameterError, "too small"),
    ({"WIDTH": None}, MissingParameterError, "WIDTH"),
    ({"HEIGHT": None}, MissingParameterError, "HEIGHT"),
    ({"WIDTH": "0"}, InvalidParameterError, "WIDTH"),
    ({"WIDTH": "1"}, InvalidParameterError, "2 to"),
    ({"HEIGHT": "1"}, InvalidParameterError, "2 to"),
    ({"WIDTH": "-5"}, InvalidParameterError, "WIDTH"),
    ({"WIDTH": "2.5"}, InvalidParameterError, "WIDTH"),
    ({"WIDTH": "\u0662"}, InvalidParameterError, "WIDTH"),
    ({"WIDTH": "4097"}, LimitExceededError, "at most 4096"),
    ({"HEIGHT": "99999999999999999999"}, InvalidParameterError, "HEIGHT"),
    ({"FORMAT": "image/tiff"}, UnknownFormatError, "image/jpeg, image/png"),
    ({"TRANSPARENT": "yes"}, InvalidParameterError, "TRUE, FALSE"),
    ({"BGCOLOR": "red"}, InvalidParameterError, "0xRRGGBB"),
    ({"BGCOLOR": "0xFFFFFFFF"}, InvalidParameterError, "0xRRGGBB"),
    ({"DPI": "fine"}, InvalidParameterError, "DPI=fine is no number"),
    ({"DPI": "9"}, InvalidParameterError, "10 to 1200"),
    ({"MAP_RESOLUTION": "1e9"}, InvalidParameterError, "MAP_RESOLUTION"),
    ({"FORMAT_OPTIONS": "dpi:1201"}, InvalidParameterError, "FORMAT_OPTIONS=1201"),
    ({"EXCEPTIONS": "application/json"}, InvalidParameterError, "INIMAGE"),
    ({"TIME": "yesterday"}, InvalidTimeError, "yesterday"),
    ({"MAXCC": "101"}, InvalidParameterError, "0 to 100"),
    ({"MAXCC": "-0.1"}, InvalidParameterError, "0 to 100"),
    ({"MAXCC": "nan"}, InvalidParameterError, "0 to 100"),
    ({"MAXCC": "few"}, InvalidParameterError, "0 to 100"),
    ({"MAXCC": "1_0"}, InvalidParameterError, "0 to 100"),
    ({"MAXCC": "٣"}, InvalidParameterError, "0 to 100"),
    ({"PRIORITY": "best"}, InvalidParameterError, "mostRecent, leastRecent, leastCC"),
    ({"CLOUDMASK": "1"}, InvalidParameterError, "on, off"),
    ({"map": "/etc/other.map"}, RefusedParameterError, "MAP"),
    ({"map": ""}, RefusedParameterError, "MAP"),
    ({"map.layer[0].data": "x"}, RefusedParameterError, "MAP"),
    ({"map_layer_0_data": "x"}, RefusedParameterError, "MAP"),
    ({"map[layer]": "x"}, RefusedParameterError, "MAP"),
    ({"layer.class.style": "x"}, RefusedParameterError, "LAYER"),
    ({"layer[0]": "x"}, RefusedParameterError, "LAYER"),
    ({"SLD": "http://example.org/style.sld"}, RefusedParameterError, "SLD"),
    ({"sld_body": "<Styles/>"}, InvalidParameterError, "SLD_BODY is no StyledLayerDescriptor"),
    ({"mode": "map"}, RefusedParameterError, "MODE"),
]


@pytest.mark.parametrize(("changes", "kind", "message"), WRONG)
def test_what_is_wrong_is_named(
    changes: dict[str, str | None], kind: type[OwsError], message: str
) -> None:
    with pytest.raises(OwsError) as raised:
        read_map(changes)
    assert type(raised.value) is kind
    assert message in str(raised.value)


def test_a_key_repeated_with_another_value_is_refused() -> None:
    with pytest.raises(InvalidParameterError, match="WIDTH is given more than once"):
        read_query(read_opening((*MAP_130.items(), ("width", "100"))), PUBLICATION, SETTINGS)


def test_limits_are_those_of_the_settings() -> None:
    with pytest.raises(LimitExceededError, match="at most 79999 pixels"):
        read_map({}, replace(SETTINGS, max_pixels=79_999))
    assert read_map({}, replace(SETTINGS, max_pixels=80_000)).grid.shape == (400, 200)
    with pytest.raises(LimitExceededError, match="names 4 layers, at most 3"):
        read_map({"LAYERS": "everything"}, replace(SETTINGS, max_layers=3))


@pytest.mark.parametrize(
    ("crs", "box", "kilometres"),
    [
        # A quarter of the zone between the equator and 30 degrees north is 1/16 of the sphere.
        ("CRS:84", "0,0,90,30", 510_065_622 / 16),
        ("CRS:84", "-180,-90,180,90", 510_065_622),
        ("EPSG:3857", "0,0,111319.49,111325.14", 12_364),
        ("EPSG:32629", "500000,5500000,600000,5600000", 10_120),
    ],
)
def test_a_map_of_too_large_an_area_is_refused(crs: str, box: str, kilometres: float) -> None:
    asked = {"CRS": crs, "BBOX": box, "WIDTH": "100", "HEIGHT": "100"}
    below = replace(SETTINGS, max_map_area=int(kilometres * 0.99))
    with pytest.raises(LimitExceededError, match=f"at most {below.max_map_area} are drawn") as told:
        read_map(asked, below)
    assert f"begin at {(below.max_map_area * 100) ** 0.5:.0f} metres a pixel" in str(told.value)
    for most in (int(kilometres * 1.01), 0):
        assert read_map(asked, replace(SETTINGS, max_map_area=most)).layers
    # What is drawn by MapServer alone takes no scenes.
    assert not read_map(asked | {"LAYERS": "outlines"}, below).layers


def test_the_area_of_a_map_counts_across_the_antimeridian() -> None:
    asked = {"CRS": "EPSG:3857", "BBOX": "19900000,0,20200000,100000"}
    with pytest.raises(LimitExceededError, match=r"a map of 29931 square kilometres"):
        read_map(asked, replace(SETTINGS, max_map_area=1))


LEGEND = {
    "SERVICE": "WMS",
    "REQUEST": "GetLegendGraphic",
    "VERSION": "1.3.0",
    "LAYER": "VEGETATION",
}


def test_a_legend_is_passed_on_with_the_version_of_sld_that_mapserver_wants() -> None:
    query = read(LEGEND | {"STYLE": "green", "FORMAT": "image/png", "SCALE": "5000"})
    assert passed(query) == LEGEND | {
        "STYLE": "green",
        "FORMAT": "image/png",
        "SCALE": "5000",
        "SLD_VERSION": "1.1.0",
    }
    assert "SLD_VERSION" not in passed(read(LEGEND | {"VERSION": "1.1.1"}))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"LAYER": ""}, MissingParameterError),
        ({"LAYER": "nothing"}, UnknownLayerError),
        ({"STYLE": "blue"}, UnknownStyleError),
        ({"FORMAT": "image/tiff"}, UnknownFormatError),
        ({"WIDTH": "100000"}, InvalidParameterError),
        ({"HEIGHT": "0"}, InvalidParameterError),
        ({"SCALE": "large"}, InvalidParameterError),
        ({"SLD": "http://example.org/"}, RefusedParameterError),
    ],
)
def test_a_wrong_legend_is_refused(changes: dict[str, str], kind: type[OwsError]) -> None:
    with pytest.raises(OwsError) as raised:
        read(LEGEND | changes)
    assert type(raised.value) is kind


def test_forms_are_decoded_in_order() -> None:
    assert decode_form("a=1&B=%C3%A9+x", "a=2&c=") == (
        ("a", "1"),
        ("B", "é x"),
        ("a", "2"),
        ("c", ""),
    )


@pytest.mark.parametrize("text", ["a=%ff", "a=%00", "a%0d%0ab=1", "a=%7f"])
def test_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError):
        decode_form(text)


def test_the_number_of_parameters_is_bounded() -> None:
    assert len(decode_form("&".join(["a=1"] * MAX_PARAMETERS))) == MAX_PARAMETERS
    with pytest.raises(InvalidParameterError, match=str(MAX_PARAMETERS)):
        decode_form("&".join(["a=1"] * (MAX_PARAMETERS + 1)))


keys = st.sampled_from([*MAP_130, "SRS", "TIME", "MAXCC", "BGCOLOR", "map.x", "SLD", "zoom"])


values = st.sampled_from([*MAP_130.values(), "EPSG:4326", "1.1.1", "0", "nan", "VEGETATION"])


@given(st.dictionaries(keys, values | st.text(max_size=20)))
def test_any_parameters_are_read_or_refused_by_name(changes: dict[str, str]) -> None:
    try:
        query = read(MAP_130 | changes)
    except OwsError:
        return
    allowed = {*MAP_130, "SRS", "TRANSPARENT", "BGCOLOR", "UPDATESEQUENCE"}
    assert passed(query).keys() <= allowed
    assert isinstance(query, MapRequest)
    assert query.grid.width <= PUBLICATION.max_size
