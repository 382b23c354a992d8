"""Finds a product's files by the names its metadata give them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from function.ingest.errors import BrokenMetadataError

EXTENSIONS = (".jp2", ".tif")


@dataclass(frozen=True, slots=True)
class ProductFiles:
    """The files under ``root`` as the manifest lists them, with their sizes in bytes."""

    root: Path
    listed: Mapping[PurePosixPath, int | None]

    def with_extension(self, path: str, extension: str) -> PurePosixPath:
        """Complete an image's path, given without its extension, by what is there.

        Raises:
            BrokenMetadataError: the path leads out of the product.
        """
        inside = self.inside(path)
        if inside.suffix in EXTENSIONS:
            return inside
        candidates = [inside.with_name(inside.name + suffix) for suffix in (extension, *EXTENSIONS)]
        there = (path for path in candidates if (self.root / path).is_file())
        listed = (path for path in candidates if path in self.listed)
        return next(there, next(listed, candidates[0]))

    def inside(self, path: str) -> PurePosixPath:
        """Check a path of the metadata.

        Raises:
            BrokenMetadataError: it leads out of the product.
        """
        inside = PurePosixPath(path)
        if inside.is_absolute() or ".." in inside.parts or "\0" in path:
            raise BrokenMetadataError(f"the metadata name a file outside the product: {path!r}")
        return inside

    def flaw(self, path: PurePosixPath) -> str | None:
        """Say what is wrong with a file that should be there: missing or cut short."""
        try:
            size = (self.root / path).stat().st_size
        except OSError:
            return "missing"
        listed = self.listed.get(path)
        return "cut short" if listed is not None and size < listed else None
