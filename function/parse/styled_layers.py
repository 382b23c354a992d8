"""SLD_BODY: the colour map that a request lays over an index (OGC 02-070, 11; 05-077r4, 11.6)."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from lxml import etree

from function.colour_ramp import Colour, ColourStops
from function.errors import InvalidParameterError, RefusedParameterError
from function.parse.parameters import SLD_BODY, Parameters, shown
from function.untrusted_xml import RefusedXmlError, parse_untrusted_xml

KEY = SLD_BODY
# A legend nobody can read; each is a class that MapServer tries for each of 256 values.
MOST_COLOURS = 64
# Beyond any index, and what float32 tells apart at that size is still less than one.
FARTHEST = 1e6

# What names something elsewhere, or features that are not the service's.
REMOTE = frozenset(
    {"ExternalGraphic", "OnlineResource", "RemoteOWS", "UserLayer", "InlineFeature", "Import"}
)

_HREF = "href"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_COLOUR = re.compile(r"#([0-9A-Fa-f]{6})")


def read_styled_layers(parameters: Parameters) -> Mapping[str, ColourStops]:
    """Read the colours of each NamedLayer of a StyledLayerDescriptor 1.0.0 or 1.1.0, by its name.

    Of a layer the first ColorMap counts: its entries (of type ramp, intervals or values), or in
    1.1.0 its Interpolate or Categorize. Raises RefusedParameterError for what refers elsewhere,
    and InvalidParameterError for what is none of this.
    """
    text = parameters.find(KEY)
    if text is None:
        return {}
    try:
        root = parse_untrusted_xml(text.encode(), KEY)
    except RefusedXmlError as error:
        raise InvalidParameterError(str(error)) from error
    if _name(root) != "StyledLayerDescriptor":
        raise InvalidParameterError(f"{KEY} is no StyledLayerDescriptor")
    for element in root.iter():
        remote = [key for key in element.attrib if etree.QName(key).localname == _HREF]
        if _name(element) in REMOTE or remote:
            raise RefusedParameterError(f"{KEY}: {_name(element)} is refused: it refers elsewhere")
    return dict(_layer(element) for element in root if _name(element) == "NamedLayer")


def _layer(element: etree._Element) -> tuple[str, ColourStops]:
    name = next((_text(part) for part in element if _name(part) == "Name"), "")
    maps = [part for part in element.iter() if _name(part) == "ColorMap"]
    if not maps:
        raise InvalidParameterError(f"{KEY}: layer {shown(name)!r} has no ColorMap")
    stops, stepped = _read_map(maps[0])
    if not 2 <= len(stops) <= MOST_COLOURS:  # noqa: PLR2004
        raise InvalidParameterError(
            f"{KEY}: a ColorMap has 2 to {MOST_COLOURS} colours, not {len(stops)}"
        )
    if any(low[0] >= high[0] for low, high in pairwise(stops)):
        raise InvalidParameterError(f"{KEY}: the values of a ColorMap must rise")
    return name, ColourStops(tuple(stops), stepped)


def _read_map(element: etree._Element) -> tuple[list[tuple[float, Colour]], bool]:
    """Values with their colours; whether each colour holds from its value to the next."""
    for part in element:
        if _name(part) == "Interpolate":
            return list(_interpolated(part)), False
        if _name(part) == "Categorize":
            return list(_categorized(part)), True
    kind = (element.get("type") or "ramp").lower()
    if kind not in {"ramp", "intervals"}:
        raise InvalidParameterError(f"{KEY}: a ColorMap is of type ramp or intervals, not {kind}")
    entries = [part for part in element if _name(part) == "ColorMapEntry"]
    stops = [
        (_number(part.get("quantity")), _colour(part.get("color"), part.get("opacity")))
        for part in entries
    ]
    if kind == "ramp":
        return stops, False
    # An entry's colour holds below its quantity, down to the one before.
    lows = [-FARTHEST, *(value for value, _ in stops)]
    return [(low, colour) for low, (_, colour) in zip(lows, stops, strict=False)], True


def _interpolated(element: etree._Element) -> Iterator[tuple[float, Colour]]:
    for point in element:
        if _name(point) == "InterpolationPoint":
            parts = {_name(part): _text(part) for part in point}
            yield _number(parts.get("Data")), _colour(parts.get("Value"), None)


def _categorized(element: etree._Element) -> Iterator[tuple[float, Colour]]:
    """Thresholds stand between the values that hold below and from them on."""
    low = -FARTHEST
    for part in element:
        if _name(part) == "Threshold":
            low = _number(_text(part))
        elif _name(part) == "Value":
            yield low, _colour(_text(part), None)


def _number(text: str | None) -> float:
    if text is None or not _NUMBER.fullmatch(text.strip()) or abs(float(text)) > FARTHEST:
        raise InvalidParameterError(
            f"{KEY}: {shown(text or '')!r} is no value of a ColorMap, within {FARTHEST:g} of 0"
        )
    return float(text)


def _colour(text: str | None, opacity: str | None) -> Colour:
    match = _COLOUR.fullmatch((text or "").strip())
    if match is None:
        raise InvalidParameterError(f"{KEY}: {shown(text or '')!r} is no colour: use #RRGGBB")
    if opacity is not None and _number(opacity) != 1:
        raise InvalidParameterError(f"{KEY}: colours of a ColorMap are opaque: leave opacity out")
    red, green, blue = bytes.fromhex(match[1])
    return red, green, blue


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
