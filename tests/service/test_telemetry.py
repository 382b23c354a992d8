"""What operators see of the running service."""

import json
import re

import pytest
from collector import Collector, collecting
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families
from serving import Served, serve, stop

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_TRUE_COLOR",
    "CRS": "EPSG:32632",
    "BBOX": "600000,5975000,602560,5977560",
    "WIDTH": "256",
    "HEIGHT": "256",
    "FORMAT": "image/png",
}
STAGES = ["parse", "search", "read", "render"]


@pytest.fixture(scope="module")
def collector_of_maps(
    demo_catalogue: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Collector, Served]:
    """A collector that a service exported to, and that service, which has ended."""
    with collecting() as collector:
        with serve(
            demo_catalogue,
            tmp_path_factory.mktemp("collected") / "service.log",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            K_SERVICE="maps",
            K_REVISION="maps-00007",
        ) as service:
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            assert service.ows(MAP, headers=headers).status == 200
            assert service.ows(MAP | {"LAYERS": "NONE"}).status == 400
            assert stop(service) == 0
        return collector, service


def named(attributes: list[KeyValue]) -> dict[str, str | int]:
    return {pair.key: pair.value.string_value or int(pair.value.int_value) for pair in attributes}


def test_one_trace_a_request_reaches_the_collector_when_the_service_stops(
    collector_of_maps: tuple[Collector, Served],
) -> None:
    collector, service = collector_of_maps
    spans: list[Span] = []
    for body in collector.bodies("/v1/traces"):
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            described = named(list(resource.resource.attributes))
            assert described["service.name"] == "sentinel-ows"
            assert (described["faas.name"], described["faas.version"]) == ("maps", "maps-00007")
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    drawn = [span for span in spans if span.trace_id.hex() == TRACE]
    (root,) = [span for span in drawn if span.name == "GET /ows"]
    assert root.parent_span_id.hex() == PARENT
    stages = [span for span in drawn if span is not root]
    assert [span.name for span in stages] == ["parse", "search", "search", "read", "render"]
    assert {span.parent_span_id for span in stages} == {root.span_id}
    search, read = (named(list(stage.attributes)) for stage in stages[2:4])
    # The first of several scenes fills the map: of the others nothing is decoded.
    found = int(search["sentinel_ows.scenes"])
    assert found > 1
    assert read["sentinel_ows.scenes"] == read["sentinel_ows.scenes_read"] == 1
    assert read["sentinel_ows.scenes_skipped"] == found - 1
    assert read["sentinel_ows.windows"] == 1
    (refused,) = [span for span in spans if span.name == "GET /ows" and span is not root]
    assert named(list(refused.attributes))["error.type"] == "UnknownLayerError"

    lines = [line for line in service.log_lines() if line["logger"] == "sentinel_ows.request"]
    assert [line["trace_id"] for line in lines] == [TRACE, refused.trace_id.hex()]
    assert [line["status"] for line in lines] == [200, 400]
    assert list(lines[0]["stages_ms"]) == STAGES
    assert (lines[0]["operation"], lines[0]["layers"], lines[0]["scenes"]) == ("GetMap", 1, 1)


def test_metrics_reach_the_collector_when_the_service_stops(
    collector_of_maps: tuple[Collector, Served],
) -> None:
    collector, _ = collector_of_maps
    body = collector.bodies("/v1/metrics")[-1]
    metrics = {
        metric.name: metric
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    points = metrics["http.server.request.duration"].histogram.data_points
    counts = {
        named(list(point.attributes))["http.response.status_code"]: point.count for point in points
    }
    assert counts == {200: 1, 400: 1}


def test_the_client_is_told_of_its_trace_and_of_the_time_of_each_stage(
    demo_service: Served,
) -> None:
    reply = demo_service.ows(MAP, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-0[0-9a-f]", reply.headers["traceresponse"])
    entries = re.findall(r"([a-z]+);dur=(\d+\.\d)", reply.headers["server-timing"])
    assert [name for name, _ in entries] == [*STAGES, "total"]
    refused = demo_service.ows(MAP | {"TIME": "yesterday"})
    assert re.fullmatch(r"parse;dur=[\d.]+, total;dur=[\d.]+", refused.headers["server-timing"])


def test_the_query_is_not_logged(demo_service: Served) -> None:
    demo_service.ows(MAP | {"token": "a-secret-of-the-client"})
    assert "a-secret-of-the-client" not in demo_service.log.read_text()


def test_a_scrape_counts_maps_but_not_probes(demo_service: Served) -> None:
    def total() -> float:
        text = demo_service.ask("/metrics").body.decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "http_server_request_duration_seconds_count"
        )

    before = total()
    demo_service.ask("/health/live")
    demo_service.ask("/health/ready")
    demo_service.ows(MAP)
    assert total() == before + 1


def test_every_line_that_the_process_writes_is_json(demo_service: Served) -> None:
    demo_service.ows(MAP)
    lines = demo_service.log.read_text().splitlines()
    assert lines
    for line in lines:
        assert {"time", "level", "logger", "message"} <= set(json.loads(line))
