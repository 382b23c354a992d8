"""Capabilities: valid, true to the catalogue, and no more than what is answered."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from map_requests import NDVI, ONLINE_RESOURCE, SCL, TRUE_COLOUR, package_server, unhurried
from owslib.wms import WebMapService
from xml_documents import WMS_130_CAPABILITIES, find, validate_by_dtd, validate_by_schema

from function.mapserver.dispatch import Rendered
from function.parse.feature_info import InfoFormat
from function.search import CollectionExtent

COLLECTION = "sentinel-2-l2a"

IRELAND = CollectionExtent(
    collection=COLLECTION,
    west=-10.6,
    south=51.25,
    east=-7.0,
    north=54.125,
    first_acquired=datetime(2025, 6, 1, 11, 43, 51, 24000, tzinfo=UTC),
    last_acquired=datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC),
    scene_count=812,
)
FILLED = {COLLECTION: IRELAND}
EMPTY: dict[str, CollectionExtent] = {}

VERSIONS = ["1.1.1", "1.3.0"]

EXCEPTION_FORMATS = {
    "1.1.1": [
        "application/vnd.ogc.se_xml",
        "application/vnd.ogc.se_inimage",
        "application/vnd.ogc.se_blank",
    ],
    "1.3.0": ["XML", "INIMAGE", "BLANK"],
}
MAP_FORMATS = [
    "image/png",
    "image/png; mode=8bit",
    "image/jpeg",
    "image/webp",
    "image/tiff",
    "image/geotiff",
]


def capabilities(version: str, extents: dict[str, CollectionExtent] = FILLED) -> Rendered:
    request = [("SERVICE", "WMS"), ("VERSION", version), ("REQUEST", "GetCapabilities")]
    return package_server().answer(request, {}, extents, ONLINE_RESOURCE, {}, unhurried())


def texts(document: bytes, path: str) -> list[str]:
    return [str(found) for found in find(document, path)]


def layer(name: str) -> str:
    return f"//Layer[Name='{name}']"


@pytest.mark.parametrize("extents", [FILLED, EMPTY], ids=["filled", "empty"])
def test_capabilities_1_3_0_are_valid(extents: dict[str, CollectionExtent], shared: Path) -> None:
    answer = capabilities("1.3.0", extents)
    assert answer.content_type.startswith("text/xml")
    validate_by_schema(answer.body, shared / "schemas", WMS_130_CAPABILITIES)


@pytest.mark.parametrize("extents", [FILLED, EMPTY], ids=["filled", "empty"])
def test_capabilities_1_1_1_are_valid(extents: dict[str, CollectionExtent], shared: Path) -> None:
    answer = capabilities("1.1.1", extents)
    assert answer.content_type.startswith("application/vnd.ogc.wms_xml")
    validate_by_dtd(answer.body, shared / "schemas")


def test_the_validation_sees_what_is_wrong(shared: Path) -> None:
    spoilt = {
        version: capabilities(version).body.replace(b"<Request>", b"<Request><Spoilt/>")
        for version in VERSIONS
    }
    with pytest.raises(etree.DocumentInvalid):
        validate_by_schema(spoilt["1.3.0"], shared / "schemas", WMS_130_CAPABILITIES)
    with pytest.raises(etree.XMLSyntaxError):
        validate_by_dtd(spoilt["1.1.1"], shared / "schemas")


@pytest.mark.parametrize("name", [TRUE_COLOUR, NDVI, SCL])
def test_archive_layers_have_the_bounds_of_their_collection(name: str) -> None:
    document = capabilities("1.3.0").body
    box = f"{layer(name)}/EX_GeographicBoundingBox"
    edges = ["westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude"]
    assert [float(*texts(document, f"{box}/{edge}/text()")) for edge in edges] == [
        -10.6,
        51.25,
        -7.0,
        54.125,
    ]
    # Latitude comes first in EPSG:4326 since WMS 1.3.0.
    stated = f"{layer(name)}/BoundingBox[@CRS='EPSG:4326']"
    assert [float(*texts(document, f"{stated}/@{key}")) for key in ("minx", "miny")] == [
        51.25,
        -10.6,
    ]
    old = f"{layer(name)}/BoundingBox[@SRS='EPSG:4326']"
    document = capabilities("1.1.1").body
    assert [float(*texts(document, f"{old}/@{key}")) for key in ("minx", "miny")] == [-10.6, 51.25]


@pytest.mark.parametrize("name", [TRUE_COLOUR, NDVI, SCL])
def test_time_is_told_in_days(name: str) -> None:
    document = capabilities("1.3.0").body
    dimension = f"{layer(name)}/Dimension[@name='time']"
    assert texts(document, f"{dimension}/text()") == ["2025-06-01/2026-06-30/P1D"]
    assert texts(document, f"{dimension}/@default") == ["2025-06-01/2026-06-30"]
    assert texts(document, f"{dimension}/@units") == ["ISO8601"]
    assert texts(document, f"{dimension}/@multipleValues") == ["1"]
    extent = f"{layer(name)}/Extent[@name='time']/text()"
    assert texts(capabilities("1.1.1").body, extent) == ["2025-06-01/2026-06-30/P1D"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_empty_catalogue_has_layers_without_time(version: str) -> None:
    document = capabilities(version, EMPTY).body
    assert TRUE_COLOUR in texts(document, "//Layer/Name/text()")
    assert texts(document, "//Dimension | //Extent") == []


def test_plain_layers_have_no_time() -> None:
    assert texts(capabilities("1.3.0").body, f"{layer('GRID_CELLS')}/Dimension") == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_address_is_the_one_that_the_client_used(version: str) -> None:
    addresses = texts(capabilities(version).body, "//OnlineResource/@*[local-name()='href']")
    assert addresses
    assert {address.partition("?")[0] + "?" for address in addresses} == {ONLINE_RESOURCE}


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_offered_that_is_not_answered(version: str) -> None:
    document = capabilities(version).body
    assert [element.tag for element in find(document, "//Request/*")] == [
        "GetCapabilities",
        "GetMap",
        "GetFeatureInfo",
        "DescribeLayer",
        "GetLegendGraphic",
        *(["GetStyles"] if version == "1.1.1" else []),
    ]
    assert texts(document, "//GetFeatureInfo/Format/text()") == list(InfoFormat)
    queryable = [name.text for name in find(document, "//Layer[@queryable='1']/Name")]
    assert queryable == list(package_server().publication.layers)
    assert package_server().publication.queryable == set(queryable)
    assert texts(document, "//GetMap/Format/text()") == MAP_FORMATS
    assert texts(document, "//GetLegendGraphic/Format/text()") == ["image/png", "image/jpeg"]
    assert texts(document, "//Exception/Format/text()") == EXCEPTION_FORMATS[version]
    assert texts(document, "//MetadataURL") == []
    assert texts(document, "//UserDefinedSymbolization") == []
    assert b"GetSchemaExtension" not in document


@pytest.mark.parametrize(("version", "key"), [("1.1.1", "SRS"), ("1.3.0", "CRS")])
def test_every_utm_zone_is_offered(version: str, key: str) -> None:
    offered = set(texts(capabilities(version).body, f"//Capability/Layer/{key}/text()"))
    zones = {f"EPSG:{code}" for code in (*range(32601, 32661), *range(32701, 32761))}
    expected = zones | {"EPSG:4326", "EPSG:3857"} | ({"CRS:84"} if version == "1.3.0" else set())
    assert offered == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_owslib_reads_layers_times_and_styles(version: str) -> None:
    service = WebMapService(ONLINE_RESOURCE, version=version, xml=capabilities(version).body)
    assert set(service.contents) == {*package_server().publication.layers}
    assert service.contents[NDVI].timepositions == ["2025-06-01/2026-06-30/P1D"]
    assert set(service.contents[NDVI].styles) == {"ndvi", "grey"}
    assert service.contents[NDVI].boundingBoxWGS84 == (-10.6, 51.25, -7.0, 54.125)
    assert service.getOperationByName("GetMap").formatOptions == MAP_FORMATS
