"""The codestream indexes that the catalogue holds, one for each JPEG 2000 file of a scene."""

import logging
from collections.abc import Collection, Mapping

import psycopg

from function.catalogue.pool import CatalogueForbiddenError, CataloguePool
from function.codestream_record import CodestreamRecord, FileState, KnownCodestream
from function.deadline import Deadline
from function.errors import CatalogueUnavailableError, DeadlineExceededError
from function.scene import Asset, CataloguePlace

# Both happen within a request, which can do without them: reading the file's own headers takes
# less than waiting any longer. A healthy catalogue answers in milliseconds.
LOAD_SECONDS = 2.0
KEEP_SECONDS = 1.0

LOAD = """
SELECT
    wanted.scene, wanted.asset, held.version, held.file_size, held.file_stamp, held.packets,
    held.unfit
FROM unnest(%(scenes)s::text[], %(assets)s::integer[]) AS wanted (scene, asset)
INNER JOIN scenes ON wanted.scene = scenes.name
INNER JOIN codestream_indexes AS held
    ON scenes.scene_id = held.scene_id AND wanted.asset = held.asset
"""
KEEP = """
SELECT keep_codestream_index(
    %(scene)s::text, %(asset)s::integer, %(href)s::text, %(version)s::integer,
    %(file_size)s::bigint, %(file_stamp)s::text, %(packets)s::bytea, %(unfit)s::text
)
"""
KNOWN = """
SELECT
    held.asset, href_of_asset(scenes.assets::jsonb, held.asset), held.version, held.file_size,
    held.file_stamp, held.unfit
FROM scenes
INNER JOIN codestream_indexes AS held ON scenes.scene_id = held.scene_id
WHERE scenes.name = %(scene)s AND href_of_asset(scenes.assets::jsonb, held.asset) IS NOT NULL
"""

log = logging.getLogger("sentinel_ows.codestream_indexes")


class CodestreamIndexes:
    """Loads and keeps indexes for requests, which never fail for it. Shared between threads."""

    def __init__(self, pool: CataloguePool) -> None:
        self._pool = pool
        self._may_write = True

    def load(self, assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
        """Load what is held of ``assets``, by their hrefs, in one statement.

        Nothing is held of assets that are not from the catalogue; of all of them while it cannot
        be reached.
        """
        hrefs = {asset.place: asset.href for asset in assets if asset.place is not None}
        if not hrefs:
            return {}
        try:
            rows = self._pool.fetch(
                LOAD,
                {
                    "scenes": [place.scene for place in hrefs],
                    "assets": [place.asset for place in hrefs],
                },
                Deadline.after(LOAD_SECONDS),
            )
        except (psycopg.DatabaseError, CatalogueUnavailableError, DeadlineExceededError) as error:
            log.warning("codestream indexes cannot be loaded and are made anew: %s", error)
            return {}
        return {
            hrefs[CataloguePlace(scene, asset)]: CodestreamRecord(
                version, FileState(size, stamp), packets, unfit
            )
            for scene, asset, version, size, stamp, packets, unfit in rows
        }

    def keep(self, asset: Asset, record: CodestreamRecord) -> None:
        """Keep an index that was made on first use, where the role may and the catalogue can."""
        if asset.place is None or not self._may_write:
            return
        try:
            self._pool.fetch(
                KEEP,
                {
                    "scene": asset.place.scene,
                    "asset": asset.place.asset,
                    "href": asset.href,
                    "version": record.version,
                    "file_size": record.state.size,
                    "file_stamp": record.state.stamp,
                    "packets": record.packets,
                    "unfit": record.unfit,
                },
                Deadline.after(KEEP_SECONDS),
            )
        except CatalogueForbiddenError as error:
            self._may_write = False
            log.info("codestream indexes stay in memory: %s", error)
        except (psycopg.DatabaseError, CatalogueUnavailableError, DeadlineExceededError) as error:
            log.warning("a codestream index could not be kept: %s", error)


class KnownIndexes:
    """Tells what is held of a scene, for ingest."""

    def __init__(self, pool: CataloguePool) -> None:
        self._pool = pool

    def of_scene(self, name: str) -> Mapping[int, KnownCodestream]:
        """Tell what is held of a scene's files, by their places among its assets.

        Raises:
            CatalogueUnavailableError: the catalogue cannot be reached.
        """
        rows = self._pool.fetch(KNOWN, {"scene": name})
        return {
            place: KnownCodestream(href, version, FileState(size, stamp), unfit)
            for place, href, version, size, stamp, unfit in rows
        }
