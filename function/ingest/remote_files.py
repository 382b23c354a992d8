"""The files of a product in an object store or behind a web server."""

from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import quote

from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
    with_notes,
)
from function.ingest.errors import BrokenMetadataError, UnfitArchiveError
from function.scenes.access.failures import FileTooLargeError, NoPartsError
from function.scenes.access.listing import Listing, ListingTooLongError
from function.untrusted_xml import MAX_BYTES

# A product's fullest directory, QI_DATA before baseline 04.00, holds some 80 files.
MOST_ENTRIES = 1000
BUCKET = "s3://"
# What says nothing of the product: it is not to be mistaken for one that lacks files.
UNREACHABLE = (ArchiveDeniedError, ArchiveThrottledError, ArchiveUnavailableError)


class RemoteArchive(Protocol):
    """Reads and lists files by their hrefs, as function.scenes.access.archive.Archive does."""

    def read_all(self, href: str, most_bytes: int) -> bytes: ...

    def list(self, href: str, limit: int) -> Listing: ...


class RemoteFiles:
    """The files below ``href``.

    In a bucket each directory of the product is listed once, when a file in it is asked for. A web
    server lists nothing: there a file that is missing shows when it is read.
    """

    def __init__(self, href: str, archive: RemoteArchive) -> None:
        self._root = href.rstrip("/") + "/"
        self._archive = archive
        self._listed: dict[str, frozenset[str]] = {}

    @property
    def name(self) -> str:
        return PurePosixPath(self._root).name

    def href(self, path: PurePosixPath) -> str:
        # A key of S3 is taken as it stands, a path of HTTP is percent-encoded.
        return self._root + (str(path) if self._root.startswith(BUCKET) else quote(str(path)))

    def read(self, path: PurePosixPath) -> bytes | None:
        try:
            return self._archive.read_all(self.href(path), MAX_BYTES)
        except FileTooLargeError as error:
            raise BrokenMetadataError(str(error)) from error
        except NoPartsError as error:
            raise UnfitArchiveError(with_notes(error)) from error
        except UNREACHABLE:
            raise
        except SceneUnreadableError:
            return None

    def flaw(self, path: PurePosixPath, size: int | None) -> str | None:  # noqa: ARG002 not listed
        if not self._root.startswith(BUCKET):
            return None
        directory = self._root if path.parent == PurePosixPath() else f"{self.href(path.parent)}/"
        if directory not in self._listed:
            self._listed[directory] = self._list(directory)
        return None if self.href(path) in self._listed[directory] else "missing"

    def _list(self, directory: str) -> frozenset[str]:
        try:
            return frozenset(self._archive.list(directory, MOST_ENTRIES).files)
        except ListingTooLongError as error:
            raise BrokenMetadataError(str(error)) from error
        except UNREACHABLE:
            raise
        except SceneUnreadableError:
            return frozenset()
