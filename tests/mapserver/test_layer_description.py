"""DescribeLayer: valid in both versions, with the coverages that there are."""

from pathlib import Path

from map_requests import NDVI, ONLINE_RESOURCE, TRUE_COLOUR, package_server, unhurried
from xml_documents import find, validate_by_dtd, validate_by_schema

LAYERS = [NDVI, TRUE_COLOUR, "GRID_CELLS"]


def describe(version: str) -> bytes:
    request = [
        ("SERVICE", "WMS"),
        ("VERSION", version),
        ("REQUEST", "DescribeLayer"),
        ("LAYERS", ",".join(LAYERS)),
        ("SLD_VERSION", "1.1.0"),
    ]
    answer = package_server().answer(request, {}, {}, ONLINE_RESOURCE, {}, unhurried())
    assert answer.content_type.startswith("text/xml")
    return answer.body


def test_version_1_1_1_names_the_layers(shared: Path) -> None:
    document = describe("1.1.1")
    validate_by_dtd(document, shared / "schemas")
    assert find(document, "//LayerDescription/@name") == LAYERS


def test_version_1_3_0_tells_where_coverages_are(shared: Path) -> None:
    document = describe("1.3.0")
    validate_by_schema(document, shared / "schemas", "ogc/sld/1.1.0/DescribeLayer.xsd")
    assert find(document, "//CoverageName/text()") == [NDVI, TRUE_COLOUR]
    assert find(document, "//FeatureTypeName/text()") == ["GRID_CELLS"]
    (address,) = find(document, "//OnlineResource[@*[local-name()='href']]")
    assert address.values()[-1] == ONLINE_RESOURCE
    assert NDVI in package_server().publication.coverages
