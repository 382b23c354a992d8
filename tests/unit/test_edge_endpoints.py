"""Probes, metrics, the landing page, methods and addresses that are not there."""

import json
import logging
from collections.abc import Iterator

import pytest
from edge_client import Edge
from lxml import etree
from request_path import (
    MAP,
)

from function.errors import (
    CatalogueUnavailableError,
)


@pytest.fixture
def edge() -> Iterator[Edge]:
    edge = Edge()
    yield edge
    edge.telemetry.close()


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
