"""The trace of one request: a root span, a child span a stage, and what they measured."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import (
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

from function.errors import OwsError, fault_of
from function.telemetry import names
from function.telemetry.names import Measure, Stage

FIRST_ERROR = 400
FIRST_SERVER_ERROR = 500

stage_log = logging.getLogger("sentinel_ows.stage")


class StageTrace:
    """One stage under way. Its figures may come from any thread."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._figures: dict[Measure, float] = {}
        self._lock = threading.Lock()

    def record(self, measure: Measure, value: float) -> None:
        """Set a figure of this stage."""
        with self._lock:
            self._figures[measure] = value
            self._span.set_attribute(names.STAGE_ATTRIBUTES[measure], value)

    def add(self, measure: Measure, amount: float = 1) -> None:
        """Add to a figure of this stage, which starts at zero."""
        with self._lock:
            value = self._figures[measure] = self._figures.get(measure, 0) + amount
            self._span.set_attribute(names.STAGE_ATTRIBUTES[measure], value)

    def warn(self, message: str) -> None:
        """Tell of something passed over: in the log, and as an event of the span.

        Events are counted in ``warnings``.
        """
        self.add("warnings")
        self._span.add_event("warning", {names.MESSAGE: message})
        stage_log.warning("%s", message)

    def note(self, message: str) -> None:
        """Tell an operator, in the log, what warnings do not say for they are a client's too."""
        stage_log.warning("%s", message)

    def figures(self) -> Mapping[Measure, float]:
        """Give what was recorded."""
        with self._lock:
            return dict(self._figures)


class RequestTrace:
    """One request under way, in the thread that answers it. ``Telemetry.request`` makes it."""

    def __init__(
        self,
        tracer: Tracer,
        parent: Context,
        *,
        method: str,
        path: str,
        route: str | None,
        scheme: str,
    ) -> None:
        self.method = names.bounded(method, names.METHODS)
        self.path = path[: names.VALUE_CHARACTERS]
        self.route = route
        self.scheme = scheme
        self.service: str | None = None
        self.operation: str | None = None
        self.layers: int | None = None
        self.origin: names.Origin = "made"
        self.status: int | None = None
        self.size: int | None = None
        self.error: BaseException | None = None
        self.stages: dict[Stage, float] = {}
        self.scenes: int | None = None
        self.figures: Counter[Measure] = Counter()
        self._tracer = tracer
        self._started = time.perf_counter()
        spelled = "HTTP" if self.method == names.OTHER else self.method
        self.span = tracer.start_span(
            f"{spelled} {route}" if route else spelled,
            parent,
            SpanKind.SERVER,
            {
                names.METHOD: self.method,
                names.PATH: self.path,
                names.SCHEME: scheme,
                names.ORIGIN: self.origin,
                **({names.ROUTE: route} if route else {}),
            },
        )
        self.context = set_span_in_context(self.span, parent)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[StageTrace]:
        """Measure one stage; what it raises is recorded in its span and passes on.

        A stage that runs twice (for two layers, say) has two spans; its times add up.
        """
        started = time.perf_counter()
        span = self._tracer.start_span(stage, self.context, SpanKind.INTERNAL)
        token = otel_context.attach(set_span_in_context(span, self.context))
        stage_trace = StageTrace(span)
        try:
            yield stage_trace
        except BaseException as error:
            record_failure(span, error)
            raise
        finally:
            otel_context.detach(token)
            span.end()
            self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - started
            figures = stage_trace.figures()
            self.figures.update(
                {measure: int(figures.get(measure, 0)) for measure in names.FIGURES}
            )
            if stage == "read" and "scenes" in figures:
                self.scenes = (self.scenes or 0) + int(figures["scenes"])

    def identify(self, service: str, operation: str, layers: int | None = None) -> None:
        """Say which OGC operation this is and how many layers it names.

        Said as soon as it is known, for what follows may fail, and again once there is more.
        """
        self.service = names.bounded(service, names.SERVICES)
        self.operation = names.bounded(operation, names.OPERATIONS)
        self.layers = layers
        self.span.set_attribute(names.SERVICE, self.service)
        self.span.set_attribute(names.OPERATION, self.operation)
        if layers is not None:
            self.span.set_attribute(names.LAYERS, layers)

    def originate(self, origin: names.Origin) -> None:
        """Say where the answer comes from, where it was not made for this request."""
        self.origin = origin
        self.span.set_attribute(names.ORIGIN, origin)

    def fail(self, error: BaseException) -> None:
        """Record the failure that the reply tells of; the last one counts."""
        self.error = error
        record_failure(self.span, error)

    def reply(self, status: int, size: int) -> None:
        """Say what is answered: the HTTP status and the bytes of the body."""
        self.status = status
        self.size = size
        self.span.set_attribute(names.STATUS, status)
        self.span.set_attribute(names.BODY_SIZE, size)
        if status >= FIRST_SERVER_ERROR:
            self.span.set_status(StatusCode.ERROR)
            self.span.set_attribute(names.ERROR_TYPE, self.error_type or str(status))

    @property
    def seconds(self) -> float:
        """Time since the request's arrival."""
        return time.perf_counter() - self._started

    @property
    def failed(self) -> bool:
        """Whether the server failed: a status from 500 on, or no reply at all.

        So does what is answered with a picture of it, whose status tells nothing.
        """
        if self.status is None or self.status >= FIRST_SERVER_ERROR:
            return True
        return self.status < FIRST_ERROR and self.error is not None and _is_of_server(self.error)

    @property
    def error_type(self) -> str | None:
        return type(self.error).__qualname__ if self.error else None

    @property
    def trace_id(self) -> str:
        """32 hex digits; zeros where OTEL_SDK_DISABLED is set."""
        return format_trace_id(self.span.get_span_context().trace_id)

    def response_headers(self) -> Mapping[str, str]:
        """Give the headers that tell the client of the trace and of the time so far.

        ``Server-Timing`` (W3C Server Timing) holds each stage and the total in milliseconds;
        ``traceresponse`` (W3C Trace Context Level 2) the trace and the root span.
        """
        timings = [f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in self.stages.items()]
        timings.append(f"total;dur={self.seconds * 1000:.1f}")
        headers = {"Server-Timing": ", ".join(timings)}
        context = self.span.get_span_context()
        if context.is_valid:
            headers["traceresponse"] = _trace_parent(context)
        return headers


def record_failure(span: Span, error: BaseException) -> None:
    """Record an exception; what a client did wrong is no error of the server's span."""
    span.record_exception(error)
    span.set_attribute(names.ERROR_TYPE, type(error).__qualname__)
    if _is_of_server(error):
        span.set_status(Status(StatusCode.ERROR, str(error)[: names.VALUE_CHARACTERS]))


def _is_of_server(error: BaseException) -> bool:
    return not isinstance(error, OwsError) or fault_of(error).status >= FIRST_SERVER_ERROR


def _trace_parent(context: SpanContext) -> str:
    trace_id, span_id = format_trace_id(context.trace_id), format_span_id(context.span_id)
    return f"00-{trace_id}-{span_id}-{context.trace_flags:02x}"
