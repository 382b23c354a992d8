"""Finds products in the sources that an operator names: on disk, in buckets, on web servers."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from function.ingest.remote_files import BUCKET, RemoteArchive
from function.scenes.access.address import is_remote, local_path

SUFFIX = ".SAFE"
# Products are known by their names, so that none is listed; Sentinel-1's bucket layout has no
# suffix.
BUCKET_LAYOUT = re.compile(r"S1[A-Z]_(?:IW|EW|S[1-6])_GRD[FHM]_\w+")
# What the file system itself puts at the top of a volume, for nobody but root to read.
RECOVERED = "lost+found"
MARKS = frozenset({"MTD_MSIL1C.xml", "MTD_MSIL2A.xml", "manifest.safe", "productInfo.json"})
# One directory of a bucket is held in memory at once: a kilobyte an entry. The deepest archives
# have directories of days, of some ten thousand products.
MOST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class ProductAddress:
    """Where a product's directory lies: an absolute local path, ``s3://…`` or ``https://…``."""

    href: str


def discover(source: str, archive: RemoteArchive) -> Iterator[ProductAddress]:
    """Give every product at or below ``source``, in order of name, as soon as it is found.

    What lies in a product is never listed. A source at or below which there is none is given
    itself, for reading it will say what is wrong. So is a directory on disk that cannot be listed,
    after all that can be, and a source on a web server, which lists nothing. On disk, links to
    directories are followed only where ``source`` is one.

    Raises:
        ArchiveDeniedError, ArchiveThrottledError, ArchiveUnavailableError: it cannot be listed now.
        SceneUnreadableError: there is no such prefix, or one directory holds more than
            MOST_ENTRIES.
    """
    found = False
    for href in _find(source, archive):
        found = True
        yield ProductAddress(href)
    if not found:
        yield ProductAddress(source if is_remote(source) else str(local_path(source).absolute()))


def _find(source: str, archive: RemoteArchive) -> Iterator[str]:
    if not is_remote(source):
        return _walk_disk(local_path(source).absolute())
    if source.startswith(BUCKET):
        return _walk_bucket(source.rstrip("/") + "/", archive)
    return iter(())


def _walk_disk(top: Path) -> Iterator[str]:
    failed: list[OSError] = []
    for directory, subdirectories, files in os.walk(top, onerror=failed.append):
        if _is_product(directory) or not MARKS.isdisjoint(files):
            subdirectories.clear()
            yield directory
        else:
            subdirectories[:] = sorted(set(subdirectories) - {RECOVERED})
    # What is gone since it was seen is no loss.
    yield from (error.filename for error in failed if not isinstance(error, FileNotFoundError))


def _walk_bucket(directory: str, archive: RemoteArchive) -> Iterator[str]:
    if _is_product(directory):
        yield directory.rstrip("/")
        return
    listing = archive.list(directory, MOST_ENTRIES)
    if not MARKS.isdisjoint(file.rpartition("/")[2] for file in listing.files):
        yield directory.rstrip("/")
        return
    for subdirectory in listing.directories:
        yield from _walk_bucket(subdirectory, archive)


def _is_product(directory: str) -> bool:
    name = directory.rstrip("/").rpartition("/")[2]
    return name.endswith(SUFFIX) or BUCKET_LAYOUT.fullmatch(name) is not None
