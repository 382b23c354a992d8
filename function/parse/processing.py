"""How a request changes the layers it names: EXPRESSION, COLORMAP, COMPOSITE and their like."""

import re
from collections.abc import Mapping
from dataclasses import replace

from function.colour_ramp import ColourRamp, check_colour_map
from function.errors import InvalidParameterError
from function.formula import WIDEST, FormulaLimits, read_formula
from function.layer import ArchiveLayer, Composite, LayerKind
from function.parse.parameters import Parameters, shown
from function.parse.styled_layers import KEY, read_styled_layers
from function.settings import Settings

# Beyond any index, and what float32 tells apart at that size is still less than one.
FARTHEST = 1e6

# The scene classification's "cloud, medium probability" and "cloud, high probability".
LIKELY_CLOUD = frozenset({8, 9})
MOST_PROBABLE = 100

_PERCENT = re.compile(r"\d{1,3}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)


def read_changed_layers(
    parameters: Parameters, layers: Mapping[str, ArchiveLayer], settings: Settings
) -> Mapping[str, ArchiveLayer]:
    """Those of ``layers``, by name, that the request changes, as it changes them.

    Raises InvalidParameterError for a value that does not parse, and where none of the layers
    takes the parameter.
    """
    changed = dict(layers)
    for change in (_with_expression, _with_ramp, _with_stops, _with_composite, _with_probability):
        changed |= change(parameters, changed, settings)
    return {name: layer for name, layer in changed.items() if layer != layers[name]}


Layers = Mapping[str, ArchiveLayer]


def _with_expression(parameters: Parameters, layers: Layers, settings: Settings) -> Layers:
    text = parameters.find("EXPRESSION")
    if text is None:
        return {}
    limits = FormulaLimits(
        min(settings.max_expression_length, WIDEST.length),
        min(settings.max_expression_terms, WIDEST.terms),
        settings.max_expression_bands,
    )
    taking = _taking("EXPRESSION", {n: each for n, each in layers.items() if each.expression_bands})
    changed = {}
    for name, layer in taking.items():
        try:
            bands = read_formula(text, layer.expression_bands, limits).bands
        except InvalidParameterError as error:
            raise InvalidParameterError(f"EXPRESSION of layer {name}: {error}") from error
        changed[name] = replace(layer, expression=text, bands=bands)
    return changed


def _with_ramp(parameters: Parameters, layers: Layers, _settings: Settings) -> Layers:
    colour_map, colour_range = parameters.find("COLORMAP"), parameters.find("COLORRANGE")
    if colour_map is None and colour_range is None:
        return {}
    key = "COLORRANGE" if colour_map is None else "COLORMAP"
    ramps = {
        name: layer.ramp for name, layer in layers.items() if isinstance(layer.ramp, ColourRamp)
    }
    if colour_map is not None:
        ramps = {
            name: replace(ramp, colour_map=check_colour_map(colour_map))
            for name, ramp in ramps.items()
        }
    if colour_range is not None:
        lowest, highest = read_colour_range(colour_range)
        ramps = {name: ColourRamp(ramp.colour_map, lowest, highest) for name, ramp in ramps.items()}
    return _taking(key, {name: replace(layers[name], ramp=ramp) for name, ramp in ramps.items()})


def _with_stops(parameters: Parameters, layers: Layers, _settings: Settings) -> Layers:
    styled = read_styled_layers(parameters)
    if not styled:
        return {}
    indices = {name: each for name, each in layers.items() if each.kind is LayerKind.INDEX}
    ramps = {name: stops for name, stops in styled.items() if name in indices}
    return _taking(
        f"the ColorMap of {KEY}",
        {name: replace(indices[name], ramp=stops) for name, stops in ramps.items()},
    )


def read_colour_range(text: str) -> tuple[float, float]:
    """Read ``min,max``; raises InvalidParameterError unless they are numbers that rise."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(map(_NUMBER.fullmatch, parts)):  # noqa: PLR2004
        raise InvalidParameterError(f"COLORRANGE={shown(text)} is not two numbers: min,max")
    lowest, highest = map(float, parts)
    if not -FARTHEST <= lowest < highest <= FARTHEST:
        raise InvalidParameterError(
            f"COLORRANGE={shown(text)} must rise from min to max, within {FARTHEST:g} of 0"
        )
    return lowest, highest


def _with_composite(parameters: Parameters, layers: Layers, _settings: Settings) -> Layers:
    text = parameters.choose("COMPOSITE", tuple(Composite))
    if text is None:
        return {}
    composite = Composite(text)
    if composite is Composite.FIRST:
        return {name: replace(layer, composite=composite) for name, layer in layers.items()}
    suited = {name: each for name, each in layers.items() if each.kind is not LayerKind.CLASSES}
    return _taking(
        f"COMPOSITE={text}",
        {name: replace(layer, composite=composite) for name, layer in suited.items()},
    )


def _with_probability(parameters: Parameters, layers: Layers, _settings: Settings) -> Layers:
    """A threshold stands in for the classes that are ESA's own of the same probability."""
    text = parameters.find("CLOUDPROBABILITY")
    if text is None:
        return {}
    if not _PERCENT.fullmatch(text) or not 1 <= int(text) <= MOST_PROBABLE:
        raise InvalidParameterError(
            f"CLOUDPROBABILITY={shown(text)} is no percentage, 1 to {MOST_PROBABLE}"
        )
    return _taking(
        "CLOUDPROBABILITY",
        {
            name: replace(
                layer,
                masked_probability=float(text),
                masked_classes=layer.masked_classes - LIKELY_CLOUD,
            )
            for name, layer in layers.items()
            if layer.masked_classes or layer.masked_probability is not None
        },
    )


def _taking(key: str, layers: Layers) -> Layers:
    """Give ``layers``, those that take ``key``; raise where there are none."""
    if not layers:
        raise InvalidParameterError(f"{key} is not for the layers that are asked for")
    return layers
