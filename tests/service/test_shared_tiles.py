"""Tiles that one process has decoded are at hand in the others."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from collector import Collector, collecting
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from serving import Served, serve
from serving_processes import alone, await_processes

MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_NDVI",
    "CRS": "EPSG:32632",
    "BBOX": "600000,5975000,602560,5977560",
    "WIDTH": "256",
    "HEIGHT": "256",
    "FORMAT": "image/png",
}
EXPORT_SECONDS = 30


def ask(served: Served, collector: Collector) -> tuple[bytes, Mapping[str, int]]:
    """Draw the map and give it, with the figures of its stage read."""
    trace = uuid4().hex
    reply = served.ows(MAP, headers={"traceparent": f"00-{trace}-{'1' * 16}-01"})
    assert reply.status == 200, reply.body
    end = time.monotonic() + EXPORT_SECONDS
    while time.monotonic() < end:
        for body in collector.bodies("/v1/traces"):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    if span.trace_id.hex() == trace and span.name == "read":
                        values = {pair.key: pair.value.int_value for pair in span.attributes}
                        return reply.body, {
                            key.removeprefix("sentinel_ows."): value
                            for key, value in values.items()
                        }
        time.sleep(0.05)
    raise AssertionError("no span of the stage read was exported")


def test_no_process_decodes_what_another_has_decoded(demo_catalogue: str, tmp_path: Path) -> None:
    with (
        collecting() as collector,
        serve(
            demo_catalogue,
            tmp_path / "log",
            SENTINEL_OWS_PROCESSES="2",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_METRICS_EXPORTER="none",
            OTEL_BSP_SCHEDULE_DELAY="50",
        ) as served,
    ):
        one, other = await_processes(served)
        with alone(served, one):
            first, decoded = ask(served, collector)
        assert decoded["tiles_decoded"] > 0
        assert decoded["tiles_kept"] == 0
        with alone(served, other):
            second, found = ask(served, collector)
        at_hand = {"tiles_decoded": 0, "tiles_kept": decoded["tiles_decoded"], "fetches": 0}
        assert {**found, **at_hand} == found
        # What a process has decoded outlives it, for those that come after it too.
        for victim in (one, other):
            os.kill(victim, signal.SIGKILL)
            (new,) = await_processes(served, others_than=victim) - {one, other}
            with alone(served, new):
                third, found = ask(served, collector)
            assert {**found, **at_hand} == found
            assert first == second == third
            one = new
