"""Each request's trace, around everything that answers it."""

import re
from contextlib import ExitStack

import falcon

from function.edge.address import PublicAddress
from function.telemetry import RequestTrace, Telemetry

# Probes and scrapes come every second or so: their traces would bury those of the maps.
UNTRACED = ("/health/", "/metrics")

# A part of a path that varies, as re.escape writes it.
_FIELD = re.compile(r"\\\{[a-z]+\\\}")


class Tracing:
    """Falcon middleware: opens the trace first, closes it last, and puts its headers in."""

    def __init__(
        self, telemetry: Telemetry, routes: frozenset[str], address: PublicAddress
    ) -> None:
        self._telemetry = telemetry
        self._address = address
        self._routes = {
            route: re.compile(_FIELD.sub("[^/]+", re.escape(route))) for route in routes
        }

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:  # noqa: ARG002
        if req.path.startswith(UNTRACED):
            return
        route = self._find_route(req.path)
        stack = ExitStack()
        req.context.trace = stack.enter_context(
            self._telemetry.request(
                req.method, req.path, req.headers, route, self._address.scheme_of(req)
            )
        )
        req.context.trace_end = stack

    def _find_route(self, path: str) -> str | None:
        return next((route for route, form in self._routes.items() if form.fullmatch(path)), None)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,  # noqa: ARG002
        req_succeeded: bool,  # noqa: ARG002
    ) -> None:
        trace = find_trace(req)
        if trace is None:
            return
        trace.reply(resp.status_code, _length(resp))
        resp.set_headers(dict(trace.response_headers()))
        req.context.trace_end.close()


def _length(response: falcon.Response) -> int:
    if response.stream is not None:
        return int(response.get_header("Content-Length") or 0)
    return len(response.data or b"")


def find_trace(request: falcon.Request) -> RequestTrace | None:
    """The request's trace, None for one that is not traced."""
    return getattr(request.context, "trace", None)
