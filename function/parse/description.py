"""GetCapabilities, DescribeLayer, GetLegendGraphic, GetStyles (OGC 06-042, 7.2; 05-078r4; 02-070).

They need no pixels: MapServer answers them from the mapfile.
"""

import re

from function.errors import InvalidParameterError
from function.layer import Publication
from function.parse.format import read_format
from function.parse.parameters import Parameters, shown
from function.parse.selection import check_style, expand
from function.parse.version import WMS_130

GET_CAPABILITIES = "GetCapabilities"
GET_LEGEND_GRAPHIC = "GetLegendGraphic"
DESCRIBE_LAYER = "DescribeLayer"
GET_STYLES = "GetStyles"
OPERATIONS = (GET_CAPABILITIES, DESCRIBE_LAYER, GET_LEGEND_GRAPHIC, GET_STYLES)

# The version of SLD that WMS 1.3.0 goes with; MapServer wants it said.
SLD_VERSION = ("SLD_VERSION", "1.1.0")

# WIDTH and HEIGHT size one symbol of the legend, which is some 20 pixels across.
MAX_SYMBOL_SIZE = 500

_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_SCALE = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)


def read_description(
    parameters: Parameters, operation: str, version: str, publication: Publication
) -> tuple[tuple[str, str], ...]:
    """The parameters of ``operation`` for MapServer; raises the OwsError for what is wrong."""
    if operation == GET_CAPABILITIES:
        return _read_optional(parameters, "UPDATESEQUENCE")
    if operation in {DESCRIBE_LAYER, GET_STYLES}:
        names = parameters.require("LAYERS").split(",")
        layers = dict.fromkeys(each for name in names for each in expand(name, publication))
        return (("LAYERS", ",".join(layers)), SLD_VERSION)
    return _read_legend(parameters, publication) + ((SLD_VERSION,) if version == WMS_130 else ())


def _read_legend(parameters: Parameters, publication: Publication) -> tuple[tuple[str, str], ...]:
    layer = parameters.require("LAYER")
    style = parameters.find("STYLE") or ""
    for member in expand(layer, publication):
        check_style(member, style, publication)
    for key in ("WIDTH", "HEIGHT"):
        text = parameters.find(key)
        if text is not None and not _is_symbol_size(text):
            raise InvalidParameterError(
                f"{key}={shown(text)} is no size of a symbol, 1 to {MAX_SYMBOL_SIZE} pixels"
            )
    scale = parameters.find("SCALE")
    if scale is not None and not _SCALE.fullmatch(scale):
        raise InvalidParameterError(f"SCALE={shown(scale)} is no scale denominator")
    return (
        ("LAYER", layer),
        ("STYLE", style),
        ("FORMAT", read_format(parameters, publication)),
        *_read_optional(parameters, "RULE", "SCALE", "WIDTH", "HEIGHT"),
    )


def _is_symbol_size(text: str) -> bool:
    return _COUNT.fullmatch(text) is not None and 1 <= int(text) <= MAX_SYMBOL_SIZE


def _read_optional(parameters: Parameters, *keys: str) -> tuple[tuple[str, str], ...]:
    found = ((key, parameters.find(key)) for key in keys)
    return tuple((key, value) for key, value in found if value is not None)
