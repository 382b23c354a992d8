"""Writes scenes into the catalogue."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

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
SELECT place, outcome, superseding, superseded
FROM write_scenes(
    ARRAY(
        SELECT listed.scene
        FROM jsonb_array_elements(%(scenes)s::jsonb) WITH ORDINALITY AS listed (scene, place)
        ORDER BY listed.place
    ),
    %(fingerprints)s::uuid[], %(sources)s::text[], %(places)s::integer[], %(assets)s::integer[],
    %(hrefs)s::text[], %(versions)s::integer[], %(file_sizes)s::bigint[], %(file_stamps)s::text[],
    %(packets)s::bytea[], %(unfit)s::text[]
)
"""
KNOWN = """
SELECT fingerprint FROM scene_fingerprints WHERE fingerprint = ANY(%(fingerprints)s::uuid[])
"""
NO_INDEXES: Mapping[int, CodestreamRecord] = {}


class SceneRefusedError(OperatorError):
    """The catalogue does not take a scene; the message names the rule that it breaks."""


class Written(StrEnum):
    """What writing a scene did to the catalogue."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class ScenePackage:
    """A scene to be written.

    ``indexes`` are kept with it, by the places of their files among its assets. Those kept earlier
    stay where the scene lists the same files as before. ``fingerprint`` tells what it was read
    from, and ``source`` which of the scene's sources that is. With None the scene lacks something:
    it is read again the next time, and does not replace what another source told whole.
    """

    scene: Scene
    indexes: Mapping[int, CodestreamRecord] = field(default_factory=dict)
    fingerprint: UUID | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a scene: ``superseding`` an older generation, or ``superseded`` itself."""

    written: Written
    superseding: bool = False
    superseded: bool = False


class SceneWriter:
    """Makes the catalogue hold scenes as they are given; each is known by its name."""

    def __init__(self, pool: CataloguePool) -> None:
        self._pool = pool

    def known(self, fingerprints: Collection[UUID]) -> frozenset[UUID]:
        """Tell which of ``fingerprints`` are those of scenes as they are held now.

        Raises:
            CatalogueUnavailableError: the catalogue cannot be reached.
        """
        if not fingerprints:
            return frozenset()
        rows = self._pool.fetch(KNOWN, {"fingerprints": [str(each) for each in fingerprints]})
        return frozenset(fingerprint for (fingerprint,) in rows)

    def write(self, scene: Scene, indexes: Mapping[int, CodestreamRecord] = NO_INDEXES) -> Written:
        """Write one scene, without a fingerprint.

        Raises:
            SceneRefusedError: the scene breaks a constraint of the schema.
            CatalogueUnavailableError, DeadlineExceededError: as for ``write_all``.
        """
        (delivery,) = self.write_all([ScenePackage(scene, indexes)])
        if isinstance(delivery, SceneRefusedError):
            raise delivery
        return delivery.written

    def write_all(self, packages: Sequence[ScenePackage]) -> list[Delivery | SceneRefusedError]:
        """Write scenes in one transaction and tell, in their order, what became of them.

        Where the catalogue refuses one of them, each is written in a transaction of its own.

        Raises:
            CatalogueUnavailableError: the catalogue cannot be reached, or had to break a deadlock.
            DeadlineExceededError: others held the same acquisition for a minute.
        """
        if len({package.scene.name for package in packages}) < len(packages):
            return [self._write_one(package) for package in packages]
        try:
            return list(self._write(packages))
        except psycopg.DatabaseError as error:
            if len(packages) == 1:
                return [_refusal(error)]
            return [self._write_one(package) for package in packages]

    def _write_one(self, package: ScenePackage) -> Delivery | SceneRefusedError:
        try:
            (delivery,) = self._write([package])
        except psycopg.DatabaseError as error:
            return _refusal(error)
        return delivery

    def _write(self, packages: Sequence[ScenePackage]) -> Iterator[Delivery]:
        made = [
            (place, package.scene.assets[asset].href, asset, record)
            for place, package in enumerate(packages, start=1)
            for asset, record in package.indexes.items()
        ]
        rows = self._pool.fetch(
            WRITE,
            {
                # One document: an array would have each of them escaped twice.
                "scenes": orjson.dumps([_document(each.scene) for each in packages]).decode(),
                "fingerprints": [
                    None if each.fingerprint is None else str(each.fingerprint) for each in packages
                ],
                "sources": [each.source for each in packages],
                "places": [place for place, *_ in made],
                "hrefs": [href for _, href, *_ in made],
                "assets": [asset for _, _, asset, _ in made],
                "versions": [record.version for *_, record in made],
                "file_sizes": [record.state.size for *_, record in made],
                "file_stamps": [record.state.stamp for *_, record in made],
                "packets": [record.packets for *_, record in made],
                "unfit": [record.unfit for *_, record in made],
            },
            Deadline.after(WRITE_SECONDS),
        )
        for _, outcome, superseding, superseded in rows:
            yield Delivery(Written(outcome), superseding, superseded)


def _refusal(error: psycopg.DatabaseError) -> SceneRefusedError:
    rule = error.diag.constraint_name or error.diag.message_primary or error
    return SceneRefusedError(f"the catalogue refuses it: {rule}")


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
