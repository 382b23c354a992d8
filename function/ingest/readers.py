"""How files are read, handed to every source together."""

from collections.abc import Callable
from dataclasses import dataclass

from function.ingest.reading import ReadHeader, ReadProduct


@dataclass(frozen=True, slots=True)
class Readers:
    """``read_header`` reads an image's header by its href, ``read_directory`` a product by its.

    The latter raises ProductRefusedError, and what reading a remote archive does.
    """

    read_header: ReadHeader
    read_directory: Callable[[str], ReadProduct]
