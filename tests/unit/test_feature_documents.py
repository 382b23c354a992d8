"""The documents of GetFeatureInfo: what they tell, and that nothing in them gets out of hand."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html
from xml_documents import find, validate_by_schema

from function.feature import Feature, Place, Source
from function.feature_info.document import write_features
from function.feature_info.plain_features import read_plain_features
from function.parse.feature_info import InfoFormat

TAKEN = datetime(2025, 5, 10, 10, 20, 19, 24_000, tzinfo=UTC)
PLACE = Place("EPSG:32629", 500005.0, 5800005.0, -8.99992, 52.35)
PIXEL = Feature("NDVI", (("value", 0.1 + 0.2), ("B04", None)), (Source("S2A_MSIL2A", TAKEN, 12.5),))
MEDIAN = Feature(
    "NDVI",
    (("value", 0.5),),
    (Source("one", TAKEN, 1.0), Source("two", TAKEN, None)),
    "median",
)
CELL = Feature("GRID_CELLS", (("cell", "29UNU"),))
NASTY = "</td><script>alert('1')</script>&amp;\n  value: 3\x0b]]>"


def write(info_format: InfoFormat, *features: Feature) -> bytes:
    media_type, document = write_features(features, PLACE, info_format)
    assert media_type.split(";")[0] == info_format
    return document


def test_text_has_a_line_for_each_fact() -> None:
    assert write(InfoFormat.TEXT, PIXEL, CELL).decode() == (
        "NDVI\n"
        "  value: 0.3\n"
        "  B04: unknown\n"
        "  scene: S2A_MSIL2A\n"
        "  acquired: 2025-05-10T10:20:19.024Z\n"
        "  cloud_cover: 12.5\n"
        "GRID_CELLS\n"
        "  cell: 29UNU\n"
    )


def test_geojson_has_facts_as_properties_and_pixels_as_points() -> None:
    document = json.loads(write(InfoFormat.JSON, PIXEL, CELL))
    assert write(InfoFormat.GEOJSON, PIXEL, CELL) == write(InfoFormat.JSON, PIXEL, CELL)
    assert document == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [-8.99992, 52.35]},
                "properties": {
                    "layer": "NDVI",
                    "value": 0.3,
                    "B04": None,
                    "scene": "S2A_MSIL2A",
                    "acquired": "2025-05-10T10:20:19.024Z",
                    "cloud_cover": 12.5,
                },
            },
            {
                "type": "Feature",
                "geometry": None,
                "properties": {"layer": "GRID_CELLS", "cell": "29UNU"},
            },
        ],
    }


def test_a_composite_lists_its_scenes() -> None:
    (feature,) = json.loads(write(InfoFormat.JSON, MEDIAN))["features"]
    assert feature["properties"]["composite"] == "median"
    assert [scene["scene"] for scene in feature["properties"]["scenes"]] == ["one", "two"]
    assert find(write(InfoFormat.GML, MEDIAN), "//NDVI_feature/scene/text()") == ["one", "two"]
    assert "composite: median\n  scenes: 2\n  scene: one" in write(InfoFormat.TEXT, MEDIAN).decode()


def test_gml_has_a_feature_for_each_and_the_place_of_a_pixel(shared: Path) -> None:
    document = write(InfoFormat.GML, PIXEL, PIXEL, CELL)
    assert find(document, "/msGMLOutput/NDVI_layer/name/text()") == ["NDVI"]
    assert find(document, "//NDVI_feature/value/text()") == ["0.3", "0.3"]
    assert find(document, "//GRID_CELLS_feature/cell/text()") == ["29UNU"]
    box = etree.fromstring(document).find(".//{http://www.opengis.net/gml}Box")
    assert box is not None
    assert box.get("srsName") == "EPSG:32629"
    validate_by_schema(etree.tostring(box), shared / "schemas", "ogc/gml/2.1.2/geometry.xsd")


def test_gml_is_read_back_as_it_was_written() -> None:
    assert read_plain_features(write(InfoFormat.GML, CELL, CELL)) == {"GRID_CELLS": (CELL, CELL)}


@pytest.mark.parametrize("info_format", list(InfoFormat))
def test_where_there_is_nothing_the_answer_is_empty(info_format: InfoFormat) -> None:
    document = write(info_format)
    if info_format in {InfoFormat.JSON, InfoFormat.GEOJSON}:
        assert json.loads(document) == {"type": "FeatureCollection", "features": []}
    elif info_format is InfoFormat.GML:
        assert len(etree.fromstring(document)) == 0
    else:
        assert b"There is nothing at this place." in document


def test_no_text_gets_out_of_its_place() -> None:
    nasty = Feature(NASTY, ((NASTY, NASTY),))
    page = html.document_fromstring(write(InfoFormat.HTML, nasty).decode())
    assert page.xpath("//script") == []
    assert "<script>" in str(page.xpath("string(//caption)"))
    assert len(write(InfoFormat.TEXT, nasty).splitlines()) == 2
    (layer,) = etree.fromstring(write(InfoFormat.GML, nasty))
    assert [len(part) for part in layer] == [0, 1]


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=40) | st.floats() | st.none())
def test_any_text_makes_a_sound_document(layer: str, name: str, value: str | float | None) -> None:
    feature = Feature(layer, ((name, value),), (Source(name, TAKEN, None),))
    etree.fromstring(write(InfoFormat.GML, feature))
    (written,) = json.loads(write(InfoFormat.JSON, feature))["features"]
    assert written["properties"]["scene"] == name
    assert write(InfoFormat.TEXT, feature).decode().splitlines()


def test_a_place_beyond_the_earth_has_no_point() -> None:
    beyond = Place("EPSG:32629", 1e9, 1e9, float("inf"), float("inf"))
    _, document = write_features([PIXEL], beyond, InfoFormat.JSON)
    assert json.loads(document)["features"][0]["geometry"] is None
