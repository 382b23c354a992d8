"""manifest.safe: the files that a product is made of, and their sizes."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from function.ingest.metadata import Metadata

SIZE = re.compile("[0-9]{1,18}")


def read_manifest(manifest: Metadata) -> Mapping[PurePosixPath, int | None]:
    """Map the path of each file in the product to its size in bytes, None where it has none."""
    files: dict[PurePosixPath, int | None] = {}
    for stream in manifest.all("byteStream"):
        location = stream.find("fileLocation")
        href = location.attribute("href") if location is not None else None
        if href:
            size = stream.attribute("size") or ""
            files[PurePosixPath(href)] = int(size) if SIZE.fullmatch(size) else None
    return files
