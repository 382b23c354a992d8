"""Exporters to an OTLP/HTTP collector, as the standard OTEL_* variables ask for them."""

import logging
from collections.abc import Mapping

from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

logger = logging.getLogger(__name__)

PROTOCOL = "http/protobuf"


def wanted(signal: str, environment: Mapping[str, str]) -> bool:
    """Tell whether ``signal`` (``TRACES`` or ``METRICS``) is to be exported.

    The standard's default is to export to localhost; here nothing leaves the process until an
    endpoint or the exporter ``otlp`` is named. Source: OpenTelemetry specification, environment
    variables and OTLP exporter configuration.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get(f"OTEL_{signal}_EXPORTER", "").strip().lower()
    endpoint = environment.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or environment.get(
        "OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    if exporter not in ("", "otlp") or not (exporter or endpoint):
        return False
    protocol = environment.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL") or environment.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL", PROTOCOL
    )
    if protocol != PROTOCOL:
        logger.warning(
            "OTLP protocol %s is not offered; %s is sent as %s", protocol, signal, PROTOCOL
        )
    return True


# The exporters bring protobuf and an HTTP client: 26 ms of start that only an export is worth.


def span_processors(environment: Mapping[str, str]) -> tuple[SpanProcessor, ...]:
    """Make what sends finished spans. It starts a thread: call it after the fork."""
    if not wanted("TRACES", environment):
        return ()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return (BatchSpanProcessor(OTLPSpanExporter()),)


def metric_readers(environment: Mapping[str, str]) -> tuple[MetricReader, ...]:
    """Make what sends the metrics now and then. It starts a thread: call it after the fork."""
    if not wanted("METRICS", environment):
        return ()
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )

    return (PeriodicExportingMetricReader(OTLPMetricExporter()),)
