"""Requests at the edge: forms, headers, addresses, turns."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from edge_client import Edge, message
from request_path import (
    MAP,
    make_scene,
)

from function.edge.header_names import capitalise
from function.errors import (
    RenderError,
)
from function.raster import Raster
from function.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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


def form(parameters: dict[str, str]) -> str:
    return "&".join(f"{key}={value}" for key, value in parameters.items())


def test_names_of_headers_have_their_capitals() -> None:
    assert [capitalise(name) for name in ("content-type", "x-sentinel-ows-scenes", "ETag")] == [
        "Content-Type",
        "X-Sentinel-Ows-Scenes",
        "Etag",
    ]


def test_the_scheme_that_a_client_claims_is_believed_of_trusted_proxies_alone(edge: Edge) -> None:
    claimed = {"X-Forwarded-Proto": "https"}
    edge.get_map(headers=claimed)
    assert 'url_scheme="https"' not in edge.telemetry.metrics_text()
    edge.settings = Settings(trust_forwarded=True)
    edge.get_map(headers=claimed)
    assert 'url_scheme="https"' in edge.telemetry.metrics_text()
