"""GetFeatureInfo: what is told of which pixel, in which form (OGC 06-042, 7.4; 01-068r3, 7.3)."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from function.errors import InvalidPointError, UnknownFormatError, UnqueryableLayerError
from function.layer import Publication
from function.parse.get_map import select_archive_layers
from function.parse.map_grid import MapGrid, read_map_grid
from function.parse.parameters import Parameters, shown
from function.parse.processing import read_changed_layers
from function.parse.query import LayerSelection, PixelRequest
from function.parse.selection import DrawnLayer, expand, read_drawn_layers
from function.parse.version import WMS_111
from function.settings import Settings

SERVICE = "WMS"
GET_FEATURE_INFO = "GetFeatureInfo"

# A place has a handful of features that anybody reads.
MOST_FEATURES = 100

_COUNT = re.compile(r"\d{1,9}", re.ASCII)


class InfoFormat(StrEnum):
    """A form of the answer, by the media type that capabilities list."""

    TEXT = "text/plain"
    HTML = "text/html"
    GML = "application/vnd.ogc.gml"
    JSON = "application/json"
    GEOJSON = "application/geo+json"


@dataclass(frozen=True, slots=True)
class FeatureInfoRequest(PixelRequest):
    """A GetFeatureInfo of the pixel at (``column``, ``row``) of ``grid``.

    ``layers`` are the archive layers asked about; ``asked`` the names of all layers, in the order
    to tell of them. ``parameters`` ask MapServer about the plain ones among these.
    """

    column: int
    row: int
    format: InfoFormat
    asked: tuple[str, ...]

    @property
    def plain(self) -> tuple[str, ...]:
        """The layers that MapServer is asked about."""
        archive = {layer.name for layer in self.layers}
        return tuple(name for name in self.asked if name not in archive)


def read_feature_info(
    parameters: Parameters, version: str, publication: Publication, settings: Settings
) -> FeatureInfoRequest:
    """Read a GetFeatureInfo; raises the OwsError that names what is wrong with it.

    LAYERS may be left out where QUERY_LAYERS says it all, and INFO_FORMAT, which is then text.
    """
    names = _read_queried(parameters, publication)
    if parameters.find("LAYERS") is None:
        parameters = parameters.with_value("LAYERS", ",".join(names))
    drawn = {
        layer.name: layer
        for layer in read_drawn_layers(parameters, publication, settings.max_layers)
    }
    queried = [drawn.get(name, DrawnLayer(name, "")) for name in names]
    area = read_map_grid(parameters, version, publication, settings.max_pixels)
    column = _read_place(parameters, ("I", "X"), version, area.grid.width)
    row = _read_place(parameters, ("J", "Y"), version, area.grid.height)
    plain = [layer for layer in queried if layer.name not in publication.archive_layers]
    at = ("X", "Y") if version == WMS_111 else ("I", "J")
    count = _read_count(parameters)
    return FeatureInfoRequest(
        SERVICE,
        version,
        GET_FEATURE_INFO,
        (
            ("SERVICE", SERVICE),
            ("VERSION", version),
            ("REQUEST", GET_FEATURE_INFO),
            *_ask_plain(plain, area, count),
            (at[0], str(column)),
            (at[1], str(row)),
        ),
        area.grid,
        _select(parameters, {*drawn, *names}, queried, publication, settings),
        column,
        row,
        _read_format(parameters),
        tuple(layer.name for layer in queried),
    )


def _select(
    parameters: Parameters,
    named: Set[str],
    queried: Sequence[DrawnLayer],
    publication: Publication,
    settings: Settings,
) -> tuple[LayerSelection, ...]:
    """The archive layers among ``queried``, as the request changes those of the map."""
    recipes = {name: layer for name, layer in publication.archive_layers.items() if name in named}
    changed = read_changed_layers(parameters, recipes, settings)
    return tuple(
        replace(layer, recipe=changed.get(layer.name, layer.recipe))
        for layer in select_archive_layers(parameters, queried, publication)
    )


def _read_queried(parameters: Parameters, publication: Publication) -> tuple[str, ...]:
    """The layers to tell of: of a group those that can be, of others each must."""
    names: dict[str, None] = {}
    for name in parameters.require("QUERY_LAYERS").split(","):
        members = [each for each in expand(name, publication) if each in publication.queryable]
        if not members:
            raise UnqueryableLayerError(f"layer {shown(name)!r} cannot be queried")
        names |= dict.fromkeys(members)
    return tuple(names)


def _ask_plain(
    plain: Sequence[DrawnLayer], area: MapGrid, count: int
) -> tuple[tuple[str, str], ...]:
    names = ",".join(layer.name for layer in plain)
    return (
        ("LAYERS", names),
        ("QUERY_LAYERS", names),
        ("STYLES", ",".join(layer.style for layer in plain)),
        *area.parameters,
        ("INFO_FORMAT", InfoFormat.GML),
        ("FEATURE_COUNT", str(count)),
    )


def _read_place(parameters: Parameters, keys: tuple[str, str], version: str, size: int) -> int:
    """A column or row; clients of one version that write the other's key are understood."""
    wanted, other = keys if version != WMS_111 else keys[::-1]
    text = parameters.find(wanted) or parameters.find(other) or parameters.require(wanted)
    if not _COUNT.fullmatch(text) or int(text) >= size:
        raise InvalidPointError(f"{wanted}={shown(text)} is no pixel of the map, 0 to {size - 1}")
    return int(text)


def _read_count(parameters: Parameters) -> int:
    """FEATURE_COUNT; what is no positive number counts as 1 (OGC 06-042, 7.4.3.6)."""
    text = parameters.find("FEATURE_COUNT")
    if text is None or not _COUNT.fullmatch(text):
        return 1
    return max(1, min(int(text), MOST_FEATURES))


def _read_format(parameters: Parameters) -> InfoFormat:
    asked = parameters.find("INFO_FORMAT") or InfoFormat.TEXT
    for offered in InfoFormat:
        if asked.split(";")[0].strip().lower() == offered:
            return offered
    offers = ", ".join(InfoFormat)
    raise UnknownFormatError(f"INFO_FORMAT={shown(asked)} is not offered; there are {offers}")
