"""GetStyles: the colours of every layer as a valid document, which SLD_BODY takes back."""

from pathlib import Path

import pytest
from map_requests import NDVI, ONLINE_RESOURCE, SCL, TRUE_COLOUR, package_server, unhurried
from xml_documents import find, validate_by_schema

from function.parse.parameters import Parameters
from function.parse.styled_layers import read_styled_layers

SLD_100 = "ogc/sld/1.0.0/StyledLayerDescriptor.xsd"


def styles(*layers: str) -> bytes:
    request = [
        ("SERVICE", "WMS"),
        ("VERSION", "1.1.1"),
        ("REQUEST", "GetStyles"),
        ("LAYERS", ",".join(layers)),
    ]
    answer = package_server().answer(request, {}, {}, ONLINE_RESOURCE, {}, unhurried())
    assert answer.content_type == "application/vnd.ogc.sld+xml; charset=UTF-8"
    return answer.body


def test_every_layer_has_valid_styles(shared: Path) -> None:
    layers = package_server().publication.layers
    document = styles(*layers)
    validate_by_schema(document, shared / "schemas", SLD_100)
    assert set(find(document, "/*/NamedLayer/Name/text()")) == set(layers)


def test_styles_have_the_names_that_requests_use() -> None:
    known = package_server().publication.styles
    for layer in (NDVI, SCL, TRUE_COLOUR, "GRID_CELLS"):
        assert set(find(styles(layer), "//UserStyle/Name/text()")) == known[layer]


def test_classes_have_their_codes_and_colours_their_bands() -> None:
    document = styles(SCL, TRUE_COLOUR)
    (vegetation,) = find(document, "//ColorMapEntry[@label='Vegetation']")
    assert (vegetation.get("quantity"), vegetation.get("color")) == ("4", "#00a000")
    assert find(document, "//SourceChannelName/text()") == ["B04", "B03", "B02"]


@pytest.mark.parametrize("layer", [NDVI, "S2_L2A_NDWI"])
def test_an_index_can_be_asked_for_by_its_own_style(layer: str) -> None:
    document = styles(layer).split(b"?>", 1)[1].decode()
    stops = read_styled_layers(Parameters([("SLD_BODY", document)]))[layer]
    assert stops.lowest < 0 < stops.highest
