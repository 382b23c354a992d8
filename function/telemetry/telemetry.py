"""Telemetry of a process and of those forked with it, passed to whoever reports to it."""

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from function.errors import ServiceStoppingError
from function.telemetry import export, names
from function.telemetry.metrics import MeasuredRequest, Metrics
from function.telemetry.resource import describe_process, package_version
from function.telemetry.shared_counts import SharedCounts
from function.telemetry.trace import FIRST_SERVER_ERROR, RequestTrace

request_log = logging.getLogger("sentinel_ows.request")

# Requests in flight come first when a container stops, and Knative kills it 30 s after SIGTERM:
# a collector that does not answer must not use that time up.
CLOSE_SECONDS = 5.0


class Telemetry:
    """Traces, metrics and the request log of a process.

    The processes that are forked from the one that makes it count together.

    Ready for use once made: requests are measured and logged, nothing is exported. ``start``,
    called after the fork, adds the exporters that the standard ``OTEL_EXPORTER_OTLP_*`` variables
    ask for; sampling follows ``OTEL_TRACES_SAMPLER``. ``span_processors`` receive every sampled
    span too, such as the SDK's in-memory exporter in a test. ``about`` tells more of the process,
    by the names of ``names.RESOURCE_ATTRIBUTES``.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        span_processors: Sequence[SpanProcessor] = (),
        about: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._environment = environment
        self._span_processors = tuple(span_processors)
        self._about = about
        self._propagator = TraceContextTextMapPropagator()
        self._counts = SharedCounts()
        self._build(exporting=False)

    def start(self, number: int = 0, *, several: bool = False) -> None:
        """Begin to export, where that is configured. Exporters have threads: fork first.

        ``number`` is one that no other living process has, and ``several`` whether there are to be
        others. A process that takes the number of a dead one adds to what that has counted.
        """
        self._counts.take(number)
        self._build(exporting=True, number=number if several else None)

    def close(self) -> None:
        """Send what is left; give up after CLOSE_SECONDS where no collector answers."""
        closing = [
            threading.Thread(target=self._tracer_provider.shutdown, daemon=True),
            threading.Thread(target=self._metrics.close, args=(CLOSE_SECONDS,), daemon=True),
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(CLOSE_SECONDS)

    @contextmanager
    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        route: str | None = None,
        scheme: str = "http",
    ) -> Iterator[RequestTrace]:
        """Trace one request in the thread that answers it.

        ``headers`` may be in any case; a ``traceparent`` among them continues the caller's trace.
        ``route`` names the endpoint that answers (``/ows``), None where there is none; ``scheme``
        is ``https`` where the client speaks that. Call
        ``reply`` before the end. An exception that gets here is recorded, counted as status 500
        and passed on. At the end the request is logged and counted.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        parent = self._propagator.extract(lower, Context())
        trace = RequestTrace(
            self._tracer, parent, method=method, path=path, route=route, scheme=scheme
        )
        token = otel_context.attach(trace.context)
        try:
            yield trace
        except BaseException as error:
            trace.fail(error)
            trace.reply(FIRST_SERVER_ERROR, 0)
            raise
        finally:
            seconds = trace.seconds
            trace.span.end()
            self._metrics.count(_measure(trace, seconds))
            _log(trace, seconds)
            otel_context.detach(token)

    def metrics_text(self) -> str:
        """Write the metrics of all processes together in Prometheus' text format."""
        return self._metrics.text()

    def _build(self, *, exporting: bool, number: int | None = None) -> None:
        version = package_version()
        resource = describe_process(self._environment, self._about, number)
        limits = SpanLimits(
            max_attribute_length=names.STACKTRACE_CHARACTERS,
            max_span_attribute_length=names.VALUE_CHARACTERS,
        )
        self._tracer_provider = TracerProvider(
            resource=resource, shutdown_on_exit=False, span_limits=limits
        )
        for processor in self._span_processors:
            self._tracer_provider.add_span_processor(processor)
        if exporting:
            for processor in export.span_processors(self._environment):
                self._tracer_provider.add_span_processor(processor)
        readers = export.metric_readers(self._environment) if exporting else ()
        self._tracer = self._tracer_provider.get_tracer("sentinel_ows", version)
        self._metrics = Metrics(self._counts, resource, readers, version)


def _measure(trace: RequestTrace, seconds: float) -> MeasuredRequest:
    attributes: dict[str, str | int] = {
        names.METHOD: trace.method,
        names.SCHEME: trace.scheme,
        names.SERVICE: trace.service or names.OTHER,
        names.OPERATION: trace.operation or names.OTHER,
    }
    if trace.route:
        attributes[names.ROUTE] = trace.route
    if trace.status is not None:
        attributes[names.STATUS] = trace.status
    if trace.failed:
        attributes[names.ERROR_TYPE] = trace.error_type or str(trace.status)
    met = not trace.failed and seconds <= names.TARGET_SECONDS
    return MeasuredRequest(seconds, trace.stages, attributes, trace.origin, met, trace.figures)


def _log(trace: RequestTrace, seconds: float) -> None:
    # Who told the service to stop knows why.
    wrong = trace.failed and not isinstance(trace.error, ServiceStoppingError)
    level = logging.ERROR if wrong else logging.INFO
    if not request_log.isEnabledFor(level):
        return
    fields = {
        "method": trace.method,
        "path": trace.path,
        "service": trace.service,
        "operation": trace.operation,
        "layers": trace.layers,
        "origin": trace.origin,
        "status": trace.status,
        "duration_ms": round(seconds * 1000, 1),
        "bytes": trace.size,
        "stages_ms": {stage: round(spent * 1000, 1) for stage, spent in trace.stages.items()},
        "scenes": trace.scenes,
    }
    if trace.error_type:
        fields["error"] = trace.error_type
    request_log.log(
        level,
        "%s %s %s",
        trace.method,
        trace.path,
        trace.status,
        exc_info=trace.error if wrong else None,
        extra={"fields": fields},
    )
