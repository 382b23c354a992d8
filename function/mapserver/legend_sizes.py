"""The true size of each style's legend, which MapServer tells of a layer's default style only."""

import struct
from collections.abc import Mapping
from typing import Any

from function.errors import OwsError
from function.layer import Publication
from function.mapserver.dispatch import dispatch

PNG = "image/png"

# Width and height in a PNG file: after its signature, the length and the name of the first chunk.
_SIZE = struct.Struct(">II")
_SIZE_OFFSET = 16


def measure_legends(
    loaded: Any, publication: Publication
) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Width and height in pixels by layer and style, for layers with more than one style.

    A legend that cannot be drawn, such as one with a missing symbol, is left out.
    """
    sizes: dict[tuple[str, str], tuple[int, int]] = {}
    for layer, styles in publication.styles.items():
        for style in styles if len(styles) > 1 else ():
            try:
                legend = dispatch(loaded.clone(), _legend_request(layer, style))
            except OwsError:
                continue
            sizes[layer, style] = _SIZE.unpack_from(legend.body, _SIZE_OFFSET)
    return sizes


def _legend_request(layer: str, style: str) -> list[tuple[str, str]]:
    return [
        ("SERVICE", "WMS"),
        ("VERSION", "1.3.0"),
        ("REQUEST", "GetLegendGraphic"),
        ("SLD_VERSION", "1.1.0"),
        ("LAYER", layer),
        ("STYLE", style),
        ("FORMAT", PNG),
    ]
