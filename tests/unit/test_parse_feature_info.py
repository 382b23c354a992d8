"""GetFeatureInfo: which pixel, which layers, which form."""

from dataclasses import replace
from typing import Any

import pytest
from publications import PUBLICATION

from function.errors import (
    InvalidParameterError,
    InvalidPointError,
    MissingParameterError,
    OwsError,
    UnknownFormatError,
    UnknownLayerError,
    UnqueryableLayerError,
)
from function.layer import Composite
from function.parse.feature_info import FeatureInfoRequest, InfoFormat
from function.parse.request import read_opening, read_query
from function.settings import Settings

QUERYABLE = replace(
    PUBLICATION, queryable=frozenset({"TRUE_COLOUR", "VEGETATION", "FORMULA", "outlines"})
)
INFO = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetFeatureInfo",
    "LAYERS": "VEGETATION,outlines",
    "STYLES": "green,",
    "QUERY_LAYERS": "VEGETATION,outlines",
    "CRS": "EPSG:32629",
    "BBOX": "500000,5800000,501000,5800500",
    "WIDTH": "200",
    "HEIGHT": "100",
    "I": "20",
    "J": "30",
    "INFO_FORMAT": "application/json",
}


def read(changes: dict[str, str | None] | None = None) -> FeatureInfoRequest:
    parameters = INFO | (changes or {})
    pairs = [(key, value) for key, value in parameters.items() if value is not None]
    query = read_query(read_opening(pairs), QUERYABLE, Settings())
    assert isinstance(query, FeatureInfoRequest)
    return query


def test_it_names_a_pixel_of_the_map() -> None:
    query = read()
    assert (query.column, query.row) == (20, 30)
    assert query.grid.shape == (100, 200)
    assert query.format is InfoFormat.JSON
    assert query.asked == ("VEGETATION", "outlines")
    assert [layer.name for layer in query.layers] == ["VEGETATION"]


def test_mapserver_is_asked_about_plain_layers_alone() -> None:
    passed = dict(read({"FEATURE_COUNT": "3"}).parameters)
    assert passed["LAYERS"] == passed["QUERY_LAYERS"] == "outlines"
    assert passed["STYLES"] == ""
    assert passed["INFO_FORMAT"] == "application/vnd.ogc.gml"
    assert (passed["I"], passed["J"], passed["FEATURE_COUNT"]) == ("20", "30", "3")
    assert (passed["BBOX"], passed["WIDTH"]) == ("500000.0,5800000.0,501000.0,5800500.0", "200")


def test_version_1_1_1_has_x_and_y() -> None:
    older = {"VERSION": "1.1.1", "CRS": None, "SRS": "EPSG:32629", "I": None, "J": None}
    query = read(older | {"X": "199", "Y": "99"})
    assert (query.column, query.row) == (199, 99)
    assert dict(query.parameters)["X"] == "199"
    assert (read(older | {"I": "1", "J": "2"}).column, query.row) == (1, 99)


def test_what_chooses_scenes_of_a_map_does_so_here() -> None:
    (layer,) = read(
        {"TIME": "2026-06-01", "MAXCC": "20", "CLOUDMASK": "off", "COMPOSITE": "median"}
    ).layers
    assert len(layer.search.times) == 1
    assert layer.search.max_cloud == 20
    assert not layer.cloud_mask
    assert layer.recipe.composite is Composite.MEDIAN


def test_what_another_layer_of_the_map_takes_is_no_fault() -> None:
    changes = {"LAYERS": "FORMULA,VEGETATION", "STYLES": ",", "EXPRESSION": "B02+B04"}
    (layer,) = read({**changes, "QUERY_LAYERS": "VEGETATION"}).layers
    assert layer.recipe == QUERYABLE.archive_layers["VEGETATION"]
    (layer,) = read({**changes, "QUERY_LAYERS": "FORMULA"}).layers
    assert layer.recipe.expression == "B02+B04"


def test_of_a_group_those_are_told_of_that_can_be() -> None:
    assert read({"QUERY_LAYERS": "everything"}).asked == ("TRUE_COLOUR", "VEGETATION", "outlines")


def test_layers_and_format_may_be_left_out() -> None:
    query = read({"LAYERS": None, "STYLES": None, "INFO_FORMAT": None})
    assert query.asked == ("VEGETATION", "outlines")
    assert query.format is InfoFormat.TEXT


@pytest.mark.parametrize(
    ("text", "count"),
    [(None, "1"), ("0", "1"), ("-3", "1"), ("x", "1"), ("7", "7"), ("999", "100")],
)
def test_a_count_that_is_none_is_one(text: str | None, count: str) -> None:
    assert dict(read({"FEATURE_COUNT": text}).parameters)["FEATURE_COUNT"] == count


WRONG: list[tuple[dict[str, Any], type[OwsError]]] = [
    ({"I": "200"}, InvalidPointError),
    ({"J": "100"}, InvalidPointError),
    ({"I": "-1"}, InvalidPointError),
    ({"J": "2.5"}, InvalidPointError),
    ({"I": None}, MissingParameterError),
    ({"QUERY_LAYERS": None}, MissingParameterError),
    ({"QUERY_LAYERS": "nothing"}, UnknownLayerError),
    ({"QUERY_LAYERS": "RADAR"}, UnqueryableLayerError),
    ({"INFO_FORMAT": "application/msword"}, UnknownFormatError),
    ({"COMPOSITE": "sum"}, InvalidParameterError),
]


@pytest.mark.parametrize(("changes", "kind"), WRONG)
def test_what_is_wrong_is_named(changes: dict[str, Any], kind: type[OwsError]) -> None:
    with pytest.raises(OwsError) as raised:
        read(changes)
    assert type(raised.value) is kind
