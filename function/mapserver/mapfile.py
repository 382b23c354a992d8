"""The mapfile, loaded and checked: a map that is ready to be cloned for each request."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mapscript

from function.layer import ArchiveLayer, LayerKind, Publication
from function.mapserver.archive_layer import read_archive_layer
from function.mapserver.catalogue_connection import CATALOGUE, bounded_connection
from function.mapserver.feeding import scale_of
from function.mapserver.layer_metadata import PREFIX, LayerMetadata, MapfileError
from function.mapserver.map_object import items, layers_of, stated
from function.mapserver.publication import read_formats, read_publication
from function.mapserver.ramp_style import LEGEND_SECTIONS, lay_ramp
from function.parse.feature_info import InfoFormat

# What the service answers. Whatever else a mapfile enables stays off.
OPERATIONS = (
    "GetCapabilities",
    "GetMap",
    "GetFeatureInfo",
    "DescribeLayer",
    "GetLegendGraphic",
    "GetStyles",
)
COVERAGE_OPERATIONS = ("GetCapabilities", "DescribeCoverage", "GetCoverage")

TEMPLATE = "pixel"


@dataclass(frozen=True, slots=True, eq=False)
class Mapfile:
    """A loaded mapfile; ``map`` is a mapObj that is never drawn itself, only cloned."""

    map: Any
    publication: Publication


def load_mapfile(path: Path, database_url: str) -> Mapfile:
    """Load a mapfile; layers with ``CONNECTION "catalogue"`` get the database of the catalogue.

    Raises MapfileError for a file that MapServer cannot load, or with everything that is wrong in
    its layers' ``sentinel_ows_*`` metadata.
    """
    try:
        loaded = mapscript.mapObj(str(path))
    except (mapscript.MapServerError, OSError) as error:
        raise MapfileError(f"{path}: {error}") from error
    archive_layers: dict[str, ArchiveLayer] = {}
    problems = list(_taken_names(path, loaded))
    for layer in layers_of(loaded):
        keys = _own_keys(path, layer)
        if keys is not None:
            try:
                archive_layers[layer.name] = _read_layer(layer, keys)
            except MapfileError as error:
                problems += error.problems
        elif layer.connectiontype == mapscript.MS_POSTGIS and layer.connection == CATALOGUE:
            layer.connection = bounded_connection(database_url)
    if problems:
        raise MapfileError(*problems)
    _hold_to_the_service(loaded)
    _admit_arrays(loaded)
    publication = read_publication(path, loaded, archive_layers)
    return Mapfile(loaded, publication)


def _read_layer(layer: Any, keys: LayerMetadata) -> ArchiveLayer:
    """Read a layer that is fed from the archive, and lay its colours, where it has a ramp."""
    _check_feedable(layer, keys)
    recipe = read_archive_layer(keys)
    if recipe.ramp is None:
        _check_classes(layer, recipe.kind, keys)
    elif layer.numclasses:
        raise keys.fault("colormap", "stands in a layer with a CLASS; keep one of them")
    else:
        lay_ramp(layer, recipe.ramp, LEGEND_SECTIONS)
    if recipe.kind is LayerKind.VALUES:
        layer.metadata.set("wms_enable_request", "!*")
    # MapServer calls a layer queryable that has one; the answer is ours.
    layer.template = TEMPLATE
    if recipe.kind is LayerKind.CLASSES:
        return replace(recipe, class_names=tuple(_class_names(layer)))
    return recipe


def _class_names(layer: Any) -> Iterator[tuple[int, str]]:
    """What each code means: the NAME of the CLASS whose EXPRESSION is that number alone."""
    for index in range(layer.numclasses):
        drawn = layer.getClass(index)
        code = (drawn.getExpressionString() or "").strip("\"'")
        if drawn.name and code.isascii() and code.isdigit():
            yield int(code), drawn.name


def _own_keys(path: Path, layer: Any) -> LayerMetadata | None:
    own = {
        key[len(PREFIX) :]: value for key, value in items(layer.metadata) if key.startswith(PREFIX)
    }
    return LayerMetadata(path, layer.name or "(without a name)", own) if own else None


def _check_feedable(layer: Any, keys: LayerMetadata) -> None:
    """Pixels come from the archive alone, and only where a request names the layer."""
    if not layer.name:
        raise keys.fault("collection", "stands in a layer without a NAME")
    if layer.type != mapscript.MS_LAYER_RASTER:
        raise keys.fault("collection", "stands in a layer that is not of TYPE RASTER")
    if layer.data or layer.tileindex or layer.connection:
        raise keys.fault("collection", "stands in a layer with DATA, TILEINDEX or CONNECTION")
    if layer.status == mapscript.MS_DEFAULT:
        raise keys.fault("collection", "stands in a layer of STATUS DEFAULT; use OFF")
    try:
        scale_of(layer)
    except ValueError as error:
        raise keys.fault("kind", "PROCESSING SCALE is no pair min,max of numbers") from error


def _check_classes(layer: Any, kind: LayerKind, keys: LayerMetadata) -> None:
    """Refuse a class without EXPRESSION among several of an index.

    MapServer takes another class for it there: msGetClass_String in its mapraster.c returns the
    turn in which the class was tried instead of the class.
    """
    classes = [layer.getClass(index) for index in range(layer.numclasses)]
    if kind is not LayerKind.INDEX or len(classes) == 1:
        return
    for drawn in classes:
        if not drawn.getExpressionString():
            raise keys.fault(
                "kind", f"CLASS {drawn.name!r} needs an EXPRESSION: an index has several classes"
            )


def _taken_names(path: Path, loaded: Any) -> Iterator[str]:
    """MapServer finds layers whatever the case of their names, so that must tell them apart."""
    found: set[str] = set()
    for layer in layers_of(loaded):
        name = (layer.name or "").lower()
        if name and name in found:
            yield f"{path}: layer {layer.name}: the NAME is taken"
        found.add(name)


def _hold_to_the_service(loaded: Any) -> None:
    """Switch off what the mapfile may offer and the service does not answer.

    An SLD can name a document on another host, which MapServer would fetch.
    """
    metadata = loaded.web.metadata
    metadata.set("wms_enable_request", " ".join(("!*", *OPERATIONS)))
    metadata.set("wcs_enable_request", " ".join(("!*", *COVERAGE_OPERATIONS)))
    metadata.set("wms_sld_enabled", "false")
    formats = ",".join(read_formats(loaded))
    for key in ("wms_getmap_formatlist", "wms_getlegendgraphic_formatlist"):
        if stated(metadata, key.removeprefix("wms_")) is None:
            metadata.set(key, formats)
    metadata.set("wms_getfeatureinfo_formatlist", ",".join(InfoFormat))


def _admit_arrays(loaded: Any) -> None:
    """Let GDAL open arrays of this process, which it does since 3.10 only where it is told to.

    No client can name one: a data source never comes from a request.
    """
    loaded.setConfigOption("GDAL_MEM_ENABLE_OPEN", "YES")
    loaded.applyConfigOptions()
