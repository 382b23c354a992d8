"""GetMap: what is drawn, on which grid, from which scenes (OGC 06-042, 7.3)."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from function.errors import InvalidParameterError, LimitExceededError
from function.grid import Grid
from function.layer import Publication
from function.parse.archive_search import read_cloud_mask, read_search
from function.parse.format import read_format
from function.parse.map_grid import read_map_grid
from function.parse.parameters import Parameters, shown
from function.parse.query import LayerSelection
from function.parse.resolution import read_resolution
from function.parse.selection import DrawnLayer, read_drawn_layers
from function.settings import Settings

_COLOUR = re.compile(r"0x[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Drawing:
    """The parameters for MapServer, and the pixels that it must be brought."""

    parameters: tuple[tuple[str, str], ...]
    grid: Grid
    layers: tuple[LayerSelection, ...]


def read_map(
    parameters: Parameters, version: str, publication: Publication, settings: Settings
) -> Drawing:
    """Read a GetMap; raises the OwsError that names what is wrong with it.

    STYLES and FORMAT may be left out: the default style and PNG stand in.
    """
    drawn = read_drawn_layers(parameters, publication, settings.max_layers)
    area = read_map_grid(parameters, version, publication, settings.max_pixels)
    stated = (
        ("LAYERS", ",".join(layer.name for layer in drawn)),
        ("STYLES", ",".join(layer.style for layer in drawn)),
        *area.parameters,
        ("FORMAT", read_format(parameters, publication)),
        *_read_background(parameters),
        *read_resolution(parameters),
    )
    archive = select_archive_layers(parameters, drawn, publication)
    if archive:
        _check_area(area.grid, settings.max_map_area)
    return Drawing(stated, area.grid, archive)


def select_archive_layers(
    parameters: Parameters, drawn: Sequence[DrawnLayer], publication: Publication
) -> tuple[LayerSelection, ...]:
    """Those of ``drawn`` that are read from the archive, and of which scenes."""
    search = read_search(parameters)
    cloud_mask = read_cloud_mask(parameters)
    archive = [publication.archive_layers.get(layer.name) for layer in drawn]
    return tuple(
        LayerSelection(layer, search, layer.masked_by_default if cloud_mask is None else cloud_mask)
        for layer in archive
        if layer is not None
    )


def _check_area(grid: Grid, limit: int) -> None:
    """Raise LimitExceededError for a map of more square kilometres than ``limit``; 0 is none."""
    area = grid.square_kilometres()
    if limit and area > limit:
        side = math.sqrt(limit * 1e6 / (grid.width * grid.height))
        raise LimitExceededError(
            f"a map of {area:.0f} square kilometres is too large, at most {limit} are drawn:"
            f" at {grid.width} x {grid.height} pixels the archive's layers begin at {side:.0f}"
            " metres a pixel"
        )


def _read_background(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    transparent = parameters.choose("TRANSPARENT", ["TRUE", "FALSE"]) or "FALSE"
    colour = parameters.find("BGCOLOR")
    if colour is None:
        return (("TRANSPARENT", transparent),)
    if not _COLOUR.fullmatch(colour):
        raise InvalidParameterError(f"BGCOLOR={shown(colour)} is no colour: use 0xRRGGBB")
    return (("TRANSPARENT", transparent), ("BGCOLOR", colour))
