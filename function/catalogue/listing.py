"""Lists scenes page by page."""

from function.catalogue.pool import CataloguePool
from function.catalogue.search import read_scene
from function.deadline import Deadline
from function.item_search import ItemSearch
from function.scene import Scene

LIST = """
SELECT
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
FROM list_scenes(
    %(collections)s::text[], %(names)s::text[],
    st_setsrid(st_geomfromgeojson(%(area)s::text), 4326),
    %(first)s::timestamptz, %(last)s::timestamptz,
    %(after_acquired)s::timestamptz, %(after_name)s::text, %(limit)s::integer
)
"""


class SceneListing:
    """The archive's scenes as lists. Safe to share between threads."""

    def __init__(self, pool: CataloguePool) -> None:
        self._pool = pool

    def page(self, search: ItemSearch, deadline: Deadline) -> tuple[Scene, ...]:
        """List at most ``search.limit`` scenes, the most recent first, with all their assets.

        Superseded ones are listed only where they are named.

        Raises:
            CatalogueUnavailableError: the catalogue cannot be reached.
            DeadlineExceededError: ``deadline`` passed first.
        """
        after = search.after
        rows = self._pool.fetch(
            LIST,
            {
                "collections": _texts(search.collections),
                "names": _texts(search.names),
                "area": search.area,
                "first": search.first,
                "last": search.last,
                "after_acquired": None if after is None else after.acquired,
                "after_name": None if after is None else after.name,
                "limit": search.limit,
            },
            deadline,
        )
        return tuple(read_scene(collection, rest) for collection, *rest in rows)


def _texts(given: tuple[str, ...] | None) -> list[str] | None:
    return None if given is None else [*given]
