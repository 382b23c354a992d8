"""What caches and clients keep of an answer, and how it is sent to them."""

import gzip
from collections.abc import Iterator
from dataclasses import replace

import pytest
from edge_client import Edge
from request_path import (
    MAP,
    StandInRendering,
)

from function.settings import Settings

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def edge() -> Iterator[Edge]:
    edge = Edge()
    yield edge
    edge.telemetry.close()


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
