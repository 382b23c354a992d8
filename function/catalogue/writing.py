"""Writes scenes into the catalogue."""

from collections.abc import Mapping
from enum import StrEnum

import orjson
import psycopg

from function.catalogue.asset_document import asset_document
from function.catalogue.pool import CataloguePool
from function.codestream_record import CodestreamRecord
from function.deadline import Deadline
from function.errors import OperatorError
from function.scene import Scene

# A write takes milliseconds, but waits for others that write the same acquisition.
WRITE_SECONDS = 60.0
WRITE = """
SELECT write_indexed_scene(
    %(scene)s::jsonb, %(assets)s::integer[], %(hrefs)s::text[], %(versions)s::integer[],
    %(file_sizes)s::bigint[], %(file_stamps)s::text[], %(packets)s::bytea[], %(unfit)s::text[]
)
"""
NO_INDEXES: Mapping[int, CodestreamRecord] = {}


class SceneRefusedError(OperatorError):
    """The catalogue does not take a scene; the message names the rule that it breaks."""


class Written(StrEnum):
    """What writing a scene did to the catalogue."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"


class SceneWriter:
    """Writes each scene in a transaction of its own."""

    def __init__(self, pool: CataloguePool) -> None:
        self._pool = pool

    def write(self, scene: Scene, indexes: Mapping[int, CodestreamRecord] = NO_INDEXES) -> Written:
        """Make the catalogue hold ``scene`` as it is given; it is known by its name.

        ``indexes`` are kept with it, by the places of their files among its assets. Those kept
        earlier stay where the scene lists the same files as before.

        Raises:
            SceneRefusedError: the scene breaks a constraint of the schema.
            CatalogueUnavailableError: the catalogue cannot be reached.
            DeadlineExceededError: others held the same acquisition for a minute.
        """
        try:
            rows = self._pool.fetch(
                WRITE,
                {
                    "scene": orjson.dumps(_document(scene)).decode(),
                    "assets": list(indexes),
                    "hrefs": [scene.assets[place].href for place in indexes],
                    "versions": [record.version for record in indexes.values()],
                    "file_sizes": [record.state.size for record in indexes.values()],
                    "file_stamps": [record.state.stamp for record in indexes.values()],
                    "packets": [record.packets for record in indexes.values()],
                    "unfit": [record.unfit for record in indexes.values()],
                },
                Deadline.after(WRITE_SECONDS),
            )
        except psycopg.DatabaseError as error:
            rule = error.diag.constraint_name or error.diag.message_primary
            raise SceneRefusedError(f"{scene.name}: the catalogue refuses it: {rule}") from error
        return Written(rows[0][0])


def _document(scene: Scene) -> dict[str, object]:
    """Name the columns of the table ``scenes``."""
    return {
        "collection": scene.collection,
        "name": scene.name,
        "acquired": scene.acquired,
        "generated": scene.generated,
        "platform": scene.platform,
        "baseline": scene.baseline,
        "datatake": scene.datatake,
        "relative_orbit": scene.relative_orbit,
        "cell": scene.cell,
        "cloud_cover": scene.cloud_cover,
        "footprint": scene.footprint,
        "assets": asset_document(scene.assets, scene.vector_masks, scene.radar),
    }
