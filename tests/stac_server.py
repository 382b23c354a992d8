"""A STAC API over given items: landing page and item search, in pages."""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

CONFORMANCE = [
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/item-search",
]
QUERY = "https://api.stacspec.org/v1.0.0/item-search#query"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class StacApi:
    """Serves ``items``; ``asked`` are the bodies of the searches. After ``pages`` it fails."""

    def __init__(
        self, items: Sequence[Any], page: int = 2, conformance: Sequence[str] = ()
    ) -> None:
        self.items = items
        self.page = page
        self.conformance = [*CONFORMANCE, *conformance]
        self.asked: list[dict[str, Any]] = []
        self.pages = 1000
        self.url = ""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/search":
            return self._answer(start_response, self._landing())
        length = int(environ.get("CONTENT_LENGTH") or 0)
        asked = json.loads(environ["wsgi.input"].read(length))
        self.asked.append(asked)
        start = int(asked.get("token", 0))
        if start >= self.page * self.pages:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"busy"]
        body: dict[str, Any] = {
            "type": "FeatureCollection",
            "features": self.items[start : start + self.page],
            "links": [],
        }
        if start + self.page < len(self.items):
            following = {**asked, "token": str(start + self.page)}
            body["links"].append(
                {
                    "rel": "next", "href": f"{self.url}/search", "method": "POST",
                    "type": "application/geo+json", "body": following,
                }
            )  # fmt: skip
        return self._answer(start_response, body)

    def _answer(self, start_response: "StartResponse", body: object) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def _landing(self) -> dict[str, Any]:
        return {
            "type": "Catalog",
            "id": "stand-in",
            "stac_version": "1.0.0",
            "description": "Items of a test.",
            "conformsTo": self.conformance,
            "links": [
                {"rel": "self", "href": self.url},
                {"rel": "root", "href": self.url},
                {
                    "rel": "search", "href": f"{self.url}/search", "method": "POST",
                    "type": "application/geo+json",
                },
            ],
        }  # fmt: skip


@contextmanager
def stac_api(api: StacApi) -> Iterator[StacApi]:
    """Serve ``api`` on a port of its own."""
    with make_server("127.0.0.1", 0, api, handler_class=Quiet) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
