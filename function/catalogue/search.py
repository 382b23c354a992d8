"""Finds the scenes that a map is made of."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from psycopg.types.multirange import TimestamptzMultirange
from psycopg.types.range import TimestamptzRange

from function.catalogue.area import area_of
from function.catalogue.asset_document import read_asset_document
from function.catalogue.pool import CataloguePool
from function.catalogue.state import STATE, read_state
from function.deadline import Deadline
from function.errors import UnknownSceneError
from function.fresh import Fresh
from function.grid import Grid
from function.scene import Scene
from function.search import CatalogueState, CollectionExtent, Search, TimeRange

SEARCH = """
SELECT
    name, acquired, generated, platform, baseline, datatake, relative_orbit, cell, cloud_cover,
    footprint, assets
FROM search_scenes(
    %(collection)s::text,
    %(west)s::double precision, %(south)s::double precision,
    %(east)s::double precision, %(north)s::double precision,
    %(times)s::tstzmultirange, %(max_cloud)s::double precision,
    %(priority)s::text, %(coverings)s::integer, %(limit)s::integer
)
"""
# Finds nothing, but makes the plan on its connection: the first search after it takes 4 ms, not 41.
FIRST_SEARCH = """
SELECT FROM search_scenes('', 0, 0, 1, 1, NULL, NULL, 'mostRecent', 2, 1)
"""
NAMED = """
SELECT
    name, acquired, generated, platform, baseline, datatake, relative_orbit, cell, cloud_cover,
    footprint, assets
FROM search_scene(
    %(collection)s::text, %(scene)s::text,
    %(west)s::double precision, %(south)s::double precision,
    %(east)s::double precision, %(north)s::double precision,
    %(times)s::tstzmultirange, %(max_cloud)s::double precision
)
"""
HELD = "SELECT FROM scenes WHERE collection = %s AND name = %s"
READY = "SELECT FROM collections LIMIT 1"
# How long what was asked of the whole catalogue is believed where nothing tells of changes.
STATE_SECONDS = 2.0


class SceneCatalogue:
    """The archive's scenes as the catalogue knows them. Safe to share between threads."""

    def __init__(self, pool: CataloguePool, state_seconds: float = STATE_SECONDS) -> None:
        self._pool = pool
        self._state = Fresh(self._read_state, state_seconds)

    def search(
        self,
        collection: str,
        grid: Grid,
        search: Search,
        limit: int,
        deadline: Deadline | None = None,
    ) -> tuple[Scene, ...]:
        """Find at most ``limit`` scenes that meet ``grid``, best first, with all their assets.

        Where there are more, every grid cell gives its best before any gives its second. A scene
        that is asked for by name is found although a newer generation supersedes it.

        Raises:
            UnknownSceneError: there is none of that name in the collection.
            CatalogueUnavailableError: the catalogue cannot be reached.
            DeadlineExceededError: ``deadline`` passed first.
        """
        area = area_of(grid)
        if area is None:
            return ()
        rows = self._pool.fetch(
            SEARCH if search.scene is None else NAMED,
            {
                "collection": collection,
                "west": area.west,
                "south": area.south,
                "east": area.east,
                "north": area.north,
                "times": multirange(search.times),
                "max_cloud": search.max_cloud,
                "priority": search.priority.value,
                "scene": search.scene,
                "coverings": search.coverings,
                "limit": limit,
            },
            deadline,
        )
        if search.scene is not None and not rows:
            self._check_held(collection, search.scene, deadline)
        return tuple(read_scene(collection, row) for row in rows)

    def _check_held(self, collection: str, name: str, deadline: Deadline | None) -> None:
        if not self._pool.fetch(HELD, (collection, name), deadline):
            raise UnknownSceneError(f"SCENE={name!r} names no scene of collection {collection}")

    def state(self) -> CatalogueState:
        """Tell what is held as a whole, from memory unless that is too old.

        Raises:
            CatalogueUnavailableError, DeadlineExceededError: as for ``search``.
        """
        return self._state.get()

    def renew_state(self) -> None:
        """Ask for the state anew, for ``state`` to give; raises the same."""
        self._state.renew()

    def extents(self) -> Mapping[str, CollectionExtent]:
        """Ask what is held of each collection; one without scenes is absent.

        Raises:
            CatalogueUnavailableError, DeadlineExceededError: as for ``search``.
        """
        return self._read_state().extents

    def _read_state(self) -> CatalogueState:
        return read_state(self._pool.fetch(STATE))

    def ready(self) -> None:
        """Raise CatalogueUnavailableError unless a search could be answered now."""
        self._pool.fetch(READY)


def multirange(times: tuple[TimeRange, ...]) -> TimestamptzMultirange | None:
    """Write times as PostgreSQL's; none is any time."""
    if not times:
        return None
    return TimestamptzMultirange(
        [TimestamptzRange(each.start, each.end) for each in times if not _is_empty(each)]
    )


def _is_empty(times: TimeRange) -> bool:
    return times.start is not None and times.end is not None and times.start >= times.end


def read_scene(collection: str, row: Sequence[Any]) -> Scene:
    """Make a scene of a row that lists what it has, from its name to its asset document."""
    name, acquired, generated, platform, baseline, datatake, orbit, cell, cloud, area, document = (
        row
    )
    files = read_asset_document(document, name)
    return Scene(
        collection=collection,
        name=name,
        # The session may have another time zone: it is the operator's, or a pooler's.
        acquired=acquired.astimezone(UTC),
        generated=generated.astimezone(UTC),
        platform=platform,
        baseline=baseline,
        datatake=datatake,
        relative_orbit=orbit,
        cell=cell,
        cloud_cover=cloud,
        footprint=area,
        assets=files.assets,
        vector_masks=files.vector_masks,
        radar=files.radar,
    )
