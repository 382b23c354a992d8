"""Where a granule's files lie in its product, in the compact format and the one before.

Since December 2016 (format version 14) the product's metadata give the paths of images in full.
Before they gave the names alone, in directories that are named after the granule (Sentinel-2
Products Specification Document, issues 13 and 14).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from function.ingest.errors import NoImagesError
from function.ingest.metadata import Metadata
from function.ingest.product_files import inside

COMPACT_METADATA = "MTD_TL.xml"
GRANULE_DEPTH = 2  # GRANULE/L2A_T29UNU_…/
BASELINE = re.compile(r"_N\d\d\.\d\d$")
RESOLUTION = re.compile(r"_(\d\dm)$")


@dataclass(frozen=True, slots=True)
class GranuleFiles:
    """The paths of the granule's metadata and, without extension, of its images."""

    metadata: PurePosixPath
    images: tuple[str, ...]


def organisation_of(granule: Metadata) -> GranuleFiles:
    """Find the granule's files by the element of the product's metadata that lists them.

    Raises:
        NoImagesError: it lists none.
        BrokenMetadataError: a path leads out of the product.
    """
    images = [image.text for image in granule.all("IMAGE_FILE", "IMAGE_FILE_2A")]
    for image in images:
        parts = inside(image).parts
        if len(parts) > GRANULE_DEPTH:
            directory = PurePosixPath(*parts[:GRANULE_DEPTH])
            return GranuleFiles(directory / COMPACT_METADATA, tuple(dict.fromkeys(images)))
    identifier = granule.attribute("granuleIdentifier") or ""
    directory = inside(f"GRANULE/{identifier}")
    named = tuple(dict.fromkeys(_named_images(granule, directory)))
    if not named:
        raise NoImagesError("it lists no images")
    name = BASELINE.sub("", identifier).replace("_MSI_", "_MTD_", 1)
    return GranuleFiles(directory / f"{name}.xml", named)


def _named_images(granule: Metadata, directory: PurePosixPath) -> Iterator[str]:
    for image in granule.all("IMAGE_ID", "IMAGE_ID_2A"):
        resolution = RESOLUTION.search(image.text)
        within = f"IMG_DATA/R{resolution[1]}" if resolution else "IMG_DATA"
        yield str(directory / within / image.text)
