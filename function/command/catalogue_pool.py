"""Connections to the catalogue for as long as a command works with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from function.catalogue.pool import CataloguePool


@contextmanager
def open_pool(url: str, connections: int = 1) -> Iterator[CataloguePool]:
    """Give an open pool, closed at the end."""
    pool = CataloguePool(url, connections)
    pool.open()
    try:
        yield pool
    finally:
        pool.close()
