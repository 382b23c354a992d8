"""Answers for requests that fail: whatever it was, a report in XML or JSON, or a picture."""

import logging
from dataclasses import dataclass
from http import HTTPStatus

import falcon

from function.answer import RequestPath
from function.edge.exception_report import write_json_report, write_report
from function.edge.form import is_document
from function.edge.ows import EXCEPTION_HEADER, OWS
from function.edge.stac import ROUTES
from function.edge.tracing import find_trace
from function.errors import Fault, OwsError, fault_of
from function.parse.reported_version import reported_version

logger = logging.getLogger(__name__)

# A database that restarts is back within seconds.
RETRY_SECONDS = 5

JSON_ROUTES = frozenset({"/", *ROUTES})

UNEXPECTED = Fault(500, None, None)
UNEXPECTED_MESSAGE = "the service failed; its log tells why under this trace"


@dataclass(frozen=True, slots=True)
class _Picture:
    content_type: str
    body: bytes


class Failures:
    """Falcon's error handlers; ``path`` draws a failure where a client wants a picture of it."""

    def __init__(self, path: RequestPath) -> None:
        self._path = path

    def answer_known(
        self,
        request: falcon.Request,
        response: falcon.Response,
        error: OwsError,
        _parameters: dict[str, object],
    ) -> None:
        """Answer a failure that is known by name: its message is written for the client."""
        self._report(request, response, error, fault_of(error), str(error))

    def answer_unexpected(
        self,
        request: falcon.Request,
        response: falcon.Response,
        error: Exception,
        _parameters: dict[str, object],
    ) -> None:
        """Answer any other exception: what it was goes to the log and the trace alone."""
        if find_trace(request) is None:
            logger.error("unexpected failure of %s", request.path, exc_info=error)
        self._report(request, response, error, UNEXPECTED, UNEXPECTED_MESSAGE)

    def _report(
        self,
        request: falcon.Request,
        response: falcon.Response,
        error: Exception,
        fault: Fault,
        message: str,
    ) -> None:
        trace = find_trace(request)
        if trace is not None:
            trace.fail(error)
        trace_id = trace.trace_id if trace is not None else "none"
        picture = self._draw(request, f"{message} (trace {trace_id})")
        if picture is None:
            _write(request, response, fault, message, trace_id)
        else:
            # Clients show a picture, and read what it says, only where nothing seems wrong.
            response.status = HTTPStatus.OK
            response.content_type = picture.content_type
            response.data = picture.body
            response.set_header(EXCEPTION_HEADER, fault.wms_130 or "NoApplicableCode")
        response.set_header("Cache-Control", "no-store")
        if fault.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.set_header("Retry-After", str(RETRY_SECONDS))

    def _draw(self, request: falcon.Request, message: str) -> _Picture | None:
        """The picture that the client wants of a failure; None where it wants none."""
        if request.uri_template != OWS:
            return None
        try:
            answer = self._path.draw_failure(_texts(request), message)
        except OwsError:
            logger.exception("the picture of a failure could not be drawn")
            return None
        if answer is None or not isinstance(answer.body, bytes):
            return None
        return _Picture(answer.content_type, answer.body)


def _write(
    request: falcon.Request, response: falcon.Response, fault: Fault, message: str, trace_id: str
) -> None:
    if request.uri_template in JSON_ROUTES:
        report = write_json_report(fault, message, trace_id)
    else:
        report = write_report(reported_version(_texts(request)), fault, message, trace_id)
    response.status = report.status
    response.content_type = report.content_type
    response.data = report.body


def _texts(request: falcon.Request) -> tuple[str, ...]:
    """The texts of a request, or what is known where they could not be read."""
    unread = (request.query_string, "SERVICE=WCS" if is_document(request) else "")
    texts: tuple[str, ...] = getattr(request.context, "texts", unread)
    return texts
