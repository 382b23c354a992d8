"""Which scenes a list is to hold, and where its next page begins."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PagePosition:
    """The scene that a page ends with: scenes are listed the most recent first, then by name."""

    acquired: datetime
    name: str


@dataclass(frozen=True, slots=True)
class ItemSearch:
    """Scenes to list, ``limit`` of them after the position ``after``.

    None does not narrow the list. ``area`` is a GeoJSON geometry in degrees (RFC 7946). ``first``
    and ``last`` are UTC, both included.
    """

    limit: int
    collections: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    area: str | None = None
    first: datetime | None = None
    last: datetime | None = None
    after: PagePosition | None = None
