"""The metrics of a process, read back through Prometheus' own parser."""

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from function.errors import DeadlineExceededError
from function.telemetry import Telemetry, names
from function.telemetry.metrics import MeasuredRequest, Metrics
from function.telemetry.resource import describe_process
from function.telemetry.shared_counts import SharedCounts


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def value(text: str, name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for sample in samples(text)
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return found


def measured(seconds: float) -> MeasuredRequest:
    attributes: dict[str, str | int] = {
        names.METHOD: "GET",
        names.SERVICE: "WMS",
        names.OPERATION: "GetMap",
        names.STATUS: 200,
    }
    return MeasuredRequest(seconds, {"read": seconds / 2}, attributes, "made", met=True)


def test_durations_fall_into_cumulative_buckets_around_the_target() -> None:
    metrics = Metrics(SharedCounts(), describe_process({}, {}), (), "0")
    for seconds in (0.01, 0.2, 0.9, 1.0, 1.1, 30.0):
        metrics.count(measured(seconds))
    text = metrics.text()
    name = "http_server_request_duration_seconds"
    expected = {"0.05": 1, "0.2": 2, "0.85": 2, "1.0": 4, "1.2": 5, "25.0": 5, "+Inf": 6}
    for limit, count in expected.items():
        assert value(text, f"{name}_bucket", le=limit) == count
    assert value(text, f"{name}_count") == 6
    assert value(text, f"{name}_sum") == sum((0.01, 0.2, 0.9, 1.0, 1.1, 30.0))
    stage = "sentinel_ows_stage_duration_seconds"
    assert value(text, f"{stage}_bucket", le="0.5", sentinel_ows_stage="read") == 4
    assert value(text, f"{stage}_count", sentinel_ows_stage="read") == 6


def test_a_scrape_before_the_first_request_has_all_that_has_no_attributes() -> None:
    telemetry = Telemetry({})
    found = samples(telemetry.metrics_text())
    assert {(sample.name, sample.value) for sample in found} == {
        (f"{metric.name.replace('.', '_')}{'_bytes' if metric.unit == 'By' else ''}_total", 0)
        for metric in names.METRICS
        if not metric.attributes
    }
    assert len(found) == len(names.FIGURES)


def test_what_a_process_begins_with_takes_nothing_from_what_others_counted() -> None:
    telemetry = Telemetry({})
    # The last one goes on in the part of one that is dead.
    for number in (0, 1, 1):
        telemetry.start(number, several=True)
        with telemetry.request("GET", "/ows", {}) as trace, trace.stage("read") as stage:
            stage.add("retries", 2)
    assert value(telemetry.metrics_text(), "sentinel_ows_archive_retries_total") == 6
    telemetry.close()


def test_the_target_is_met_in_time_and_without_a_server_error() -> None:
    telemetry = Telemetry({})
    for status in (200, 304, 404):
        with telemetry.request("GET", "/ows", {}, "/ows") as trace:
            trace.identify("WMS", "GetMap", 1)
            trace.reply(status, 0)
    with telemetry.request("GET", "/ows", {}, "/ows") as trace:
        trace.identify("WMS", "GetMap", 1)
        trace.fail(DeadlineExceededError("out of time"))
        trace.reply(504, 0)
    text = telemetry.metrics_text()
    name = "sentinel_ows_requests_total"
    labels = {"sentinel_ows_service": "WMS", "sentinel_ows_operation": "GetMap"}
    assert value(text, name, sentinel_ows_target="met", **labels) == 3
    assert value(text, name, sentinel_ows_target="missed", **labels) == 1
    assert (
        value(
            text,
            "http_server_request_duration_seconds_count",
            http_response_status_code="504",
            error_type="DeadlineExceededError",
            http_route="/ows",
        )
        == 1
    )


def test_an_answer_after_the_target_misses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "TARGET_SECONDS", 0.0)
    telemetry = Telemetry({})
    with telemetry.request("GET", "/ows", {}, "/ows") as trace:
        trace.reply(200, 0)
    text = telemetry.metrics_text()
    assert value(text, "sentinel_ows_requests_total", sentinel_ows_target="missed") == 1


def test_a_request_without_a_reply_counts_as_missed() -> None:
    telemetry = Telemetry({})
    with telemetry.request("GET", "/ows", {}):
        pass
    text = telemetry.metrics_text()
    assert value(text, "sentinel_ows_requests_total", sentinel_ows_target="missed") == 1


def test_clients_cannot_make_up_series() -> None:
    telemetry = Telemetry({})
    for number in range(50):
        with telemetry.request(f"M{number}", f"/{number}", {}) as trace:
            trace.identify(f"S{number}", f"O{number}", 1)
            trace.reply(400, 0)
    counts = [
        sample
        for sample in samples(telemetry.metrics_text())
        if sample.name == "sentinel_ows_requests_total"
    ]
    assert [sample.value for sample in counts] == [50]


def test_every_metric_and_label_is_declared() -> None:
    telemetry = Telemetry({})
    with telemetry.request("GET", "/ows", {}, "/ows") as trace:
        with trace.stage("parse"):
            trace.identify("WMS", "GetMap", 1)
        with trace.stage("read") as stage:
            for measure in names.FIGURES:
                stage.add(measure)
        trace.fail(RuntimeError("x"))
        trace.reply(500, 0)
    declared = {
        metric.name.replace(".", "_"): {name.replace(".", "_") for name in metric.attributes}
        for metric in names.METRICS
    }
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(telemetry.metrics_text()):
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[family.name.removesuffix("_seconds").removesuffix("_bytes")] = labels
    assert found == declared


def test_what_stages_read_is_counted_over_all_requests() -> None:
    telemetry = Telemetry({})
    for fetched in (1000, 500):
        with telemetry.request("GET", "/ows", {}, "/ows") as trace:
            for _layer in range(2):
                with trace.stage("read") as stage:
                    stage.add("bytes_fetched", fetched)
                    stage.add("tiles_kept", 3)
                    stage.record("remaining_ms", 7)
            with trace.stage("render") as stage:
                stage.warn("passed over")
            trace.reply(200, 0)
    text = telemetry.metrics_text()
    assert value(text, "sentinel_ows_archive_read_bytes_total") == 3000
    assert value(text, "sentinel_ows_tiles_kept_total") == 12
    assert value(text, "sentinel_ows_warnings_total") == 2
    assert value(text, "sentinel_ows_tiles_decoded_total") == 0
    assert "remaining" not in text


def test_labels_are_escaped() -> None:
    metrics = Metrics(SharedCounts(), describe_process({}, {}), (), "0")
    awkward = 'a"b\\c\nd'
    attributes: dict[str, str | int] = {names.SERVICE: awkward, names.OPERATION: "GetMap"}
    metrics.count(MeasuredRequest(0.1, {}, attributes, "made", met=True))
    text = metrics.text()
    assert value(text, "sentinel_ows_requests_total", sentinel_ows_service=awkward) == 1


def test_counting_from_many_threads_loses_nothing() -> None:
    telemetry = Telemetry({})

    def serve() -> None:
        for _ in range(200):
            with telemetry.request("GET", "/ows", {}, "/ows") as trace:
                trace.reply(200, 0)
            telemetry.metrics_text()

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(telemetry.metrics_text(), "http_server_request_duration_seconds_count") == 800
