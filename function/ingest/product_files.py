"""A product's files, wherever they lie, and the paths that its metadata may name."""

from pathlib import PurePosixPath
from typing import Protocol

from function.ingest.errors import BrokenMetadataError


class ProductFiles(Protocol):
    """The directory of one product. Paths are relative to it and were checked by ``inside``."""

    @property
    def name(self) -> str:
        """The name of the directory."""
        ...

    def href(self, path: PurePosixPath) -> str:
        """Give the address by which a file is read later."""
        ...

    def read(self, path: PurePosixPath) -> bytes | None:
        """Read a file of metadata; None where there is none.

        Raises:
            BrokenMetadataError: it is longer than untrusted_xml.MAX_BYTES, or cannot be read.
            ArchiveDeniedError, ArchiveThrottledError, ArchiveUnavailableError: the archive
                that holds it cannot be read now.
        """
        ...

    def flaw(self, path: PurePosixPath, size: int | None) -> str | None:
        """Say what is wrong with a file of ``size`` bytes that should be there.

        The answer is ``missing`` or ``cut short``; None where it is whole, and where that cannot
        be told without opening it. Raises what ``read`` does.
        """
        ...


def inside(path: str) -> PurePosixPath:
    """Check a path of the metadata.

    Raises:
        BrokenMetadataError: it leads out of the product.
    """
    checked = PurePosixPath(path)
    if checked.is_absolute() or ".." in checked.parts or "\0" in path or "://" in path:
        raise BrokenMetadataError(f"the metadata name a file outside the product: {path!r}")
    return checked
