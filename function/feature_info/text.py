"""Features as plain text: a line for the layer, an indented one for each fact."""

from collections.abc import Iterator, Sequence

from function.feature import Feature, Place
from function.feature_info.facts import facts_of

NOTHING = "There is nothing at this place."


def write_text(features: Sequence[Feature], _place: Place) -> bytes:
    lines = [line for feature in features for line in _lines(feature)]
    return "\n".join([*(lines or [NOTHING]), ""]).encode()


def _lines(feature: Feature) -> Iterator[str]:
    yield _in_line(feature.layer)
    for name, value in facts_of(feature):
        shown = "unknown" if value is None else _in_line(str(value))
        yield f"  {_in_line(name)}: {shown}"


def _in_line(text: str) -> str:
    """``text`` without line breaks: a value of several lines would read as several facts."""
    return " ".join(text.split())
