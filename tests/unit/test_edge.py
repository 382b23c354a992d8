"""HTTP at the edge, with a stand-in for what lies behind: headers, bodies, failures, probes."""

import gzip
import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from falcon.testing import Result, TestClient
from lxml import etree
from request_path import (
    MAP,
    StandInCatalogue,
    StandInListing,
    StandInPixels,
    StandInReader,
    StandInRenderer,
    StandInRendering,
    make_scene,
    stand_in_writer,
)
from xml_documents import validate_by_dtd, validate_by_schema

from function.answer import RequestPath
from function.edge.application import create_application
from function.edge.header_names import capitalise
from function.errors import (
    FAULTS,
    CatalogueUnavailableError,
    DeadlineExceededError,
    OwsError,
    RenderError,
)
from function.raster import Raster
from function.settings import Settings
from function.stac.published_archive import PublishedArchive
from function.stac_answer import StacPath
from function.telemetry import JsonFormatter, Telemetry

EXCEPTIONS_130 = "ogc/wms/1.3.0/exceptions_1_3_0.xsd"
SERVICE_EXCEPTION = "{http://www.opengis.net/ogc}ServiceException"
TRACE = "0af7651916cd43dd8448eb211c80319c"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Edge:
    """The application over stand-ins."""

    def __init__(self) -> None:
        self.catalogue = StandInCatalogue()
        self.listing = StandInListing()
        self.reader = StandInReader()
        self.renderer = StandInRenderer()
        self.telemetry = Telemetry({})
        self.settings = Settings()

    @property
    def client(self) -> TestClient:
        path = RequestPath(
            self.catalogue,
            self.reader,
            self.renderer,
            stand_in_writer,
            StandInPixels(),
            self.settings,
        )
        archive = PublishedArchive.of(self.settings.public_archive)
        stac = StacPath(self.listing, self.catalogue, path.publication, archive)
        return TestClient(
            create_application(path, stac, self.catalogue.ready, self.telemetry, self.settings)
        )

    def get_map(self, changes: dict[str, str] | None = None, **options: object) -> Result:
        return self.client.simulate_get("/ows", params=MAP | (changes or {}), **options)

    @property
    def address(self) -> str:
        """The address that the renderer was told last."""
        return self.renderer.asked[-1][2]


@pytest.fixture
def edge() -> Iterator[Edge]:
    edge = Edge()
    yield edge
    edge.telemetry.close()


def test_a_map_is_answered_with_its_headers(edge: Edge) -> None:
    result = edge.get_map()
    assert result.status_code == 200
    assert result.content == b"a picture"
    headers = dict(result.headers)
    timing = headers.pop("server-timing")
    assert [entry.split(";")[0] for entry in timing.split(", ")] == [
        "parse", "search", "read", "render", "total",
    ]  # fmt: skip
    assert headers.pop("traceresponse").startswith("00-")
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', headers.pop("etag"))
    assert headers == {
        "content-type": "image/png",
        "content-length": "9",
        "cache-control": "public, max-age=60",
        "x-content-type-options": "nosniff",
        "x-sentinel-ows-scenes": "one; two",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Content-Disposition, Content-Length, ETag,"
        " Server-Timing, traceresponse, X-Sentinel-OWS-Scenes, X-Sentinel-OWS-Warning,"
        " X-Sentinel-OWS-Exception",
        "timing-allow-origin": "*",
    }


def test_head_has_the_headers_of_get_and_no_body(edge: Edge) -> None:
    got = edge.get_map()
    head = edge.client.simulate_head("/ows", params=MAP)
    assert head.content == b""
    assert head.status_code == 200
    assert head.headers["content-length"] == "9"
    assert head.headers.keys() == got.headers.keys()


def test_a_posted_form_is_a_query(edge: Edge) -> None:
    posted = edge.client.simulate_post(
        "/ows", params={"SERVICE": "WMS"}, body=form(MAP), headers=FORM
    )
    assert posted.status_code == 200
    assert posted.content == edge.get_map().content
    first, second = edge.renderer.asked
    assert first[0] == second[0]


def test_a_body_without_a_type_is_a_form(edge: Edge) -> None:
    posted = edge.client.simulate_post("/ows", body=form(MAP))
    assert posted.status_code == 200


def test_a_chunked_form_is_read_to_its_end(edge: Edge) -> None:
    posted = edge.client.simulate_post(
        "/ows", body=form(MAP), headers=FORM, extras={"CONTENT_LENGTH": ""}
    )
    assert posted.status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_body_is_refused_with_the_limit(edge: Edge, chunked: bool) -> None:
    edge.settings = replace(edge.settings, max_body_bytes=100)
    extras = {"CONTENT_LENGTH": ""} if chunked else {}
    result = edge.client.simulate_post("/ows", body="a" * 101, headers=FORM, extras=extras)
    assert result.status_code == 413
    assert "at most 100" in message(result)


def test_a_body_of_another_type_is_refused(edge: Edge) -> None:
    result = edge.client.simulate_post(
        "/ows", body="{}", headers={"Content-Type": "application/json"}
    )
    assert result.status_code == 415
    assert "x-www-form-urlencoded" in message(result)


@pytest.mark.parametrize("query", ["LAYERS=%FF", "LAYERS=%00"])
def test_bytes_that_are_no_text_are_refused(edge: Edge, query: str) -> None:
    result = edge.client.simulate_get("/ows", query_string=query)
    assert result.status_code == 400
    body = edge.client.simulate_post("/ows", body=b"LAYERS=\xff", headers=FORM)
    assert body.status_code == 400


def test_the_trace_goes_on_and_is_told(edge: Edge) -> None:
    parent = f"00-{TRACE}-b7ad6b7169203331-01"
    answered = edge.get_map(headers={"traceparent": parent})
    assert answered.headers["traceresponse"].startswith(f"00-{TRACE}-")
    failed = edge.get_map({"LAYERS": "nothing"}, headers={"traceparent": parent})
    assert f"(trace {TRACE})" in message(failed)
    assert "parse;dur=" in failed.headers["server-timing"]


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_failure_is_reported_in_the_version_that_was_asked(
    edge: Edge, shared: Path, kind: type[OwsError], version: str
) -> None:
    edge.renderer.failure = kind("5 < 6 & \x07'\ufffe' is \"true\"")
    crs = {"SRS": "EPSG:3857"} if version == "1.1.1" else {}
    result = edge.get_map({"VERSION": version, **crs})
    fault = FAULTS[kind]
    assert result.status_code == fault.status
    assert result.headers["cache-control"] == "no-store"
    if version == "1.1.1":
        assert result.headers["content-type"] == "application/vnd.ogc.se_xml"
        validate_by_dtd(result.content, shared / "schemas")
        report = etree.fromstring(result.content)
        (exception,) = report.iter("ServiceException")
        assert exception.get("code") == fault.wms_111
    else:
        assert result.headers["content-type"] == "text/xml"
        validate_by_schema(result.content, shared / "schemas", EXCEPTIONS_130)
        report = etree.fromstring(result.content)
        (exception,) = report.iter(SERVICE_EXCEPTION)
        assert exception.get("code") == fault.wms_130
    assert report.get("version") == version
    assert (exception.text or "").startswith("5 < 6 & ?'?' is \"true\" (trace ")


def test_an_unexpected_failure_says_nothing_of_its_cause(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.renderer.failure = RuntimeError("postgresql://user:secret@host")
    with caplog.at_level(logging.ERROR, "sentinel_ows.request"):
        result = edge.get_map()
    assert result.status_code == 500
    assert "secret" not in result.text
    assert "RuntimeError" not in result.text
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info, tuple)
    assert "secret" in str(record.exc_info[1])


def test_what_is_noted_of_a_failure_is_for_the_log_alone(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(JsonFormatter())
    edge.renderer.failure = RenderError("layer roads could not be drawn")
    edge.renderer.failure.add_note("MapServer says: no such table")
    with caplog.at_level(logging.ERROR, "sentinel_ows.request"):
        result = edge.get_map()
    assert "roads" in result.text
    assert "no such table" not in str(result.headers) + result.text
    assert json.loads(caplog.text)["exception"]["notes"] == ["MapServer says: no such table"]


def test_warnings_are_told_and_not_kept_by_caches(edge: Edge) -> None:
    edge.reader.warnings = tuple(f"file {number}\r\nSet-Cookie: a=é" for number in range(12))
    result = edge.get_map()
    warning = result.headers["x-sentinel-ows-warning"]
    assert warning.startswith("file 0??Set-Cookie: a=?; file 1??")
    assert warning.endswith("; and 2 more")
    assert "set-cookie" not in result.headers
    assert result.headers["cache-control"] == "no-store"


def test_the_list_of_scenes_is_bounded(edge: Edge) -> None:
    edge.catalogue.scenes = tuple(make_scene("S" * 300) for _ in range(1)) + tuple(
        make_scene(f"scene-{number}") for number in range(40)
    )
    header = edge.get_map().headers["x-sentinel-ows-scenes"]
    assert header.startswith("S" * 200 + "; scene-0; ")
    assert header.endswith("; and 31 more")
    assert len(header) < 400


ADDRESSES = [
    ({}, {}, "http://falconframework.org/ows?"),
    ({}, {"Host": "maps.example.org:8443"}, "http://maps.example.org:8443/ows?"),
    ({}, {"Host": "[2001:db8::1]:80"}, "http://[2001:db8::1]:80/ows?"),
    (
        {},
        {"X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "https"},
        "http://falconframework.org/ows?",
    ),
    (
        {"trust_forwarded": True},
        {"X-Forwarded-Host": "maps.example.org, inner", "X-Forwarded-Proto": "https, http"},
        "https://maps.example.org/ows?",
    ),
    (
        {"public_url": "https://maps.example.org/sentinel/"},
        {"Host": "other.example.org"},
        "https://maps.example.org/sentinel/ows?",
    ),
]


@pytest.mark.parametrize(("settings", "headers", "address"), ADDRESSES)
def test_links_lead_to_where_the_client_is(
    edge: Edge, settings: dict[str, object], headers: dict[str, str], address: str
) -> None:
    edge.settings = replace(edge.settings, **settings)  # type: ignore[arg-type]
    assert edge.get_map(headers=headers).status_code == 200
    assert edge.address == address


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Host", 'a"><script>alert(1)</script>'),
        ("Host", "a/b"),
        ("Host", "user@host"),
        ("X-Forwarded-Host", "a' onload='x"),
        ("X-Forwarded-Host", "a.example.org:port"),
        ("X-Forwarded-Proto", "javascript"),
    ],
)
def test_a_host_that_is_none_is_refused(edge: Edge, header: str, value: str) -> None:
    edge.settings = replace(edge.settings, trust_forwarded=True)
    result = edge.get_map(headers={header: value})
    assert result.status_code == 400
    assert edge.renderer.asked == []


def test_requests_wait_for_their_turn_and_probes_do_not(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.settings = Settings(threads=2, deadline_seconds=60)
    begun, may_end = threading.Semaphore(0), threading.Event()
    read = edge.reader.read

    def read_slowly(*arguments: object) -> Raster:
        begun.release()
        assert may_end.wait(60)
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(edge.reader, "read", read_slowly)
    client = edge.client
    with ThreadPoolExecutor(3) as clients:
        maps = [
            clients.submit(client.simulate_get, "/ows", params=MAP | {"WIDTH": str(width)})
            for width in (4, 5, 6)
        ]
        assert begun.acquire(timeout=60)
        assert begun.acquire(timeout=60)
        assert client.simulate_get("/health/live").status_code == 200
        assert not begun.acquire(timeout=0.2)
        may_end.set()
        assert [answer.result().status_code for answer in maps] == [200, 200, 200]


def test_a_request_that_never_gets_its_turn_ends_with_its_deadline(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.settings = Settings(threads=1, deadline_seconds=2)
    begun, may_end = threading.Event(), threading.Event()

    def stand_still(*_arguments: object) -> Raster:
        begun.set()
        assert may_end.wait(60)
        raise RenderError("stood still")

    monkeypatch.setattr(edge.reader, "read", stand_still)
    client = edge.client
    with ThreadPoolExecutor(1) as clients:
        first = clients.submit(client.simulate_get, "/ows", params=MAP)
        assert begun.wait(60)
        late = client.simulate_get("/ows", params=MAP | {"WIDTH": "5"})
        may_end.set()
        assert first.result().status_code == 500
    assert late.status_code == 504
    assert "waited for its turn" in late.text


def test_live_needs_nothing(edge: Edge) -> None:
    edge.catalogue.failure = CatalogueUnavailableError("away")
    result = edge.client.simulate_get("/health/live")
    assert (result.status_code, result.json) == (200, {"status": "live"})


def test_ready_tells_the_truth_and_why(edge: Edge) -> None:
    assert edge.client.simulate_get("/health/ready").json == {"status": "ready"}
    edge.catalogue.failure = CatalogueUnavailableError("the catalogue cannot be reached now")
    result = edge.client.simulate_get("/health/ready")
    assert result.status_code == 503
    assert result.json == {"status": "the catalogue cannot be reached now"}
    assert result.headers["cache-control"] == "no-store"


def test_probes_leave_no_trace(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sentinel_ows.request"):
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert "traceresponse" not in edge.client.simulate_get(path).headers
        assert caplog.records == []
        edge.get_map()
    (record,) = caplog.records
    assert record.__dict__["fields"]["operation"] == "GetMap"


def test_metrics_count_the_maps(edge: Edge) -> None:
    edge.get_map()
    result = edge.client.simulate_get("/metrics")
    assert result.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'sentinel_ows_operation="GetMap"' in result.text


def test_the_landing_page_links_to_what_there_is(edge: Edge) -> None:
    page = etree.fromstring(
        edge.client.simulate_get(
            "/", headers={"Host": "maps.example.org", "Accept": "text/html"}
        ).content,
        etree.HTMLParser(),
    )
    links = [str(link.attrib["href"]) for link in page.iter("a")]
    assert links[0] == (
        "http://maps.example.org/ows?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"
    )
    # Two capabilities, the STAC API, a probe and the metrics, six legends.
    assert len(links) == 2 + 1 + 2 + 6
    for link in links:
        path, _, query = link.removeprefix("http://maps.example.org").partition("?")
        assert edge.client.simulate_get(path, query_string=query).status_code == 200


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("DELETE", 405), ("OPTIONS", 200)])
def test_other_methods_are_told_which_are_allowed(edge: Edge, method: str, status: int) -> None:
    result = edge.client.simulate_request(method, "/ows")
    assert result.status_code == status
    assert {"GET", "HEAD", "POST"} <= set(result.headers["allow"].split(", "))


def test_a_browser_of_another_site_may_ask(edge: Edge) -> None:
    result = edge.client.simulate_options("/ows", headers={"Origin": "https://example.org"})
    assert result.headers["access-control-allow-methods"] == "GET, HEAD, POST, OPTIONS"
    assert result.headers["access-control-allow-headers"] == (
        "Content-Type, If-None-Match, traceparent, tracestate"
    )
    assert result.headers["access-control-max-age"] == "86400"


def test_an_address_that_is_not_there(edge: Edge) -> None:
    result = edge.client.simulate_get("/nothing")
    assert result.status_code == 404
    assert json.loads(result.text)["title"] == "404 Not Found"


def test_the_endpoint_answers_with_a_slash_at_its_end_too(edge: Edge) -> None:
    assert edge.client.simulate_get("/ows/", params=MAP).status_code == 200


@pytest.mark.parametrize(
    "failure", [DeadlineExceededError("too slow"), RenderError("no"), ValueError("no")]
)
def test_a_failure_on_the_way_is_counted_against_the_target(edge: Edge, failure: Exception) -> None:
    edge.renderer.failure = failure
    edge.get_map()
    metrics = edge.client.simulate_get("/metrics").text
    assert 'sentinel_ows_target="missed"' in metrics


def form(parameters: dict[str, str]) -> str:
    return "&".join(f"{key}={value}" for key, value in parameters.items())


def message(result: Result) -> str:
    root = etree.fromstring(result.content)
    (exception,) = [element for element in root.iter() if "ServiceException" in str(element.tag)][
        1:
    ]
    return str(exception.text)


@pytest.mark.parametrize("wanted", ["INIMAGE", "application/vnd.ogc.se_inimage"])
def test_a_failure_is_drawn_for_whoever_wants_a_picture(edge: Edge, wanted: str) -> None:
    result = edge.get_map({"LAYERS": "nothing", "EXCEPTIONS": wanted, "FORMAT": "image/jpeg"})
    assert result.status_code == 200
    assert result.content == b"a message"
    assert result.headers["content-type"] == "image/jpeg"
    assert result.headers["x-sentinel-ows-exception"] == "LayerNotDefined"
    assert result.headers["cache-control"] == "no-store"
    ((picture, message),) = edge.renderer.messages
    assert picture.format == "image/jpeg"
    assert "'nothing' is not published" in message
    assert f"(trace {result.headers['traceresponse'].split('-')[1]})" in message


def test_what_went_wrong_inside_is_not_drawn_either(edge: Edge) -> None:
    edge.renderer.failure = RuntimeError("secret")
    result = edge.get_map({"EXCEPTIONS": "INIMAGE"})
    assert result.status_code == 200
    assert result.headers["x-sentinel-ows-exception"] == "NoApplicableCode"
    ((_, message),) = edge.renderer.messages
    assert "secret" not in message


def test_a_picture_that_cannot_be_drawn_is_told_in_xml(edge: Edge) -> None:
    edge.renderer.failure = RenderError("no font")
    result = edge.get_map({"EXCEPTIONS": "INIMAGE"})
    assert result.status_code == 500
    assert b"no font" in result.content
    assert "x-sentinel-ows-exception" not in result.headers


def test_names_of_headers_have_their_capitals() -> None:
    assert [capitalise(name) for name in ("content-type", "x-sentinel-ows-scenes", "ETag")] == [
        "Content-Type",
        "X-Sentinel-Ows-Scenes",
        "Etag",
    ]


def test_what_a_client_has_is_not_made_again(edge: Edge) -> None:
    tag = edge.get_map().headers["etag"]
    edge.catalogue.searches.clear()
    edge.reader.reads.clear()
    edge.renderer.asked.clear()
    again = edge.get_map(headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == "public, max-age=60"
    assert "content-type" not in again.headers
    assert (edge.catalogue.searches, edge.reader.reads, edge.renderer.asked) == ([], [], [])
    assert 'sentinel_ows_origin="held"' in edge.telemetry.metrics_text()


def test_a_change_of_the_catalogue_or_of_the_request_is_another_answer(edge: Edge) -> None:
    tag = edge.get_map().headers["etag"]
    held = {"If-None-Match": tag}
    assert edge.get_map({"WIDTH": "5"}, headers=held).status_code == 200
    assert edge.get_map({"TIME": "2026-06"}, headers=held).status_code == 200
    assert edge.get_map({"EXCEPTIONS": "XML"}, headers=held).status_code == 304
    state = edge.catalogue.state()
    newer = replace(state, version="2", versions=dict.fromkeys(state.versions, "2"))
    edge.catalogue.state = lambda: newer  # type: ignore[method-assign]
    assert edge.get_map(headers=held).status_code == 200


def test_an_answer_that_lacks_something_is_kept_by_nobody(edge: Edge) -> None:
    edge.reader.warnings = ("one: gone",)
    headers = edge.get_map().headers
    assert headers["cache-control"] == "no-store"
    assert "etag" not in headers


def test_a_post_is_kept_by_nobody_and_has_no_condition(edge: Edge) -> None:
    tag = edge.get_map().headers["etag"]
    body = "&".join(f"{key}={value}" for key, value in MAP.items())
    result = edge.client.simulate_post("/ows", body=body, headers=FORM | {"If-None-Match": tag})
    assert result.status_code == 200
    assert result.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("time", "days", "seconds"),
    [
        ("2026-05-01/2026-06-30", 0, 86_400),
        ("2026-05-01/2026-06-30", 100_000, 60),
        ("2026-05-01/", 0, 60),
        ("/2026-06-30", 0, 86_400),
        ("2026-06-01,2026-06-02/current", 0, 60),
    ],
)
def test_a_time_that_is_closed_is_kept_for_long(
    edge: Edge, time: str, days: int, seconds: int
) -> None:
    edge.settings = Settings(cache_closed_days=days)
    result = edge.get_map({"TIME": time})
    assert result.headers["cache-control"] == f"public, max-age={seconds}"


def test_text_is_compressed_for_who_takes_it(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"<capabilities/>" * 200
    rendered = StandInRendering("text/xml; charset=UTF-8", text)
    monkeypatch.setattr(edge.renderer, "answer", lambda *_: rendered)
    bodies = set()
    for accepted, compressed in [
        ("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0, *", False),
        ("gzip;q=0.000", False), ("identity", False), ("", False),
    ]:  # fmt: skip
        result = edge.get_map(headers={"Accept-Encoding": accepted})
        assert result.headers["vary"] == "Accept-Encoding"
        assert (result.headers.get("content-encoding") == "gzip") is compressed
        assert result.headers["content-length"] == str(len(result.content))
        assert (gzip.decompress(result.content) if compressed else result.content) == text
        bodies.add(result.content)
    assert len(bodies) == 2
    short = StandInRendering("text/xml", text[:100])
    monkeypatch.setattr(edge.renderer, "answer", lambda *_: short)
    headers = edge.get_map(headers={"Accept-Encoding": "gzip"}).headers
    assert "content-encoding" not in headers


def test_images_are_not_compressed(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = StandInRendering("image/png", b"pixels" * 1000)
    monkeypatch.setattr(edge.renderer, "answer", lambda *_: rendered)
    headers = edge.get_map(headers={"Accept-Encoding": "gzip"}).headers
    assert "content-encoding" not in headers
    assert "vary" not in headers


def test_the_scheme_that_a_client_claims_is_believed_of_trusted_proxies_alone(edge: Edge) -> None:
    claimed = {"X-Forwarded-Proto": "https"}
    edge.get_map(headers=claimed)
    assert 'url_scheme="https"' not in edge.telemetry.metrics_text()
    edge.settings = Settings(trust_forwarded=True)
    edge.get_map(headers=claimed)
    assert 'url_scheme="https"' in edge.telemetry.metrics_text()
