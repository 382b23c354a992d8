"""Answers for requests that fail: an exception report, whatever it was, in XML or JSON."""

import logging
from http import HTTPStatus

import falcon

from function.edge.exception_report import write_json_report, write_report
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


def answer_failure(
    request: falcon.Request,
    response: falcon.Response,
    error: OwsError,
    _parameters: dict[str, object],
) -> None:
    """Answer a failure that is known by name: its message is written for the client."""
    _report(request, response, error, fault_of(error), str(error))


def answer_unexpected(
    request: falcon.Request,
    response: falcon.Response,
    error: Exception,
    _parameters: dict[str, object],
) -> None:
    """Answer any other exception: what it was goes to the log and the trace alone."""
    if find_trace(request) is None:
        logger.error("unexpected failure of %s", request.path, exc_info=error)
    _report(request, response, error, UNEXPECTED, UNEXPECTED_MESSAGE)


def _report(
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
    if request.uri_template in JSON_ROUTES:
        report = write_json_report(fault, message, trace_id)
    else:
        texts = getattr(request.context, "texts", (request.query_string,))
        report = write_report(reported_version(texts), fault, message, trace_id)
    response.status = fault.status
    response.content_type = report.content_type
    response.data = report.body
    response.set_header("Cache-Control", "no-store")
    if fault.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.set_header("Retry-After", str(RETRY_SECONDS))
