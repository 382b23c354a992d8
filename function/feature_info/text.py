"""Features as plain text: a line for the layer, an indented one for each fact."""

from collections.abc import Iterator, Sequence

from function.feature import Feature, Place
from function.feature_info.facts import facts_of

NOTHING = "There is nothing at this place."


def write_text(features: Sequence[Feature], _place: Place) -> bytes:
    lines = [line for feature in features for line in _lines(feature)]
    return "\n".join([*(lines or [NOTHING]), ""]).encode()


def _lines(feature: Feature) -> Iterator[str]:
    yield feature.layer
    for name, value in facts_of(feature):
        # A value of several lines would read as several facts.
        shown = "unknown" if value is None else " ".join(str(value).split())
        yield f"  {name}: {shown}"
