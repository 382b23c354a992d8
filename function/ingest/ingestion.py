"""Catalogues products, one transaction each, and tells what became of every one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from function.catalogue.writing import SceneRefusedError, SceneWriter, Written
from function.ingest.errors import ProductRefusedError
from function.ingest.safe import ReadHeader, read_product


class Outcome(StrEnum):
    """What became of a product."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Ingested:
    """One product's outcome: ``warnings`` where it is partial, ``reason`` where it is refused."""

    path: Path
    outcome: Outcome
    warnings: tuple[str, ...] = ()
    reason: str | None = None


OUTCOMES = {
    Written.NEW: Outcome.NEW,
    Written.UNCHANGED: Outcome.UNCHANGED,
    Written.UPDATED: Outcome.UPDATED,
}


def ingest_products(
    products: Iterable[Path], read_header: ReadHeader, writer: SceneWriter
) -> Iterator[Ingested]:
    """Catalogue each product as soon as the caller asks for its outcome.

    A product that is refused does not keep the others out.

    Raises:
        CatalogueUnavailableError: what was ingested until then stays; run again for the rest.
    """
    for path in products:
        try:
            product = read_product(path, read_header)
            written = writer.write(product.scene)
        except (ProductRefusedError, SceneRefusedError) as error:
            yield Ingested(path, Outcome.REFUSED, reason=str(error))
        else:
            yield Ingested(path, OUTCOMES[written], product.warnings)
