"""What is at one place of a map: a feature of a plain layer, or a pixel and its scenes."""

from dataclasses import dataclass
from datetime import datetime

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Source:
    """A scene that gave a pixel; ``cloud_cover`` is the product's in percent, if known."""

    name: str
    acquired: datetime
    cloud_cover: float | None


@dataclass(frozen=True, slots=True)
class Feature:
    """What a layer has at a place: named ``values`` in order, None where there is none.

    ``sources`` are the scenes that gave them, best first, and ``composite`` how several became
    one value; a plain layer has neither.
    """

    layer: str
    values: tuple[tuple[str, Value], ...]
    sources: tuple[Source, ...] = ()
    composite: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A point: ``x`` and ``y`` in ``crs``, east or longitude first, and in degrees.

    ``longitude`` and ``latitude`` are not finite where the point is not on Earth.
    """

    crs: str
    x: float
    y: float
    longitude: float
    latitude: float
