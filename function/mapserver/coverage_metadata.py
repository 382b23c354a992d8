"""What coverages are, told to MapServer as metadata of the archive layers."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from function.layer import ArchiveLayer, LayerKind, Publication
from function.mapserver.map_object import layers_of, stated
from function.parse.coverage.area import DEGREES_A_METRE
from function.parse.coverage.bands import AXIS
from function.parse.coverage.get_coverage import band_names
from function.raster import NO_VALUE
from function.search import CollectionExtent

# Descriptions are in degrees, longitude first: the CRS that holds the archive as a whole.
LONLAT = "EPSG:4326"
# Nothing of the archive lies beyond; MapServer has no description without an extent.
WORLD = (-180.0, -90.0, 180.0, 90.0)
IMAGE_MODES = {LayerKind.VALUES: "INT16", LayerKind.INDEX: "FLOAT32", LayerKind.CLASSES: "BYTE"}
NO_DATA = {LayerKind.VALUES: str(NO_VALUE), LayerKind.INDEX: "nan", LayerKind.CLASSES: "0"}
INTERVALS = {
    LayerKind.VALUES: f"{NO_VALUE + 1} 32767",
    LayerKind.INDEX: "-1 1",
    LayerKind.CLASSES: "0 255",
}
# No unit but a factor: reflectances are counted in ten-thousandths (UCUM, 10*-4).
UNITS = {LayerKind.VALUES: "10*-4", LayerKind.INDEX: "1", LayerKind.CLASSES: "1"}
NOT_MEASURED = "http://www.opengis.net/def/nil/OGC/0/missing"
UPRIGHT = 2


def state_coverages(
    drawn: Any, publication: Publication, extents: Mapping[str, CollectionExtent]
) -> None:
    """Describe every coverage of ``drawn`` (a mapObj), and take all other layers out of WCS.

    A coverage covers what the catalogue holds of its collection, the world where that is empty,
    in pixels of its resolution: 0.0001 degrees for 10 m.
    """
    drawn.web.metadata.set("wcs_srs", LONLAT)
    for target in layers_of(drawn):
        layer = publication.archive_layers.get(target.name)
        if layer is None or layer.name not in publication.coverages:
            target.metadata.set("wcs_enable_request", "!*")
            continue
        for key, text in _describe(target, layer, extents.get(layer.collection)).items():
            target.metadata.set(key, text)
        target.setProjection(LONLAT)


def _describe(
    target: Any, layer: ArchiveLayer, extent: CollectionExtent | None
) -> Mapping[str, str]:
    step = layer.resolution * DEGREES_A_METRE
    west, south, east, north = _snapped(_bounds(extent), step)
    size = round((east - west) / step), round((north - south) / step)
    names = band_names(layer)
    title = stated(target.metadata, "title") or layer.name
    described = {
        "wcs_label": title,
        "wcs_description": title,
        "wcs_abstract": stated(target.metadata, "abstract") or title,
        "wcs_extent": f"{west!r} {south!r} {east!r} {north!r}",
        "wcs_size": f"{size[0]} {size[1]}",
        "wcs_resolution": f"{step!r} {step!r}",
        "wcs_bandcount": str(len(names)),
        "wcs_band_names": " ".join(names),
        "wcs_imagemode": IMAGE_MODES[layer.kind],
        "wcs_nilvalues": NO_DATA[layer.kind],
        "wcs_nilvalues_reasons": NOT_MEASURED,
        "wcs_rangeset_name": AXIS,
        "wcs_rangeset_label": "Bands",
        "wcs_rangeset_axes": AXIS,
        "wcs_rangeset_nullvalue": NO_DATA[layer.kind],
        f"wcs_{AXIS}_name": AXIS,
        f"wcs_{AXIS}_label": "Bands",
        f"wcs_{AXIS}_values": ",".join(names),
    }
    for name in names:
        described[f"{name}_band_uom"] = UNITS[layer.kind]
        described[f"{name}_interval"] = INTERVALS[layer.kind]
    if extent is not None:
        described["wcs_timeposition"] = (
            f"{_instant(extent.first_acquired)}/{_instant(extent.last_acquired)}"
        )
    return described


def _bounds(extent: CollectionExtent | None) -> tuple[float, float, float, float]:
    if extent is None:
        return WORLD
    if extent.west > extent.east:
        return WORLD[0], extent.south, WORLD[UPRIGHT], extent.north
    return extent.west, extent.south, extent.east, extent.north


def _snapped(
    bounds: tuple[float, float, float, float], step: float
) -> tuple[float, float, float, float]:
    """Widen to whole steps, on which the pixels of answers lie too."""
    west, south, east, north = bounds
    lower = (math.floor(west / step), math.floor(south / step))
    upper = (max(lower[0] + 1, math.ceil(east / step)), max(lower[1] + 1, math.ceil(north / step)))
    edges = [round(count * step, 9) for count in (*lower, *upper)]
    return edges[0], edges[1], edges[2], edges[3]


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
