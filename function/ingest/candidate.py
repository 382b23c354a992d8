"""A product at a source that has not been read yet."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from function.errors import SceneUnreadableError
from function.ingest.reading import ReadProduct
from function.ingest.remote_files import RemoteArchive
from function.scenes.jpeg2000.index import VERSION
from function.untrusted_xml import MAX_BYTES

# Counts up whenever the readers make another scene of the same product: all are then read again.
READERS = 1
MANIFEST = "manifest.safe"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product to be catalogued; ``label`` is what reports call it.

    ``fingerprint`` tells, without reading the product, whether it is as it was: None where that
    cannot be told. ``read`` raises ProductRefusedError or SceneUnreadableError. Of one that is
    ``indexed``, codestream indexes are made at once, else on first use.
    """

    label: str
    fingerprint: Callable[[], UUID | None]
    read: Callable[[], ReadProduct]
    indexed: bool


def fingerprint_of(*parts: bytes | str) -> UUID:
    """Condense what a product is read from, and the format of what is kept of it."""
    digest = hashlib.blake2b(f"{READERS} {VERSION}".encode(), digest_size=16)
    for part in parts:
        content = part.encode(errors="surrogateescape") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return UUID(bytes=digest.digest())


def directory_fingerprint(root: Path) -> UUID | None:
    """Condense the names, sizes and times of modification of all files in a directory."""
    parts = [str(root.resolve())]
    try:
        for directory, subdirectories, names in os.walk(root, onerror=_raise):
            subdirectories.sort()
            for name in sorted(names):
                path = os.path.join(directory, name)  # noqa: PTH118 - a walk of a hundred files
                state = os.stat(path)  # noqa: PTH116
                parts.append(f"{path}\0{state.st_size}\0{state.st_mtime_ns}")
    except OSError:
        return None
    return fingerprint_of(*parts)


def manifest_fingerprint(href: str, archive: RemoteArchive) -> UUID | None:
    """Condense the manifest of a remote product, which has the checksums of its files."""
    try:
        return fingerprint_of(href, archive.read_all(f"{href}/{MANIFEST}", MAX_BYTES))
    except SceneUnreadableError:
        return None


def _raise(error: OSError) -> None:
    raise error
