"""Whatever is wrong with a request: an exception report of its version, its code and status."""

from pathlib import Path

import pytest
from lxml import etree
from serving import Reply, Served
from xml_documents import validate_by_dtd, validate_by_schema

EXCEPTIONS_130 = "ogc/wms/1.3.0/exceptions_1_3_0.xsd"

MAP = {
    "SERVICE": "WMS",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_TRUE_COLOR",
    "STYLES": "",
    "BBOX": "1170000,7152000,1175000,7157000",
    "WIDTH": "256",
    "HEIGHT": "256",
    "FORMAT": "image/png",
}
CRS_KEY = {"1.1.1": "SRS", "1.3.0": "CRS"}

# What is changed (None: left out), the code of 1.3.0 and a part of the message. Where 1.1.1 has
# another code it stands in CODES_111.
BAD: dict[str, tuple[dict[str, str | None], str, str]] = {
    "operation": ({"REQUEST": "GetFeature"}, "OperationNotSupported", "GetCapabilities"),
    "no operation": ({"REQUEST": None}, "MissingParameterValue", "REQUEST"),
    "service": ({"SERVICE": "WFS"}, "OperationNotSupported", "WMS"),
    "layer": ({"LAYERS": "S3"}, "LayerNotDefined", "S2_L2A_NDVI"),
    "no layer": ({"LAYERS": None}, "MissingParameterValue", "LAYERS"),
    "style": ({"STYLES": "pretty"}, "StyleNotDefined", "pretty"),
    "styles": ({"STYLES": ",,"}, "InvalidParameterValue", "3 entries for 1"),
    "format": ({"FORMAT": "image/gif"}, "InvalidFormat", "image/png"),
    "crs": ({"CRS": "EPSG:2154"}, "InvalidCRS", "EPSG:2154"),
    "no crs": ({"CRS": None}, "MissingParameterValue", "RS is missing"),
    "no bbox": ({"BBOX": None}, "MissingParameterValue", "BBOX"),
    "bbox of three": ({"BBOX": "1,2,3"}, "InvalidParameterValue", "four numbers"),
    "bbox of words": ({"BBOX": "a,b,c,d"}, "InvalidParameterValue", "four numbers"),
    "bbox not a number": ({"BBOX": "nan,0,1,1"}, "InvalidParameterValue", "four numbers"),
    "bbox without end": ({"BBOX": "0,0,inf,1"}, "InvalidParameterValue", "four numbers"),
    "bbox of a line": ({"BBOX": "0,0,0,1"}, "InvalidParameterValue", "no area"),
    "bbox backwards": ({"BBOX": "1,1,0,0"}, "InvalidParameterValue", "no area"),
    "bbox of a point": ({"BBOX": "5,5,5,5"}, "InvalidParameterValue", "no area"),
    "no width": ({"WIDTH": None}, "MissingParameterValue", "WIDTH"),
    "width of nothing": ({"WIDTH": "0"}, "InvalidParameterValue", "WIDTH"),
    "negative height": ({"HEIGHT": "-1"}, "InvalidParameterValue", "HEIGHT"),
    "width in words": ({"WIDTH": "wide"}, "InvalidParameterValue", "WIDTH"),
    "too wide": ({"WIDTH": "4097"}, "InvalidParameterValue", "at most 4096"),
    "colour": ({"BGCOLOR": "blue"}, "InvalidParameterValue", "0xRRGGBB"),
    "transparency": ({"TRANSPARENT": "half"}, "InvalidParameterValue", "TRUE, FALSE"),
    "no time": ({"TIME": "last week"}, "InvalidDimensionValue", "last week"),
    "day that is none": ({"TIME": "2025-02-30"}, "InvalidDimensionValue", "calendar"),
    "time before all": ({"TIME": "2019"}, "InvalidDimensionValue", "2020-09-21"),
    "time after all": ({"TIME": "2025-05-11/"}, "InvalidDimensionValue", "2025-05-10"),
    "time backwards": ({"TIME": "2025/2020"}, "InvalidDimensionValue", "before it starts"),
    "too cloudy": ({"MAXCC": "100.1"}, "InvalidParameterValue", "0 to 100"),
    "less than clear": ({"MAXCC": "-1"}, "InvalidParameterValue", "0 to 100"),
    "priority": ({"PRIORITY": "best"}, "InvalidParameterValue", "mostRecent"),
    "mask": ({"CLOUDMASK": "maybe"}, "InvalidParameterValue", "on, off"),
    "mapfile": ({"map": "/etc/passwd"}, "InvalidParameterValue", "MAP is refused"),
    "override": ({"map.layer[0].data": "x"}, "InvalidParameterValue", "refused"),
    "old override": ({"map_layer_0_data": "x"}, "InvalidParameterValue", "refused"),
    "style elsewhere": ({"SLD": "http://127.0.0.1/a.sld"}, "InvalidParameterValue", "SLD"),
    "style within": ({"SLD_BODY": "<a/>"}, "InvalidParameterValue", "SLD_BODY"),
}
CODES_111 = {"InvalidCRS": "InvalidSRS"}


def bad_map(service: Served, version: str, changes: dict[str, str | None]) -> Reply:
    key = CRS_KEY[version]
    parameters: dict[str, str | None] = {**MAP, "VERSION": version, key: "EPSG:3857"}
    parameters |= {key if name == "CRS" else name: value for name, value in changes.items()}
    return service.ows({name: value for name, value in parameters.items() if value is not None})


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("name", BAD)
def test_it_is_told_what_is_wrong(demo_service: Served, version: str, name: str) -> None:
    changes, code, message = BAD[name]
    reply = bad_map(demo_service, version, changes)
    assert reply.status == 400
    types = {"1.1.1": "application/vnd.ogc.se_xml", "1.3.0": "text/xml"}
    assert reply.content_type == types[version]
    report = etree.fromstring(reply.body)
    assert report.get("version") == version
    (exception,) = report
    assert exception.get("code") == (CODES_111.get(code, code) if version == "1.1.1" else code)
    assert message in str(exception.text)
    assert f"(trace {reply.headers['traceresponse'].split('-')[1]})" in str(exception.text)


@pytest.mark.parametrize("name", BAD)
def test_the_reports_are_valid(demo_service: Served, shared: Path, name: str) -> None:
    changes, _, _ = BAD[name]
    validate_by_dtd(bad_map(demo_service, "1.1.1", changes).body, shared / "schemas")
    validate_by_schema(
        bad_map(demo_service, "1.3.0", changes).body, shared / "schemas", EXCEPTIONS_130
    )


@pytest.mark.parametrize(
    ("version", "answered"), [("1.0.0", "1.1.1"), ("1.2.0", "1.1.1"), ("1.4.0", "1.3.0")]
)
def test_a_version_that_is_not_served_is_told_in_the_nearest(
    demo_service: Served, version: str, answered: str
) -> None:
    reply = demo_service.ows({**MAP, "VERSION": version, "LAYERS": "S3"})
    assert etree.fromstring(reply.body).get("version") == answered


@pytest.mark.parametrize(
    "query",
    [
        "",
        "=",
        "&&&",
        "REQUEST=GetMap&LAYERS=%FF%FE",
        "REQUEST=GetMap&LAYERS=%00",
        "REQUEST=GetMap&REQUEST=GetCapabilities",
        "REQUEST=GetLegendGraphic",
        "REQUEST=GetLegendGraphic&LAYER=S2_L2A_NDVI&WIDTH=999999999",
        "REQUEST=GetMap&LAYERS=" + "S2_L2A_NDVI," * 400,
        "&".join(f"a{number}=b" for number in range(150)),
    ],
)
def test_nonsense_is_refused_too(demo_service: Served, query: str) -> None:
    reply = demo_service.ask(f"/ows?{query}")
    assert reply.status == 400
    assert etree.QName(etree.fromstring(reply.body)).localname == "ServiceExceptionReport"


def test_nothing_of_this_was_a_failure_of_the_service(demo_service: Served) -> None:
    for changes, _, _ in BAD.values():
        bad_map(demo_service, "1.3.0", changes)
    assert demo_service.process.poll() is None
    assert all("exception" not in line for line in demo_service.log_lines())
