"""The metrics in Prometheus' text exposition format 0.0.4.

Names follow OpenTelemetry's "Prometheus and OpenMetrics Compatibility": dots become underscores,
the unit is spelt out at the end, counters end in ``_total``.
"""

from collections.abc import Iterator, Mapping, Sequence

from function.telemetry.names import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

UNITS = {"s": "_seconds", "By": "_bytes"}

Attributes = Mapping[str, str | int]


def write_metric(metric: Metric, series: Sequence[tuple[Attributes, Sequence[float]]]) -> str:
    """Write a metric with all of its series; one without any is not told of.

    A counter's series is one number. A histogram's are the counts of its buckets, the last one
    beyond all boundaries, and the sum of what was measured.
    """
    return "".join(f"{line}\n" for line in _lines(metric, series)) if series else ""


def _lines(metric: Metric, series: Sequence[tuple[Attributes, Sequence[float]]]) -> Iterator[str]:
    name = metric.name.replace(".", "_")
    name += UNITS.get(metric.unit, "")
    name += "" if metric.boundaries else "_total"
    yield f"# HELP {name} {metric.description}"
    yield f"# TYPE {name} {'histogram' if metric.boundaries else 'counter'}"
    for attributes, numbers in series:
        if metric.boundaries:
            yield from _histogram(name, metric.boundaries, attributes, numbers)
        else:
            yield f"{name}{_labels(attributes)} {numbers[0]:.0f}"


def _histogram(
    name: str, boundaries: Sequence[float], attributes: Attributes, numbers: Sequence[float]
) -> Iterator[str]:
    reached = 0.0
    *counts, total = numbers
    for limit, count in zip([*map(repr, boundaries), "+Inf"], counts, strict=True):
        reached += count
        yield f"{name}_bucket{_labels(attributes, le=limit)} {reached:.0f}"
    yield f"{name}_sum{_labels(attributes)} {total!r}"
    yield f"{name}_count{_labels(attributes)} {reached:.0f}"


def _labels(attributes: Attributes, **more: str) -> str:
    pairs = {key.replace(".", "_"): str(value) for key, value in attributes.items()} | more
    return "{" + ",".join(f'{key}="{_escape(value)}"' for key, value in pairs.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
