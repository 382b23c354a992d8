"""LAYERS and STYLES of a GetMap: which layers are drawn, bottom first, and how."""

from dataclasses import dataclass

from function.errors import (
    InvalidParameterError,
    LimitExceededError,
    UnknownLayerError,
    UnknownStyleError,
)
from function.layer import Publication
from function.parse.parameters import Parameters, shown

# MapServer's name for a layer's only style, beside the standard's empty one.
DEFAULT_STYLES = frozenset({"", "default"})


@dataclass(frozen=True, slots=True)
class DrawnLayer:
    """One layer and the name of its style, empty for the default."""

    name: str
    style: str


def read_drawn_layers(
    parameters: Parameters, publication: Publication, max_layers: int
) -> tuple[DrawnLayer, ...]:
    """Read the layers to draw, bottom first, each once.

    A group, and the root layer, stand for the layers in them and hand them their style. Of a
    layer named twice the upper one counts. Raises MissingParameterError, UnknownLayerError,
    UnknownStyleError, InvalidParameterError where LAYERS and STYLES differ in number, and
    LimitExceededError.
    """
    names = parameters.require("LAYERS").split(",")
    styles = _read_styles(parameters, len(names))
    drawn: dict[str, DrawnLayer] = {}
    for name, style in zip(names, styles, strict=True):
        for member in expand(name, publication):
            drawn.pop(member, None)
            drawn[member] = DrawnLayer(member, check_style(member, style, publication))
    if len(drawn) > max_layers:
        raise LimitExceededError(f"LAYERS names {len(drawn)} layers, at most {max_layers} allowed")
    return tuple(drawn.values())


def expand(name: str, publication: Publication) -> tuple[str, ...]:
    """The layers that a name in LAYERS stands for; raises UnknownLayerError."""
    if name in publication.groups:
        return publication.groups[name]
    if name in publication.layers:
        return (name,)
    raise UnknownLayerError(
        f"layer {shown(name)!r} is not published; there are {', '.join(publication.layers)}"
    )


def _read_styles(parameters: Parameters, count: int) -> list[str]:
    """One style for each name in LAYERS: absent or empty means the default of every layer."""
    text = parameters.find("STYLES")
    if text is None:
        return [""] * count
    styles = text.split(",")
    if len(styles) != count:
        raise InvalidParameterError(
            f"STYLES has {len(styles)} entries for {count} in LAYERS; give as many or none"
        )
    return styles


def check_style(layer: str, style: str, publication: Publication) -> str:
    known = publication.styles.get(layer, frozenset())
    if style in known:
        return style
    if style in DEFAULT_STYLES:
        return ""
    offered = ", ".join(sorted(known)) or "only the default one"
    raise UnknownStyleError(f"layer {layer} has no style {shown(style)!r}; there is {offered}")
