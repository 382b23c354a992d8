"""What a request wants of the archive."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Priority(StrEnum):
    """Which scene lies on top; values are those of the ``PRIORITY`` parameter."""

    MOST_RECENT = "mostRecent"
    LEAST_RECENT = "leastRecent"
    LEAST_CLOUDY = "leastCC"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start`` up to, but not including, ``end``; None leaves a side open. Times are UTC."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Search:
    """The scenes a layer may be made of, best first by ``priority``.

    No ``times`` means any time. ``max_cloud`` bounds the product's cloud cover in percent; None
    admits every product, also those without a figure. ``scene`` is the name of the only scene to
    use, None where any will do. ``coverings`` is how many scenes may cover a grid cell's part of
    the map before those below are left out; None leaves out none, for a mask to fall through.
    """

    times: tuple[TimeRange, ...] = ()
    max_cloud: float | None = None
    priority: Priority = Priority.MOST_RECENT
    scene: str | None = None
    coverings: int | None = None


@dataclass(frozen=True, slots=True)
class CloudStatistics:
    """Cloud cover in percent of a collection's ``known`` scenes that have a figure.

    ``histogram`` counts them in ten steps of ten percent, the last with all of 100.
    """

    known: int
    mean: float
    least: float
    most: float
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CollectionExtent:
    """What the catalogue holds of a collection: bounds in degrees, times in UTC.

    West is never beyond east: what lies across the antimeridian has all longitudes.
    ``clouds`` is None where no scene has a figure of cloud cover.
    """

    collection: str
    west: float
    south: float
    east: float
    north: float
    first_acquired: datetime
    last_acquired: datetime
    scene_count: int
    clouds: CloudStatistics | None = None


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """What the catalogue holds as a whole.

    ``version`` differs whenever the scenes of any collection do, ``versions`` has one for each
    collection that holds scenes or ever did. None comes twice: they are fit for an ETag.
    ``extents`` lacks collections without scenes.
    """

    version: str
    versions: Mapping[str, str]
    extents: Mapping[str, CollectionExtent]
