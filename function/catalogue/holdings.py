"""What the catalogue holds, for operators: listed, shown whole, and removed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from function.catalogue.pool import CataloguePool
from function.catalogue.search import multirange
from function.deadline import Deadline
from function.errors import OperatorError
from function.search import TimeRange

# An operator waits for what a request may not.
PATIENCE_SECONDS = 120.0
# Scenes of one statement: to remove that many takes a second.
PAGE = 1000

# Values stand in the text as literals, so that conditions on null are gone before it is planned.
LIST = """
SELECT
    scenes.name, scenes.collection, scenes.acquired, scenes.generated, scenes.platform,
    scenes.baseline, scenes.relative_orbit, scenes.cell, scenes.cloud_cover, scenes.superseded,
    jsonb_array_length(scenes.assets::jsonb -> 'assets'), scenes.assets::jsonb ->> 'root'
FROM scenes
WHERE
    (%(collection)s::text IS NULL OR scenes.collection = %(collection)s)
    AND (%(cell)s::text IS NULL OR scenes.cell = %(cell)s)
    AND (%(times)s::tstzmultirange IS NULL OR scenes.acquired <@ %(times)s::tstzmultirange)
    AND (%(before)s::timestamptz IS NULL OR scenes.acquired < %(before)s::timestamptz)
    AND (
        %(west)s::double precision IS NULL
        OR (
            (
                scenes.cell = ''
                OR scenes.cell IN (
                    SELECT held.cell
                    FROM cell_extents AS held
                    WHERE st_intersects(
                        held.reach, area_of_box(%(west)s, %(south)s, %(east)s, %(north)s)
                    )
                )
            )
            AND st_intersects(
                scenes.footprint, area_of_box(%(west)s, %(south)s, %(east)s, %(north)s)
            )
        )
    )
    AND (
        %(after)s::timestamptz IS NULL
        OR scenes.acquired < %(after)s::timestamptz
        OR (scenes.acquired = %(after)s::timestamptz AND scenes.name > %(after_name)s)
    )
ORDER BY scenes.acquired DESC, scenes.name
LIMIT %(most)s
"""
SHOW = """
SELECT
    scenes.name, scenes.collection, scenes.acquired, scenes.generated, scenes.platform,
    scenes.baseline, scenes.relative_orbit, scenes.cell, scenes.cloud_cover, scenes.superseded,
    jsonb_array_length(scenes.assets::jsonb -> 'assets'), scenes.assets::jsonb ->> 'root',
    scenes.datatake,
    st_asgeojson(scenes.footprint), scenes.assets,
    (
        SELECT count(*) FILTER (WHERE held.unfit IS NULL)
        FROM codestream_indexes AS held WHERE held.scene_id = scenes.scene_id
    ),
    (
        SELECT coalesce(array_agg(other.name ORDER BY other.generated, other.name), '{}')
        FROM scenes AS other
        WHERE
            other.collection = scenes.collection
            AND other.datatake = scenes.datatake
            AND other.cell = scenes.cell
            AND other.name <> scenes.name
    )
FROM scenes
WHERE scenes.name = %(name)s
"""
HELD = "SELECT scenes.name FROM scenes WHERE scenes.name = ANY(%(names)s::text[])"
REMOVE = "SELECT name, change FROM remove_scenes(%(names)s::text[])"


class UnknownSceneNameError(OperatorError):
    """The catalogue holds no scene of that name."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which scenes are meant: None and no times mean any.

    ``box`` is (west, south, east, north) in degrees, west > east across the antimeridian;
    ``before`` is a time of acquisition.
    """

    collection: str | None = None
    cell: str | None = None
    times: tuple[TimeRange, ...] = ()
    box: tuple[float, float, float, float] | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """A scene as a list tells it; times are UTC, ``images`` counts its files, below ``root``."""

    name: str
    collection: str
    acquired: datetime
    generated: datetime
    platform: str
    baseline: str
    relative_orbit: int
    cell: str
    cloud_cover: float | None
    superseded: bool
    images: int
    root: str


@dataclass(frozen=True, slots=True)
class Removal:
    """Names of the scenes that are gone, and of older generations that are back."""

    removed: tuple[str, ...]
    restored: tuple[str, ...]


class Holdings:
    """Lists, shows and removes scenes, the superseded too.

    Every method raises CatalogueUnavailableError where the catalogue cannot be reached, and
    DeadlineExceededError where an answer takes more than two minutes.
    """

    def __init__(self, pool: CataloguePool) -> None:
        self._pool = pool

    def find(self, wanted: Filter, most: int | None = None) -> Iterator[Holding]:
        """Give the scenes that are meant, the latest first, page by page; at most ``most``."""
        last: Holding | None = None
        left = most
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self._page(wanted, last, size)
            yield from page
            if len(page) < size:
                return
            last = page[-1]
            left = None if left is None else left - size

    def show(self, name: str) -> dict[str, Any]:
        """Give all of a scene, as a document to be written as JSON.

        Raises:
            UnknownSceneNameError: there is none of that name.
        """
        rows = self._pool.fetch(SHOW, {"name": name}, _patience())
        if not rows:
            raise UnknownSceneNameError(f"the catalogue holds no scene {name}")
        *row, datatake, footprint, assets, indexes, generations = rows[0]
        return {
            **described(_holding(row)),
            "datatake": datatake,
            "other_generations": generations,
            "codestream_indexes": indexes,
            "footprint": orjson.loads(footprint),
            "assets": orjson.loads(assets),
        }

    def held(self, names: Sequence[str]) -> frozenset[str]:
        """Tell which of ``names`` the catalogue holds."""
        rows = self._pool.fetch(HELD, {"names": list(names)}, _patience())
        return frozenset(name for (name,) in rows)

    def remove(self, names: Sequence[str]) -> Removal:
        """Remove scenes by their names, all in one transaction; unknown ones are passed over."""
        changes = self._pool.fetch(REMOVE, {"names": list(names)}, _patience())
        return Removal(
            tuple(name for name, change in changes if change == "removed"),
            tuple(name for name, change in changes if change == "restored"),
        )

    def _page(self, wanted: Filter, last: Holding | None, most: int) -> list[Holding]:
        west, south, east, north = wanted.box or (None, None, None, None)
        rows = self._pool.fetch(
            LIST,
            {
                "collection": wanted.collection,
                "cell": wanted.cell,
                "times": multirange(wanted.times),
                "before": wanted.before,
                "west": west,
                "south": south,
                "east": east,
                "north": north,
                "after": last.acquired if last else None,
                "after_name": last.name if last else None,
                "most": most,
            },
            _patience(),
        )
        return [_holding(row) for row in rows]


def described(holding: Holding) -> dict[str, Any]:
    """Name the columns of a list, with times as ISO 8601 in UTC."""
    return {
        "name": holding.name,
        "collection": holding.collection,
        "acquired": holding.acquired.isoformat(),
        "generated": holding.generated.isoformat(),
        "platform": holding.platform,
        "baseline": holding.baseline,
        "relative_orbit": holding.relative_orbit,
        "cell": holding.cell,
        "cloud_cover": holding.cloud_cover,
        "superseded": holding.superseded,
        "images": holding.images,
        "root": holding.root,
    }


def _holding(row: Sequence[Any]) -> Holding:
    name, collection, acquired, generated, *rest = row
    return Holding(name, collection, acquired.astimezone(UTC), generated.astimezone(UTC), *rest)


def _patience() -> Deadline:
    return Deadline.after(PATIENCE_SECONDS)
