"""The STAC API at the edge, with stand-ins for the catalogue: headers, failures, pages, traces."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from falcon.testing import Result, TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from publications import COLLECTION
from request_path import (
    StandInCatalogue,
    StandInListing,
    StandInPixels,
    StandInReader,
    StandInRenderer,
    stand_in_writer,
)

from function.answer import RequestPath
from function.edge.application import create_application
from function.errors import CatalogueUnavailableError, DeadlineExceededError
from function.settings import Settings
from function.stac.published_archive import PublishedArchive
from function.stac_answer import StacPath
from function.telemetry import Telemetry
from function.turns import Turns

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
GEOJSON = "application/geo+json"


class Edge:
    """The application over stand-ins."""

    def __init__(self, **settings: Any) -> None:
        self.catalogue = StandInCatalogue()
        self.listing = StandInListing()
        self.spans = InMemorySpanExporter()
        self.telemetry = Telemetry({}, [SimpleSpanProcessor(self.spans)])
        self.settings = Settings(**settings)
        path = RequestPath(
            self.catalogue,
            StandInReader(),
            StandInRenderer(),
            stand_in_writer,
            StandInPixels(),
            self.settings,
            Turns(self.settings.threads or 4),
        )
        stac = StacPath(self.listing, self.catalogue, path.publication, PublishedArchive.of(""))
        self.client = TestClient(
            create_application(path, stac, self.catalogue.ready, self.telemetry, self.settings)
        )

    def get(self, path: str, **options: Any) -> Result:
        return self.client.simulate_get(path, **options)

    def post(self, document: Any, **options: Any) -> Result:
        return self.client.simulate_post("/search", body=json.dumps(document), **options)


@pytest.fixture
def edge() -> Iterator[Edge]:
    edge = Edge()
    yield edge
    edge.telemetry.close()


def follow(edge: Edge, result: Result) -> Result | None:
    """The next page, asked for as the link says."""
    (link,) = [link for link in result.json["links"] if link["rel"] == "next"] or [None]
    if link is None:
        return None
    path = link["href"].removeprefix("http://falconframework.org")
    if link.get("method") == "POST":
        return edge.post(link["body"], headers={"Content-Type": "application/json"})
    path, _, query = path.partition("?")
    return edge.get(path, query_string=query)


@pytest.mark.parametrize(
    ("accept", "query", "html"),
    [
        ("*/*", "", False),
        ("application/json", "", False),
        (BROWSER, "", True),
        ("text/html", "", True),
        ("application/json, text/html;q=0.5", "", False),
        ("text/html;q=0.5, application/json", "", False),
        (BROWSER, "f=json", False),
        ("application/json", "f=html", True),
    ],
)
def test_the_root_is_html_for_whoever_prefers_it(
    edge: Edge, accept: str, query: str, html: bool
) -> None:
    result = edge.get("/", headers={"Accept": accept}, query_string=query)
    assert result.status_code == 200
    assert result.headers["content-type"].startswith("text/html" if html else "application/json")
    assert set(result.headers["vary"].split(", ")) == {"Accept", "Accept-Encoding"}


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "application/json"),
        ("/conformance", "application/json"),
        ("/api", "application/vnd.oai.openapi+json;version=3.0"),
        ("/collections", "application/json"),
        (f"/collections/{COLLECTION}", "application/json"),
        (f"/collections/{COLLECTION}/items", GEOJSON),
        (f"/collections/{COLLECTION}/items/one", GEOJSON),
        ("/search", GEOJSON),
        ("/search/", GEOJSON),
    ],
)
def test_every_resource_answers_get_and_head(edge: Edge, path: str, content_type: str) -> None:
    got = edge.get(path)
    head = edge.client.simulate_head(path)
    assert got.status_code == head.status_code == 200
    assert head.content == b""
    assert got.headers["content-type"] == content_type
    assert got.headers["content-length"] == head.headers["content-length"]
    assert got.headers["access-control-allow-origin"] == "*"
    assert got.headers["cache-control"] == "public, max-age=60"
    assert got.headers["server-timing"].startswith("parse;dur=")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_list_is_followed_to_its_end(edge: Edge, method: str) -> None:
    first = edge.get("/search", query_string="limit=1&datetime=2000-01-01T00%3A00%3A00Z%2F..")
    if method == "POST":
        first = edge.post({"limit": 1, "datetime": "2000-01-01T00:00:00Z/.."})
    second = follow(edge, first)
    assert second is not None
    assert [page.json["features"][0]["id"] for page in (first, second)] == ["two", "one"]
    assert [page.json["numberReturned"] for page in (first, second)] == [1, 1]
    assert follow(edge, second) is None
    *_, one, other = edge.listing.searches
    assert (one.first, one.limit) == (other.first, other.limit)
    assert other.after is not None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/search?bbox=1", 400, "InvalidParameterValue"),
        ("/search?sortby=a", 400, "InvalidParameterValue"),
        ("/collections?limit=1", 400, "InvalidParameterValue"),
        ("/search?datetime=%FF", 400, "InvalidParameterValue"),
        ("/collections/nothing", 404, "NotFound"),
        ("/collections/nothing/items", 404, "NotFound"),
        (f"/collections/{COLLECTION}/items/nothing", 404, "NotFound"),
    ],
)
def test_a_failure_is_json(edge: Edge, path: str, status: int, code: str) -> None:
    result = edge.get(*path.partition("?")[:1], query_string=path.partition("?")[2])
    assert result.status_code == status
    assert result.headers["content-type"] == "application/json"
    assert result.headers["cache-control"] == "no-store"
    assert result.json.keys() == {"code", "description", "trace"}
    assert result.json["code"] == code
    assert result.json["trace"] in result.headers["traceresponse"]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (CatalogueUnavailableError("the catalogue cannot be reached now"), 503),
        (DeadlineExceededError("out of time"), 504),
        (RuntimeError("a secret"), 500),
    ],
)
def test_a_failure_of_the_server_is_json_too(edge: Edge, failure: Exception, status: int) -> None:
    edge.listing.failure = failure
    result = edge.get("/search")
    assert result.status_code == status
    assert "secret" not in result.text
    assert ("retry-after" in result.headers) == (status == 503)


def test_what_is_of_no_catalogue_is_there_without_one(edge: Edge) -> None:
    edge.catalogue.failure = CatalogueUnavailableError("away")
    for path in ("/", "/conformance", "/api"):
        assert edge.get(path).status_code == 200
    assert edge.get("/collections").status_code == 503


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{}", "application/json; charset=utf-8", 200),
        ("{}", None, 200),
        ("limit=1", "application/x-www-form-urlencoded", 415),
        ("{", "application/json", 400),
        ("{" + " " * 70_000 + "}", "application/json", 413),
    ],
)
def test_a_posted_search_is_json_within_the_limit(
    edge: Edge, body: str, content_type: str | None, status: int
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    result = edge.client.simulate_post("/search", body=body, headers=headers)
    assert result.status_code == status


def test_no_more_are_worked_on_at_once_than_have_a_turn() -> None:
    edge = Edge(threads=1, deadline_seconds=1)
    inner: list[Result] = []
    page = edge.listing.page

    def ask_meanwhile(*arguments: Any) -> Any:
        inner.append(edge.get("/conformance"))
        return page(*arguments)

    edge.listing.page = ask_meanwhile  # type: ignore[method-assign,assignment]
    edge.get("/search")
    assert [result.status_code for result in inner] == [504]


def test_a_request_is_traced_by_its_template(edge: Edge) -> None:
    edge.get(f"/collections/{COLLECTION}/items/one")
    spans = {span.name: span for span in edge.spans.get_finished_spans()}
    route = "/collections/{collection}/items/{item}"
    assert spans.keys() == {f"GET {route}", "parse", "search", "describe"}
    attributes = spans[f"GET {route}"].attributes or {}
    assert attributes["http.route"] == route
    assert attributes["sentinel_ows.service"] == "STAC"
    assert attributes["sentinel_ows.operation"] == "Item"
    assert (spans["search"].attributes or {})["sentinel_ows.scenes"] == 1
    text = edge.telemetry.metrics_text()
    assert 'sentinel_ows_stage_duration_seconds_count{sentinel_ows_stage="describe"} 1' in text
