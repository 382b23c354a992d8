"""The trace of a request: spans, their order and attributes, context in and out."""

import threading
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from function.errors import CatalogueUnavailableError, InvalidParameterError, InvalidTimeError
from function.telemetry import Telemetry, names

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class Recorded:
    """A telemetry whose finished spans are kept."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.telemetry = Telemetry({}, [SimpleSpanProcessor(self.exporter)])

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}


def identity(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert context is not None
    return context


def refuse(error: Exception) -> None:
    raise error


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    recorded = Recorded()
    yield recorded
    recorded.telemetry.close()


def test_a_request_has_a_root_span_and_a_child_a_stage(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}, route="/ows") as trace:
        with trace.stage("parse"):
            trace.identify("WMS", "GetMap", 2)
        with trace.stage("search") as stage:
            stage.record("scenes", 7)
        with trace.stage("read") as stage:
            stage.record("scenes", 3)
        with trace.stage("render"):
            pass
        trace.reply(200, 1234)
    spans = recorded.spans()
    root = spans["GET /ows"]
    assert list(spans) == ["parse", "search", "read", "render", "GET /ows"]
    assert root.kind is SpanKind.SERVER
    assert root.parent is None
    for stage_name in ("parse", "search", "read", "render"):
        parent = spans[stage_name].parent
        assert parent is not None
        assert parent.span_id == identity(root).span_id
        assert spans[stage_name].kind is SpanKind.INTERNAL
    assert dict(root.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/ows",
        "url.path": "/ows",
        "url.scheme": "http",
        "sentinel_ows.origin": "made",
        "sentinel_ows.service": "WMS",
        "sentinel_ows.operation": "GetMap",
        "sentinel_ows.layers": 2,
        "http.response.status_code": 200,
        "http.response.body.size": 1234,
    }
    assert dict(spans["search"].attributes or {}) == {"sentinel_ows.scenes": 7}
    assert root.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("name", ["traceparent", "TRACEPARENT", "Traceparent"])
def test_the_callers_trace_is_continued(recorded: Recorded, name: str) -> None:
    headers = {name: f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"}
    with recorded.telemetry.request("GET", "/ows", headers, route="/ows") as trace:
        trace.reply(200, 0)
        answer = trace.response_headers()["traceresponse"]
    root = recorded.spans()["GET /ows"]
    assert root.parent is not None
    assert root.parent.span_id == int(PARENT, 16)
    assert identity(root).trace_state.get("vendor") == "1"
    assert answer == f"00-{TRACE}-{identity(root).span_id:016x}-01"


def test_a_trace_the_caller_does_not_sample_is_not_exported(recorded: Recorded) -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    with recorded.telemetry.request("GET", "/ows", headers, route="/ows") as trace:
        with trace.stage("read") as stage:
            stage.record("scenes", 1)
        trace.reply(200, 0)
        answer = trace.response_headers()
    assert recorded.spans() == {}
    assert answer["traceresponse"].startswith(f"00-{TRACE}-")
    assert answer["traceresponse"].endswith("-00")
    assert trace.scenes == 1


@pytest.mark.parametrize(
    "header", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01"]
)
def test_a_broken_traceparent_starts_a_new_trace(recorded: Recorded, header: str) -> None:
    with recorded.telemetry.request("GET", "/ows", {"traceparent": header}, "/ows") as trace:
        trace.reply(200, 0)
    root = recorded.spans()["GET /ows"]
    assert root.parent is None
    assert trace.trace_id not in (TRACE, "0" * 32)


def test_the_standard_variables_choose_the_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    recorded = Recorded()
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        trace.reply(200, 0)
    assert recorded.spans() == {}
    assert trace.trace_id != "0" * 32


def test_a_server_failure_marks_its_stage_and_the_request(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}, "/ows") as trace:
        try:
            with trace.stage("search"):
                refuse(CatalogueUnavailableError("the catalogue cannot be reached"))
        except CatalogueUnavailableError as error:
            trace.fail(error)
            trace.reply(503, 10)
    for name in ("search", "GET /ows"):
        span = recorded.spans()[name]
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == "CatalogueUnavailableError"
        event = span.events[0]
        assert event.name == "exception"
        assert (event.attributes or {})["exception.message"] == "the catalogue cannot be reached"


def test_a_clients_mistake_is_recorded_but_is_no_error_of_the_server(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}, "/ows") as trace:
        try:
            with trace.stage("parse"):
                refuse(InvalidTimeError("TIME=x does not parse"))
        except InvalidTimeError as error:
            trace.fail(error)
            trace.reply(400, 10)
    for name in ("parse", "GET /ows"):
        span = recorded.spans()[name]
        assert span.status.status_code is StatusCode.UNSET
        assert (span.attributes or {})["error.type"] == "InvalidTimeError"


def test_an_exception_that_nobody_handles_passes_and_counts_as_500(recorded: Recorded) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        recorded.telemetry.request("GET", "/ows", {}, "/ows") as trace,
        trace.stage("read"),
    ):
        _ = 1 // 0
    root = recorded.spans()["GET /ows"]
    assert (root.attributes or {})["http.response.status_code"] == 500
    assert (root.attributes or {})["error.type"] == "ZeroDivisionError"
    assert root.status.status_code is StatusCode.ERROR
    assert set(recorded.spans()) == {"read", "GET /ows"}


def test_figures_from_other_threads_add_up_in_the_stage(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        with trace.stage("read") as stage:

            def fetch() -> None:
                for _ in range(1000):
                    stage.add("windows")
                    stage.add("samples", 10)

            threads = [threading.Thread(target=fetch) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        trace.reply(200, 0)
    assert dict(recorded.spans()["read"].attributes or {}) == {
        "sentinel_ows.windows": 4000,
        "sentinel_ows.samples": 40000,
    }


def test_requests_in_parallel_threads_keep_their_own_stages(recorded: Recorded) -> None:
    together = threading.Barrier(4)

    def serve() -> None:
        with recorded.telemetry.request("GET", "/ows", {}) as trace:
            together.wait()
            with trace.stage("read"):
                together.wait()
            trace.reply(200, 0)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finished = recorded.exporter.get_finished_spans()
    roots = {identity(s).span_id: s for s in finished if s.name == "GET"}
    reads = [s for s in finished if s.name == "read"]
    assert len(roots) == 4
    assert {s.parent.span_id for s in reads if s.parent} == set(roots)
    assert len({identity(s).trace_id for s in roots.values()}) == 4


def test_clients_cannot_make_up_names(recorded: Recorded) -> None:
    with recorded.telemetry.request("BREW", "/" + "x" * 5000, {}) as trace:
        trace.identify("teapot", "GetTea")
        trace.reply(405, 0)
    (root,) = recorded.exporter.get_finished_spans()
    assert root.name == "HTTP"
    attributes = root.attributes or {}
    assert attributes["http.request.method"] == "_OTHER"
    assert attributes["sentinel_ows.service"] == "_OTHER"
    assert attributes["sentinel_ows.operation"] == "_OTHER"
    assert len(str(attributes["url.path"])) == 256


def test_nothing_in_a_span_grows_without_bound(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        trace.fail(RuntimeError("x" * 100_000))
        trace.reply(500, 0)
    (root,) = recorded.exporter.get_finished_spans()
    assert root.status.description is None or len(root.status.description) <= 256
    (event,) = root.events
    assert max(len(str(value)) for value in (event.attributes or {}).values()) == 16_384


def test_server_timing_lists_the_stages_that_ran_and_the_total(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        with trace.stage("parse"):
            pass
        with trace.stage("render"):
            pass
        header = trace.response_headers()["Server-Timing"]
        trace.reply(200, 0)
    entries = [entry.split(";dur=") for entry in header.split(", ")]
    assert [name for name, _ in entries] == ["parse", "render", "total"]
    parse, render, total = (float(milliseconds) for _, milliseconds in entries)
    assert total >= 0
    assert parse + render <= total + 0.1  # each is rounded to 0.1 ms


def test_a_stage_that_runs_twice_is_timed_as_one(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        for scenes in (2, 3):
            with trace.stage("read") as stage:
                stage.record("scenes", scenes)
        header = trace.response_headers()["Server-Timing"]
        trace.reply(200, 0)
    assert header.count("read;") == 1
    assert trace.scenes == 5


def test_every_name_that_a_span_carries_is_declared(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}, "/ows", "https") as trace:
        trace.identify("WMS", "GetMap", 1)
        with trace.stage("read") as stage:
            for measure in names.STAGE_ATTRIBUTES:
                stage.add(measure)
        trace.fail(ValueError("x"))
        trace.reply(500, 1)
    for span in recorded.exporter.get_finished_spans():
        assert set(span.attributes or {}) <= set(names.ATTRIBUTES)
        assert span.name == "GET /ows" or span.name in names.SPANS
    assert (recorded.spans()["GET /ows"].attributes or {})["url.scheme"] == "https"


def test_resource_names_the_service_and_its_knative_revision() -> None:
    exporter = InMemorySpanExporter()
    environment = {"K_SERVICE": "maps", "K_REVISION": "maps-00007"}
    telemetry = Telemetry(environment, [SimpleSpanProcessor(exporter)])
    telemetry.start()
    with telemetry.request("GET", "/ows", {}) as trace:
        trace.reply(200, 0)
    telemetry.close()
    attributes = exporter.get_finished_spans()[0].resource.attributes
    assert attributes["service.name"] == "sentinel-ows"
    assert attributes["faas.name"] == "maps"
    assert attributes["faas.version"] == "maps-00007"
    assert attributes["service.version"]
    assert attributes["service.instance.id"]
    assert set(attributes) <= set(names.RESOURCE_ATTRIBUTES)


def test_the_process_tells_what_it_is_told_of_itself() -> None:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry({}, [SimpleSpanProcessor(exporter)], {names.DECODER: "OpenJPEG 2.5.0"})
    telemetry.start()
    with telemetry.request("GET", "/ows", {}) as trace:
        trace.reply(200, 0)
    telemetry.close()
    (span,) = exporter.get_finished_spans()
    assert span.resource.attributes["sentinel_ows.jpeg2000_decoder"] == "OpenJPEG 2.5.0"


def test_the_standard_variables_rename_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "irish-maps")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial")
    recorded = Recorded()
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        trace.reply(200, 0)
    attributes = recorded.exporter.get_finished_spans()[0].resource.attributes
    assert attributes["service.name"] == "irish-maps"
    assert attributes["deployment.environment.name"] == "trial"


def test_a_warning_is_an_event_of_its_stage_and_counted(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}) as trace, trace.stage("read") as stage:
        stage.warn("B04 of a scene cannot be read")
        stage.warn("B03 of a scene cannot be read")
    read = recorded.spans()["read"]
    assert [(event.name, dict(event.attributes or {})) for event in read.events] == [
        ("warning", {"sentinel_ows.message": "B04 of a scene cannot be read"}),
        ("warning", {"sentinel_ows.message": "B03 of a scene cannot be read"}),
    ]
    assert (read.attributes or {})["sentinel_ows.warnings"] == 2


def test_what_is_passed_over_is_an_event_and_counted(recorded: Recorded) -> None:
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        with trace.stage("read") as stage:
            stage.warn("B04 of S2A cannot be decoded")
            stage.warn("B03 of S2A cannot be decoded")
        trace.reply(200, 0)
    read = recorded.spans()["read"]
    assert dict(read.attributes or {}) == {"sentinel_ows.warnings": 2}
    assert [event.name for event in read.events] == ["warning", "warning"]
    assert dict(read.events[0].attributes or {}) == {
        "sentinel_ows.message": "B04 of S2A cannot be decoded"
    }


@pytest.mark.parametrize(
    ("error", "status", "failed"),
    [
        (CatalogueUnavailableError("away"), 200, True),
        (RuntimeError("broken"), 200, True),
        (InvalidParameterError("wrong"), 200, False),
        (InvalidParameterError("wrong"), 400, False),
        (CatalogueUnavailableError("away"), 503, True),
        (None, 200, False),
    ],
)
def test_a_failure_is_one_also_where_it_is_answered_as_a_picture(
    recorded: Recorded, error: Exception | None, status: int, failed: bool
) -> None:
    with recorded.telemetry.request("GET", "/ows", {}) as trace:
        if error is not None:
            trace.fail(error)
        trace.reply(status, 10)
        assert trace.failed is failed
