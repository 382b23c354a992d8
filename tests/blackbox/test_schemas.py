"""Every XML document of the service, by the schema of its version: full, empty, and refusing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Reply, Served, serve
from xml_documents import WMS_130_CAPABILITIES, find, validate_by_dtd, validate_by_schema

WMS = ("1.1.1", "1.3.0")
WCS = ("1.0.0", "1.1.0", "1.1.1", "1.1.2", "2.0.0", "2.0.1")
WCS_SCHEMAS = {
    "1.0": (
        "ogc/wcs/1.0.0/wcsCapabilities.xsd",
        "ogc/wcs/1.0.0/describeCoverage.xsd",
        "ogc/wcs/1.0.0/OGC-exception.xsd",
    ),
    "1.1": ("ogc/wcs/1.1/wcsAll.xsd", "ogc/wcs/1.1/wcsAll.xsd", "ogc/ows/1.1.0/owsAll.xsd"),
    "2.0": ("ogc/wcs/2.0/wcsAll.xsd", "ogc/wcs/2.0/wcsAll.xsd", "ogc/ows/2.0/owsAll.xsd"),
}
DESCRIPTION = "ogc/sld/1.1.0/DescribeLayer.xsd"
STYLES = {
    "1.0.0": "ogc/sld/1.0.0/StyledLayerDescriptor.xsd",
    "1.1.0": "ogc/sld/1.1.0/StyledLayerDescriptor.xsd",
}
WMS_130_EXCEPTIONS = "ogc/wms/1.3.0/exceptions_1_3_0.xsd"

AREA = {
    "1.1.1": {"SRS": "EPSG:4326", "BBOX": "10.5,53.9,10.6,54"},
    "1.3.0": {"CRS": "EPSG:4326", "BBOX": "53.9,10.5,54,10.6"},
}
MAP = {
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_NDVI",
    "STYLES": "",
    "WIDTH": "100",
    "HEIGHT": "100",
    "FORMAT": "image/png",
}
# A character that XML must escape, in what a report repeats.
ODD = "<&\"'>]]>"

WMS_MISTAKES: dict[str, dict[str, str]] = {
    "no operation": {},
    "operation": {"REQUEST": ODD},
    "map of nothing": {"REQUEST": "GetMap"},
    "layer": MAP | {"LAYERS": ODD},
    "style": MAP | {"STYLES": ODD},
    "format": MAP | {"FORMAT": ODD},
    "time": MAP | {"TIME": ODD},
    "size": MAP | {"WIDTH": "100000"},
    "own key": MAP | {"MAXCC": ODD},
    "formula": MAP | {"LAYERS": "S2_L2A_INDEX", "EXPRESSION": ODD},
    "override": MAP | {"map": "/a.map"},
    "point of nothing": {"REQUEST": "GetFeatureInfo"},
    "point outside": MAP
    | {
        "REQUEST": "GetFeatureInfo",
        "QUERY_LAYERS": "S2_L2A_NDVI",
        "INFO_FORMAT": "text/plain",
        "I": "200",
        "J": "1",
        "X": "200",
        "Y": "1",
    },
    "description of nothing": {"REQUEST": "DescribeLayer"},
    "description of no layer": {"REQUEST": "DescribeLayer", "LAYERS": ODD, "SLD_VERSION": "1.1.0"},
    "styles of nothing": {"REQUEST": "GetStyles"},
    "styles of no layer": {"REQUEST": "GetStyles", "LAYERS": ODD, "SLD_VERSION": "1.1.0"},
    "legend of nothing": {"REQUEST": "GetLegendGraphic"},
    "legend of no layer": {
        "REQUEST": "GetLegendGraphic",
        "LAYER": ODD,
        "FORMAT": "image/png",
        "SLD_VERSION": "1.1.0",
    },
}

WCS_MISTAKES: dict[str, dict[str, str]] = {
    "no operation": {},
    "operation": {"REQUEST": ODD},
    "description of another": {"REQUEST": "DescribeCoverage", "COVERAGE": ODD},
    "coverage of nothing": {"REQUEST": "GetCoverage"},
    "coverage": {"REQUEST": "GetCoverage", "COVERAGE": ODD},
    "subset": {"REQUEST": "GetCoverage", "COVERAGE": "S2_L2A", "SUBSET": ODD, "BBOX": ODD},
    "format": {"REQUEST": "GetCoverage", "COVERAGE": "S2_L2A", "FORMAT": ODD},
    # The whole of the demo's coverage fits; in a hundredth of its pixels' size it does not.
    "size": {"REQUEST": "GetCoverage", "COVERAGE": "S2_L2A", "SCALEFACTOR": "100"},
    "time": {"REQUEST": "GetCoverage", "COVERAGE": "S2_L2A", "TIME": ODD, "TIMESEQUENCE": ODD},
}


@pytest.fixture(scope="module")
def empty_service(
    module_catalogue_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A service over a catalogue that holds nothing."""
    with serve(module_catalogue_url, tmp_path_factory.mktemp("empty") / "service.log") as served:
        yield served


@pytest.fixture(params=["full", "empty"])
def service(request: pytest.FixtureRequest, demo_service: Served, empty_service: Served) -> Served:
    return demo_service if request.param == "full" else empty_service


def ask(service: Served, name: str, version: str, keys: dict[str, str]) -> Reply:
    """Ask, naming a coverage by every key that a version of WCS has for it."""
    if "COVERAGE" in keys:
        named = keys["COVERAGE"]
        keys = keys | {"IDENTIFIER": named, "IDENTIFIERS": named, "COVERAGEID": named}
    return service.ows({"SERVICE": name, "VERSION": version} | keys)


def wcs_schemas(version: str) -> tuple[str, str, str]:
    """Those of capabilities, descriptions and exceptions."""
    return WCS_SCHEMAS[version[:3]]


@pytest.mark.parametrize("version", WMS)
def test_capabilities_of_wms(service: Served, shared: Path, version: str) -> None:
    reply = ask(service, "WMS", version, {"REQUEST": "GetCapabilities"})
    assert reply.status == 200
    if version == "1.1.1":
        validate_by_dtd(reply.body, shared / "schemas")
    else:
        validate_by_schema(reply.body, shared / "schemas", WMS_130_CAPABILITIES)
    assert "S2_L2A_NDVI" in find(reply.body, "//Layer/Name/text()")


@pytest.mark.parametrize("version", WMS)
def test_descriptions_of_layers(service: Served, shared: Path, version: str) -> None:
    request = {
        "REQUEST": "DescribeLayer",
        "LAYERS": "S2_L2A_NDVI,GRID_CELLS",
        "SLD_VERSION": "1.1.0",
    }
    reply = ask(service, "WMS", version, request)
    assert reply.status == 200, reply.body
    if version == "1.1.1":
        validate_by_dtd(reply.body, shared / "schemas")
    else:
        validate_by_schema(reply.body, shared / "schemas", DESCRIPTION)


@pytest.mark.parametrize("version", WMS)
def test_styles_of_layers(service: Served, shared: Path, version: str) -> None:
    request = {"REQUEST": "GetStyles", "LAYERS": "S2_L2A_NDVI,S2_L2A_SCL", "SLD_VERSION": "1.1.0"}
    reply = ask(service, "WMS", version, request)
    assert reply.status == 200, reply.body
    styles = STYLES[find(reply.body, "/StyledLayerDescriptor/@version")[0]]
    validate_by_schema(reply.body, shared / "schemas", styles)


@pytest.mark.parametrize("version", WMS)
@pytest.mark.parametrize("mistake", WMS_MISTAKES)
def test_exceptions_of_wms(service: Served, shared: Path, version: str, mistake: str) -> None:
    reply = ask(service, "WMS", version, AREA[version] | WMS_MISTAKES[mistake])
    assert reply.status == 400
    if version == "1.1.1":
        validate_by_dtd(reply.body, shared / "schemas")
    else:
        validate_by_schema(reply.body, shared / "schemas", WMS_130_EXCEPTIONS)
    assert find(reply.body, "/ServiceExceptionReport/@version") == [version]


@pytest.mark.parametrize("version", WCS)
def test_capabilities_and_descriptions_of_wcs(service: Served, shared: Path, version: str) -> None:
    reply = ask(service, "WCS", version, {"REQUEST": "GetCapabilities"})
    assert reply.status == 200
    capabilities, descriptions, _ = wcs_schemas(version)
    validate_by_schema(reply.body, shared / "schemas", capabilities)
    path = {"1.0": "//CoverageOfferingBrief/name/text()", "1.1": "//Identifier/text()"}
    names = find(reply.body, path.get(version[:3], "//CoverageId/text()"))
    assert "S2_L2A" in names
    reply = ask(
        service, "WCS", version, {"REQUEST": "DescribeCoverage", "COVERAGE": ",".join(names)}
    )
    assert reply.status == 200, reply.body
    validate_by_schema(reply.body, shared / "schemas", descriptions)


@pytest.mark.parametrize("version", WCS)
@pytest.mark.parametrize("mistake", WCS_MISTAKES)
def test_exceptions_of_wcs(service: Served, shared: Path, version: str, mistake: str) -> None:
    reply = ask(service, "WCS", version, WCS_MISTAKES[mistake])
    assert reply.status in {400, 404}
    validate_by_schema(reply.body, shared / "schemas", wcs_schemas(version)[2])
