"""Metadata of a product, read by their paths in it."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from function.ingest.errors import BrokenMetadataError
from function.ingest.manifest import read_manifest
from function.ingest.metadata import Metadata
from function.ingest.product_files import ProductFiles

MANIFEST = PurePosixPath("manifest.safe")
NO_FILES: Mapping[PurePosixPath, int | None] = {}


def find_metadata(files: ProductFiles, path: PurePosixPath) -> Metadata | None:
    """Read and parse a file of XML; None where there is none.

    Raises:
        BrokenMetadataError: it is no XML as products have it.
        ArchiveDeniedError, ArchiveThrottledError, ArchiveUnavailableError: the archive
            that holds it cannot be read now.
    """
    content = files.read(path)
    return None if content is None else Metadata.parse(content, path.name)


def need_metadata(files: ProductFiles, path: PurePosixPath) -> Metadata:
    """Like ``find_metadata``; raise BrokenMetadataError where there is none."""
    found = find_metadata(files, path)
    if found is None:
        raise BrokenMetadataError(f"{path.name} is missing")
    return found


def listed_files(manifest: Metadata | None) -> Mapping[PurePosixPath, int | None]:
    """Map the files that the manifest lists to their sizes."""
    return NO_FILES if manifest is None else read_manifest(manifest)
