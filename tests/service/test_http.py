"""The service as HTTP: methods, headers, forms, probes, the log, many at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from serving import Served
from xml_documents import WMS_130_CAPABILITIES, find, validate_by_dtd, validate_by_schema

MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_TRUE_COLOR",
    "STYLES": "",
    "CRS": "EPSG:3857",
    "BBOX": "1170000,7152000,1175100,7158800",
    "WIDTH": "300",
    "HEIGHT": "400",
    "FORMAT": "image/png",
}
CAPABILITIES = {"SERVICE": "WMS", "REQUEST": "GetCapabilities"}
FORM = "application/x-www-form-urlencoded"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_map_has_the_headers_that_clients_count_on(demo_service: Served) -> None:
    reply = demo_service.ows(MAP)
    assert reply.status == 200
    assert reply.content_type == "image/png"
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-sentinel-ows-scenes"].startswith("S2B_MSIL2A_20250510T102019_")
    stages = re.findall(r"(\w+);dur=[\d.]+", reply.headers["server-timing"])
    assert stages == ["parse", "search", "read", "render", "total"]


def test_head_is_get_without_its_body(demo_service: Served) -> None:
    got = demo_service.ows(MAP)
    head = demo_service.ows(MAP, method="HEAD")
    assert head.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.content_type == got.content_type


def test_a_posted_form_is_answered_like_the_query(demo_service: Served) -> None:
    got = demo_service.ows(MAP)
    form = urlencode(MAP).encode()
    posted = demo_service.ask("/ows", headers={"Content-Type": FORM}, data=form)
    assert posted.body == got.body
    assert posted.content_type == got.content_type


def test_query_and_form_make_one_request(demo_service: Served) -> None:
    form = urlencode({key: value for key, value in MAP.items() if key != "SERVICE"}).encode()
    posted = demo_service.ask("/ows?SERVICE=WMS", headers={"Content-Type": FORM}, data=form)
    assert posted.body == demo_service.ows(MAP).body


def test_a_body_beyond_the_limit_is_refused(demo_service: Served) -> None:
    form = b"a=" + b"b" * 70_000
    reply = demo_service.ask("/ows", headers={"Content-Type": FORM}, data=form)
    assert reply.status == 413
    assert b"65536" in reply.body


def test_capabilities_are_valid_in_both_versions(demo_service: Served, shared: Path) -> None:
    newer = demo_service.ows(CAPABILITIES | {"VERSION": "1.3.0"})
    validate_by_schema(newer.body, shared / "schemas", WMS_130_CAPABILITIES)
    older = demo_service.ows(CAPABILITIES | {"VERSION": "1.1.1"})
    validate_by_dtd(older.body, shared / "schemas")
    assert older.content_type.startswith("application/vnd.ogc.wms_xml")


def test_capabilities_tell_where_the_client_is_and_what_the_catalogue_holds(
    demo_service: Served,
) -> None:
    body = demo_service.ows(CAPABILITIES, headers={"Host": "maps.example.org"}).body
    addresses = {str(link) for link in find(body, "//@*[local-name() = 'href']")}
    assert {address for address in addresses if address.endswith("/ows?")} == {
        "http://maps.example.org/ows?"
    }
    (layer,) = find(body, "//Layer[Name = 'S2_L2A_NDVI']")
    (extent,) = layer.xpath("Dimension[@name = 'time']")
    assert extent.text.strip().split("/")[:2] == ["2020-09-21", "2025-05-10"]
    (west,) = layer.xpath("EX_GeographicBoundingBox/westBoundLongitude")
    assert 10.0 < float(west.text) < 10.5


def test_a_client_cannot_make_links_lead_elsewhere(demo_service: Served) -> None:
    reply = demo_service.ows(
        CAPABILITIES,
        headers={
            "Host": "maps.example.org",
            "X-Forwarded-Host": "elsewhere.example.org",
            "X-Forwarded-Proto": "https",
            "SCRIPT_NAME": "/elsewhere",
        },
    )
    assert b"elsewhere" not in reply.body
    assert b"https://maps.example.org" not in reply.body
    assert b"http://maps.example.org/ows?" in reply.body


def test_each_layer_of_the_capabilities_has_the_legends_that_they_name(
    demo_service: Served,
) -> None:
    body = demo_service.ows(CAPABILITIES, headers={"Host": demo_service.url[7:]}).body
    links = [str(link) for link in find(body, "//LegendURL/OnlineResource/@*[contains(., 'http')]")]
    assert len(links) >= 4
    for link in links:
        reply = demo_service.ask(link.removeprefix(demo_service.url))
        assert reply.status == 200, reply.body
        assert reply.content_type == "image/png"


def test_a_request_leaves_one_line_in_the_log_with_its_trace(demo_service: Served) -> None:
    parent = f"00-{TRACE}-b7ad6b7169203331-01"
    reply = demo_service.ows(MAP, headers={"traceparent": parent})
    assert reply.headers["traceresponse"].split("-")[1] == TRACE
    (line,) = [line for line in demo_service.log_lines() if line.get("trace_id") == TRACE]
    assert line["status"] == 200
    assert line["operation"] == "GetMap"
    assert line["stages_ms"].keys() == {"parse", "search", "read", "render"}


def test_metrics_count_what_was_asked(demo_service: Served) -> None:
    demo_service.ows(MAP)
    body = demo_service.ask("/metrics").body.decode()
    assert re.search(r'http_server_request_duration_seconds_count\{.*"GetMap".*\} [1-9]', body)


def test_the_probes_and_the_landing_page_answer(demo_service: Served) -> None:
    assert demo_service.ask("/health/live").status == 200
    assert demo_service.ask("/health/ready").status == 200
    assert b"GetCapabilities" in demo_service.ask("/?f=html").body
    assert demo_service.ask("/nothing").status == 404


def test_many_at_once_get_what_each_asked(demo_service: Served) -> None:
    requests = [
        MAP | {"LAYERS": layer, "BBOX": f"{1170000 + step},7152000,{1175100 + step},7158800"}
        for layer in ("S2_L2A_TRUE_COLOR", "S2_L2A_NDVI", "S2_L2A_SCL", "GRID_CELLS")
        for step in (0, 400)
    ]
    one_by_one = [demo_service.ows(request).body for request in requests]
    with ThreadPoolExecutor(8) as clients:
        at_once = list(clients.map(lambda request: demo_service.ows(request).body, requests * 3))
    assert at_once == one_by_one * 3


def test_what_is_too_long_for_an_address_is_answered_as_a_form(demo_service: Served) -> None:
    padded = MAP | {"PADDING": "x" * 8190}
    assert demo_service.ows(padded).status == 414
    form = urlencode(padded).encode()
    posted = demo_service.ask("/ows", headers={"Content-Type": FORM}, data=form)
    assert posted.status == 200
    assert posted.body == demo_service.ows(MAP).body
