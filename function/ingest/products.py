"""Reads a product of any kind that is catalogued."""

import os
from dataclasses import replace
from pathlib import PurePosixPath

from function.ingest.discovery import ProductAddress
from function.ingest.errors import NotASafeProductError, UnsupportedProductError
from function.ingest.local_files import LocalFiles
from function.ingest.metadata_files import MANIFEST, find_metadata
from function.ingest.product_files import ProductFiles
from function.ingest.reading import DISK, ReadHeader, ReadProduct, ReadShape
from function.ingest.remote_files import RemoteArchive, RemoteFiles
from function.ingest.sentinel1 import is_sentinel1, read_sentinel1
from function.ingest.sentinel2 import find_product_metadata, read_sentinel2
from function.scenes.access.address import WEB, is_remote, local_path


def open_product(address: ProductAddress, archive: RemoteArchive) -> ProductFiles:
    """Give access to the files of a product; nothing is read yet.

    Raises NotASafeProductError for what on disk is no directory.
    """
    if is_remote(address.href):
        return RemoteFiles(address.href, archive)
    path = local_path(address.href)
    if not os.path.exists(path):  # noqa: PTH110 - the method fails where it may not look
        raise NotASafeProductError("there is no such directory or file")
    if path.is_file():
        raise NotASafeProductError("it is a file, neither a product's directory nor STAC items")
    return LocalFiles(path)


def read_product(
    files: ProductFiles, read_header: ReadHeader, read_shape: ReadShape
) -> ReadProduct:
    """Read a product of Sentinel-2 (L1C, L2A) or Sentinel-1 (GRD), in SAFE or bucket layout.

    Its source is the store that holds it: wherever in there it is moved, it stays the same.

    ``read_header`` reads an image's header by its href, ``read_shape`` that of one on no grid.
    Images that the metadata name but that are missing, cut short or unreadable are left out with
    a warning. Where an image's header contradicts the metadata, the header is believed.

    Raises:
        NotASafeProductError: there is no product's metadata.
        UnsupportedProductError: it is a product of another kind.
        BrokenMetadataError: the metadata lack what is needed or do not parse.
        NoImagesError: none of the images can be read.
        ArchiveDeniedError, ArchiveThrottledError, ArchiveUnavailableError: the archive
            that holds it cannot be read now.
    """
    read = _read_product(files, read_header, read_shape)
    return replace(read, source=store_of(files.href(PurePosixPath(MANIFEST))))


def store_of(href: str) -> str:
    """Name the bucket or web server that a file lies in; DISK for one of this machine."""
    scheme, remote, path = href.partition("://")
    return f"{scheme}://{path.partition('/')[0]}" if remote else DISK


def _hint(files: ProductFiles) -> str:
    """Tell what to do about a directory of products on a web server."""
    scheme = store_of(files.href(PurePosixPath(MANIFEST))).partition("://")[0]
    told = ". A web server lists nothing: name each product by an address of its own"
    return told if scheme in WEB else ""


def _read_product(
    files: ProductFiles, read_header: ReadHeader, read_shape: ReadShape
) -> ReadProduct:
    if is_sentinel1(files):
        return read_sentinel1(files, read_shape)
    product = find_product_metadata(files)
    if product is not None:
        return read_sentinel2(files, product, read_header)
    manifest = find_metadata(files, MANIFEST)
    if manifest is None:
        raise NotASafeProductError(f"it holds no product's metadata{_hint(files)}")
    raise UnsupportedProductError(
        "it has a manifest, but is neither Sentinel-2 L1C or L2A nor Sentinel-1 GRD"
    )
