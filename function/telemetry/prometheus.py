"""The metrics in Prometheus' text exposition format 0.0.4.

Names follow OpenTelemetry's "Prometheus and OpenMetrics Compatibility": dots become underscores,
the unit is spelt out at the end, counters end in ``_total``.
"""

from collections.abc import Iterator, Mapping

from opentelemetry.sdk.metrics.export import (
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    Sum,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def write_metrics(data: MetricsData | None) -> str:
    """Write every counter and histogram of ``data``; empty where nothing was measured yet."""
    if data is None:
        return ""
    lines: list[str] = []
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                lines.extend(_metric(metric))
    return "".join(f"{line}\n" for line in lines)


def _metric(metric: Metric) -> Iterator[str]:
    counter = isinstance(metric.data, Sum)
    name = metric.name.replace(".", "_")
    name += "_seconds" if metric.unit == "s" else ""
    name += "_total" if counter else ""
    yield f"# HELP {name} {metric.description}"
    yield f"# TYPE {name} {'counter' if counter else 'histogram'}"
    for point in metric.data.data_points:
        if isinstance(point, NumberDataPoint):
            yield f"{name}{_labels(point.attributes)} {point.value}"
        elif isinstance(point, HistogramDataPoint):
            yield from _histogram(name, point)


def _histogram(name: str, point: HistogramDataPoint) -> Iterator[str]:
    reached = 0
    limits = [*map(repr, point.explicit_bounds), "+Inf"]
    for limit, count in zip(limits, point.bucket_counts, strict=True):
        reached += count
        yield f"{name}_bucket{_labels(point.attributes, le=limit)} {reached}"
    yield f"{name}_sum{_labels(point.attributes)} {point.sum!r}"
    yield f"{name}_count{_labels(point.attributes)} {point.count}"


def _labels(attributes: Mapping[str, object] | None, **more: str) -> str:
    pairs = {key.replace(".", "_"): str(value) for key, value in (attributes or {}).items()} | more
    return "{" + ",".join(f'{key}="{_escape(value)}"' for key, value in pairs.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
