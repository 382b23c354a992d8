"""A feature as a list of named facts, for the forms that have no room for more structure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from function.feature import Feature, Source, Value

# A reflectance is counted in ten-thousandths; float32 has seven digits.
DIGITS = 6


def facts_of(feature: Feature) -> Iterator[tuple[str, Value]]:
    """Its values, then how scenes were composed, then each scene: name, time, cloud cover."""
    yield from ((name, rounded(value)) for name, value in feature.values)
    if feature.composite is not None:
        yield "composite", feature.composite
        yield "scenes", len(feature.sources)
    for source in feature.sources:
        yield from facts_of_source(source)


def facts_of_source(source: Source) -> Iterator[tuple[str, Value]]:
    yield "scene", source.name
    yield "acquired", moment(source.acquired)
    yield "cloud_cover", rounded(source.cloud_cover)


def rounded(value: Value) -> Value:
    """A float to as many digits as it is exact to; what is not finite is none."""
    if not isinstance(value, float):
        return value
    short = float(f"{value:.{DIGITS}g}")
    return short if abs(short) != float("inf") and short == short else None  # noqa: PLR0124


def moment(time: datetime) -> str:
    """A time in UTC to the millisecond, as products have it (ISO 8601)."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"
