"""What a loaded mapfile publishes, as a request must be checked against it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mapscript

from function.identity import tag_of
from function.layer import ArchiveLayer, LayerKind, Publication
from function.mapserver.layer_metadata import MapfileError
from function.mapserver.map_object import layers_of, stated
from function.telemetry.resource import package_version


def read_publication(
    path: Path, loaded: Any, archive_layers: Mapping[str, ArchiveLayer]
) -> Publication:
    """Read the names that ``loaded`` (a mapObj) answers to.

    Raises MapfileError for a mapfile without reference systems or without layers.
    """
    codes = (stated(loaded.web.metadata, "srs") or "").upper().split()
    if not codes:
        raise MapfileError(f"{path}: WEB METADATA: wms_srs is missing")
    named = [layer for layer in layers_of(loaded) if layer.name]
    drawn = [layer for layer in named if not _is_of_values(layer, archive_layers)]
    offered = [layer for layer in drawn if _is_enabled(layer, "wms", "getmap")]
    if not offered:
        raise MapfileError(f"{path}: there is no LAYER with a NAME")
    coverages = tuple(
        layer.name for layer in named if _is_coverage(layer, archive_layers.get(layer.name))
    )
    requestable = {*coverages, *(layer.name for layer in offered)}
    return Publication(
        layers=tuple(layer.name for layer in offered),
        archive_layers={
            name: layer for name, layer in archive_layers.items() if name in requestable
        },
        groups=_read_groups(loaded, offered),
        styles={layer.name: _read_styles(layer) for layer in offered},
        crs_codes=frozenset(codes),
        map_formats=frozenset(read_formats(loaded)),
        max_size=loaded.maxsize,
        coverages=coverages,
        fingerprint=tag_of(loaded.convertToString(), mapscript.msGetVersion(), package_version()),
        queryable=frozenset(layer.name for layer in offered if _is_queryable(layer)),
    )


def read_formats(loaded: Any) -> tuple[str, ...]:
    """The media types of maps: those listed, else those of the raster formats that are declared."""
    listed = stated(loaded.web.metadata, "getmap_formatlist")
    if listed is not None:
        return tuple(text.strip() for text in listed.split(","))
    outputs = [loaded.getOutputFormat(index) for index in range(loaded.numoutputformats)]
    drawn = [output for output in outputs if output.driver.upper().startswith("AGG/")]
    return tuple(dict.fromkeys(output.mimetype for output in drawn if output.mimetype))


def _is_of_values(layer: Any, archive_layers: Mapping[str, ArchiveLayer]) -> bool:
    archive = archive_layers.get(layer.name)
    return archive is not None and archive.kind is LayerKind.VALUES


def _is_coverage(layer: Any, archive: ArchiveLayer | None) -> bool:
    """Whether WCS offers the layer: one of ours that holds numbers, not colours."""
    if archive is None or archive.kind is LayerKind.COLOUR:
        return False
    return _is_enabled(layer, "wcs", "getcoverage")


def _is_queryable(layer: Any) -> bool:
    """Whether the layer, or a class of it, names a TEMPLATE: so MapServer tells them apart."""
    templates = [layer.template, *(layer.getClass(n).template for n in range(layer.numclasses))]
    return any(templates) and _is_enabled(layer, "wms", "getfeatureinfo")


def _is_enabled(layer: Any, service: str, request: str) -> bool:
    """Whether the layer's own ``enable_request`` leaves ``request`` on; the last word counts."""
    enabled: bool = layer.type != mapscript.MS_LAYER_QUERY
    for word in (stated(layer.metadata, "enable_request", service) or "").lower().split():
        if word.removeprefix("!") in {"*", request}:
            enabled = not word.startswith("!")
    return enabled


def _read_groups(loaded: Any, layers: list[Any]) -> dict[str, tuple[str, ...]]:
    """Every name that stands for layers: GROUP, the parts of ``wms_layer_group``, the root.

    A layer of the group's own name belongs to it. The root's name is the map's, unless
    ``wms_rootlayer_name`` gives another or, empty, none.
    """
    members: dict[str, list[str]] = {}
    for layer in layers:
        parts = (stated(layer.metadata, "layer_group") or "").split("/")
        for group in dict.fromkeys([layer.group or "", *parts]):
            if group:
                members.setdefault(group, []).append(layer.name)
    named = stated(loaded.web.metadata, "rootlayer_name")
    root = loaded.name if named is None else named
    if root:
        members[root] = [layer.name for layer in layers]
    for layer in layers:
        if layer.name not in members.get(layer.name, [layer.name]):
            members[layer.name].append(layer.name)
    return {name: tuple(names) for name, names in members.items()}


def _read_styles(layer: Any) -> frozenset[str]:
    """The groups of the layer's classes: MapServer's styles (its WMS server guide)."""
    groups = (layer.getClass(index).group for index in range(layer.numclasses))
    return frozenset(group for group in groups if group)
