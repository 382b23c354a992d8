"""What the catalogue holds, told to MapServer as metadata of the archive layers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from function.layer import Publication
from function.mapserver.map_object import stated
from function.search import CollectionExtent

WORLD = "-180 -90 180 90"


def state_extents(
    drawn: Any, publication: Publication, extents: Mapping[str, CollectionExtent]
) -> None:
    """Give every archive layer of ``drawn`` (a mapObj) its bounds and times.

    A layer of an empty collection keeps the bounds that the mapfile states, else those of the
    world, and has no time dimension: the standard knows no empty one (OGC 06-042, annex C).
    """
    for name, layer in publication.archive_layers.items():
        target = drawn.getLayerByName(name)
        extent = extents.get(layer.collection)
        # Bounds are told in degrees, longitude first.
        target.setProjection("EPSG:4326")
        if extent is None:
            target.metadata.set("wms_extent", stated(target.metadata, "extent") or WORLD)
            continue
        target.metadata.set("wms_extent", _bounds(extent))
        days = f"{_day(extent.first_acquired)}/{_day(extent.last_acquired)}"
        # A satellite passes a place once a day at most, and a day is what a TIME of that
        # precision means. Clients step through the extent by its period: one of seconds would
        # have them ask for seconds in which nothing was acquired.
        target.metadata.set("wms_timeextent", f"{days}/P1D")
        # Without TIME scenes of any time are used: the value with the same map is the whole.
        target.metadata.set("wms_timedefault", days)


def _bounds(extent: CollectionExtent) -> str:
    """West, south, east, north."""
    return f"{extent.west!r} {extent.south!r} {extent.east!r} {extent.north!r}"


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
