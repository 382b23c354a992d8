"""The metrics: durations of requests and stages, counts against the target and of what was read.

They are counted twice: in memory that all processes share, which ``/metrics`` is answered from, and
by OpenTelemetry's SDK, which sends those of each process to a collector where one is named.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from opentelemetry.metrics import Histogram, Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource

from function.telemetry import names, prometheus
from function.telemetry.prometheus import Attributes
from function.telemetry.shared_counts import SharedCounts

# What is counted where there is no room for another series, as the SDK calls it.
OVERFLOW = {"otel.metric.overflow": "true"}


class Metrics:
    """Instruments, over the counts of all processes."""

    def __init__(
        self,
        counts: SharedCounts,
        resource: Resource,
        readers: Sequence[MetricReader],
        version: str,
    ) -> None:
        self._counts = counts
        self._provider = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        meter = self._provider.get_meter("sentinel_ows", version)
        self._histograms = {
            metric.name: _histogram(meter, metric) for metric in names.METRICS if metric.boundaries
        }
        self._counters = {
            metric.name: meter.create_counter(metric.name, metric.unit, metric.description)
            for metric in names.METRICS
            if not metric.boundaries
        }
        # A share of two of them can be told, and what they grow by seen, from the first event on.
        for metric in names.FIGURES.values():
            self._increase(metric, 0, {})

    def count(self, measured: "MeasuredRequest") -> None:
        """Take one finished request into account."""
        self._record(names.REQUEST_DURATION, measured.seconds, measured.attributes)
        for stage, seconds in measured.stages.items():
            self._record(names.STAGE_DURATION, seconds, {names.STAGE: stage})
        attributes = {
            names.SERVICE: measured.attributes[names.SERVICE],
            names.OPERATION: measured.attributes[names.OPERATION],
            names.ORIGIN: measured.origin,
            names.TARGET: "met" if measured.met else "missed",
        }
        self._increase(names.REQUESTS, 1, attributes)
        for measure, metric in names.FIGURES.items():
            if amount := measured.figures.get(measure):
                self._increase(metric, amount, {})

    def text(self) -> str:
        """Write every series, of all processes together, in Prometheus' text format."""
        series: dict[str, list[tuple[Attributes, list[float]]]] = {
            metric.name: [] for metric in names.METRICS
        }
        for key, numbers in self._counts.totals().items():
            name, attributes = orjson.loads(key)
            series[name].append((attributes, numbers))
        return "".join(
            prometheus.write_metric(metric, series[metric.name]) for metric in names.METRICS
        )

    def close(self, timeout_seconds: float) -> None:
        """Send what is left and stop."""
        self._provider.shutdown(timeout_millis=timeout_seconds * 1000)

    def _record(self, metric: names.Metric, value: float, attributes: Attributes) -> None:
        self._histograms[metric.name].record(value, attributes)
        # A boundary belongs to the bucket below it. The sum comes after the last bucket.
        bucket, total = bisect_left(metric.boundaries, value), len(metric.boundaries) + 1
        self._add(metric, attributes, {bucket: 1, total: value})

    def _increase(self, metric: names.Metric, amount: int, attributes: Attributes) -> None:
        self._counters[metric.name].add(amount, attributes)
        self._add(metric, attributes, {0: amount})

    def _add(
        self, metric: names.Metric, attributes: Attributes, amounts: Mapping[int, float]
    ) -> None:
        width = len(metric.boundaries) + 2 if metric.boundaries else 1
        self._counts.add(
            orjson.dumps((metric.name, attributes)),
            width,
            amounts,
            orjson.dumps((metric.name, OVERFLOW)),
        )


@dataclass(frozen=True, slots=True)
class MeasuredRequest:
    """A finished request: its time, that of each stage, and the attributes of its series.

    ``figures`` are those of names.FIGURES, of all stages together.
    """

    seconds: float
    stages: Mapping[names.Stage, float]
    attributes: Mapping[str, str | int]
    origin: names.Origin
    met: bool
    figures: Mapping[names.Measure, int] = field(default_factory=dict)


def _histogram(meter: Meter, metric: names.Metric) -> Histogram:
    return meter.create_histogram(
        metric.name,
        metric.unit,
        metric.description,
        explicit_bucket_boundaries_advisory=metric.boundaries,
    )
