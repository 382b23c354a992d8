"""Catalogues products, one transaction each, and tells what became of every one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from function.catalogue.codestream_indexes import KnownIndexes
from function.catalogue.writing import SceneRefusedError, SceneWriter, Written
from function.ingest.discovery import ProductAddress
from function.ingest.errors import ProductRefusedError
from function.ingest.products import open_product, read_product
from function.ingest.reading import ReadHeader, ReadShape
from function.ingest.remote_files import RemoteArchive
from function.ingest.scene_indexing import SceneIndexer


class Outcome(StrEnum):
    """What became of a product."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Ingested:
    """One product's outcome: ``warnings`` where it is partial, ``reason`` where it is refused.

    ``indexed`` counts the files whose codestream index was made or made anew. ``unfit`` names, by
    the reason, those that cannot have one and are read through GDAL.
    """

    path: str
    outcome: Outcome
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    indexed: int = 0
    unfit: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


OUTCOMES = {
    Written.NEW: Outcome.NEW,
    Written.UNCHANGED: Outcome.UNCHANGED,
    Written.UPDATED: Outcome.UPDATED,
}


def ingest_products(
    products: Iterable[ProductAddress],
    archive: RemoteArchive,
    read_header: ReadHeader,
    read_shape: ReadShape,
    indexer: SceneIndexer,
    known: KnownIndexes,
    writer: SceneWriter,
) -> Iterator[Ingested]:
    """Catalogue each product as soon as the caller asks for its outcome.

    A product that is refused does not keep the others out. A scene and the codestream indexes of
    its files are written together; those that are ``known`` and still hold are not made again.

    Raises:
        CatalogueUnavailableError: what was ingested until then stays; run again for the rest.
    """
    for address in products:
        try:
            product = read_product(open_product(address, archive), read_header, read_shape)
            indexed = indexer.index(product.scene, known.of_scene(product.scene.name))
            written = writer.write(product.scene, indexed.made)
        except (ProductRefusedError, SceneRefusedError) as error:
            yield Ingested(address.href, Outcome.REFUSED, reason=str(error))
        else:
            fitting = sum(record.unfit is None for record in indexed.made.values())
            yield Ingested(
                address.href,
                OUTCOMES[written],
                product.warnings + indexed.warnings,
                indexed=fitting,
                unfit=indexed.unfit,
            )
