"""The metrics of a process: durations of requests and stages, and the count against the target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opentelemetry.metrics import Histogram, Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader
from opentelemetry.sdk.resources import Resource

from function.telemetry import names, prometheus


class Metrics:
    """Instruments, and the reader that ``/metrics`` is answered from."""

    def __init__(self, resource: Resource, readers: Sequence[MetricReader], version: str) -> None:
        self._reader = InMemoryMetricReader()
        self._provider = MeterProvider(
            [self._reader, *readers], resource=resource, shutdown_on_exit=False
        )
        meter = self._provider.get_meter("sentinel_ows", version)
        self._request_duration = _histogram(meter, names.REQUEST_DURATION)
        self._stage_duration = _histogram(meter, names.STAGE_DURATION)
        self._requests = meter.create_counter(
            names.REQUESTS.name, names.REQUESTS.unit, names.REQUESTS.description
        )

    def count(self, measured: "MeasuredRequest") -> None:
        """Take one finished request into account."""
        self._request_duration.record(measured.seconds, measured.attributes)
        for stage, seconds in measured.stages.items():
            self._stage_duration.record(seconds, {names.STAGE: stage})
        self._requests.add(
            1,
            {
                names.SERVICE: measured.attributes[names.SERVICE],
                names.OPERATION: measured.attributes[names.OPERATION],
                names.ORIGIN: measured.origin,
                names.TARGET: "met" if measured.met else "missed",
            },
        )

    def text(self) -> str:
        """Write every series in Prometheus' text format."""
        return prometheus.write_metrics(self._reader.get_metrics_data())

    def close(self, timeout_seconds: float) -> None:
        """Send what is left and stop."""
        self._provider.shutdown(timeout_millis=timeout_seconds * 1000)


@dataclass(frozen=True, slots=True)
class MeasuredRequest:
    """A finished request: its time, that of each stage, and the attributes of its series."""

    seconds: float
    stages: Mapping[names.Stage, float]
    attributes: Mapping[str, str | int]
    origin: names.Origin
    met: bool


def _histogram(meter: Meter, metric: names.Metric) -> Histogram:
    return meter.create_histogram(
        metric.name,
        metric.unit,
        metric.description,
        explicit_bucket_boundaries_advisory=names.DURATION_BOUNDARIES,
    )
