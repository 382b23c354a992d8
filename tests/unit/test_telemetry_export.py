"""Export to an OTLP/HTTP collector: only when asked for, complete at the end."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from collector import Collector, collecting
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from function.telemetry import Telemetry, names
from function.telemetry.export import wanted
from function.telemetry.resource import describe_process


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def test_spans_and_metrics_reach_the_collector_at_the_latest_on_close(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    telemetry = Telemetry()
    telemetry.start()
    with telemetry.request("GET", "/ows", {}, "/ows") as trace:
        with trace.stage("parse"):
            trace.identify("WMS", "GetMap", 1)
        trace.reply(200, 9)
    telemetry.close()

    (traces,) = collector.bodies("/v1/traces")
    spans = ExportTraceServiceRequest.FromString(traces).resource_spans[0].scope_spans[0].spans
    assert [span.name for span in spans] == ["parse", "GET /ows"]
    assert spans[0].parent_span_id == spans[1].span_id

    metrics_body = collector.bodies("/v1/metrics")[-1]
    exported = ExportMetricsServiceRequest.FromString(metrics_body).resource_metrics[0]
    metrics = {metric.name: metric for metric in exported.scope_metrics[0].metrics}
    assert set(metrics) == {
        "http.server.request.duration",
        "sentinel_ows.stage.duration",
        "sentinel_ows.requests",
        *(metric.name for metric in names.FIGURES.values()),
    }
    assert metrics["http.server.request.duration"].histogram.data_points[0].count == 1
    assert "http_server_request_duration_seconds_count" in telemetry.metrics_text()


def test_nothing_is_exported_before_start(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    threads = threading.active_count()
    telemetry = Telemetry()
    with telemetry.request("GET", "/ows", {}) as trace:
        trace.reply(200, 0)
    assert threading.active_count() == threads
    telemetry.close()
    assert collector.received == []


def test_close_does_not_wait_for_a_collector_that_hangs(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setattr("function.telemetry.telemetry.CLOSE_SECONDS", 0.2)
    collector.may_answer.clear()
    telemetry = Telemetry()
    telemetry.start()
    with telemetry.request("GET", "/ows", {}) as trace:
        trace.reply(200, 0)
    telemetry.close()
    answered = collector.answered
    collector.may_answer.set()
    assert answered == 0


ENDPOINT = "http://collector:4318"


@pytest.mark.parametrize(
    ("environment", "traces", "metrics"),
    [
        ({}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}, True, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False, False),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ENDPOINT}, True, False),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": ENDPOINT}, False, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True, False),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_METRICS_EXPORTER": "none"},
            True,
            False,
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False, False),
    ],
)
def test_the_standard_variables_decide(
    environment: dict[str, str], traces: bool, metrics: bool
) -> None:
    assert wanted("TRACES", environment) is traces
    assert wanted("METRICS", environment) is metrics


def test_a_protocol_that_is_not_offered_is_told(caplog: pytest.LogCaptureFixture) -> None:
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    assert wanted("TRACES", environment)
    assert "grpc" in caplog.text


def test_exporters_are_not_imported_until_they_are_wanted() -> None:
    program = (
        "import sys; from function.telemetry import Telemetry; t = Telemetry({}); t.start();"
        " print([name for name in sys.modules if 'exporter' in name or name == 'requests'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_sdk_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    telemetry = Telemetry()
    telemetry.start()
    with telemetry.request("GET", "/ows", {}) as trace:
        with trace.stage("read") as stage:
            stage.record("scenes", 1)
        trace.reply(200, 0)
        headers = trace.response_headers()
    assert list(headers) == ["Server-Timing"]
    assert "sentinel_ows_requests_total{" in telemetry.metrics_text()
    telemetry.close()


@pytest.mark.parametrize(
    ("given", "number", "expected"),
    [("pod-7", None, "pod-7"), ("pod-7", 0, "pod-7.0"), ("pod-7", 3, "pod-7.3")],
)
def test_an_instance_that_is_given_is_numbered_where_there_are_several(
    monkeypatch: pytest.MonkeyPatch, given: str, number: int | None, expected: str
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"service.instance.id={given},zone=a")
    attributes = describe_process({}, {}, number).attributes
    assert attributes["service.instance.id"] == expected
    assert attributes["zone"] == "a"
    assert attributes["process.pid"] == os.getpid()


def test_an_instance_that_is_not_given_is_the_process_alone() -> None:
    first, second = (
        describe_process({}, {}, number).attributes["service.instance.id"] for number in (0, 0)
    )
    assert first != second
