"""What lies directly below a directory of the archive, on disk or in an object store."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from function.errors import SceneUnreadableError
from function.scenes.access.address import Address, local_path
from function.scenes.gdal import file_name

if TYPE_CHECKING:
    from obstore import ListResult, ObjectMeta


class ListingTooLongError(SceneUnreadableError):
    """A directory holds more than may be listed."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a directory holds, as hrefs in the order of their names; directories end in ``/``."""

    directories: tuple[str, ...]
    files: tuple[str, ...]


def list_local(href: str, limit: int) -> Listing:
    """List a local directory as ``Archive.list`` says. Links are followed."""
    try:
        with os.scandir(local_path(href)) as entries:
            found = list(islice(entries, limit + 1))
    except OSError as error:
        message = f"{file_name(href)} cannot be listed: {error.strerror}"
        raise SceneUnreadableError(message) from error
    directories = sorted(f"{entry.path}/" for entry in found if entry.is_dir())
    files = sorted(entry.path for entry in found if entry.is_file())
    return _bounded(Listing(tuple(directories), tuple(files)), href, limit)


def read_listing(
    href: str, address: Address, answer: "ListResult[Sequence[ObjectMeta]]", limit: int
) -> Listing:
    """Make a listing of what a store answered for the directory at ``address``.

    Raises ListingTooLongError, and SceneUnreadableError where there is nothing: a store knows no
    empty directories.
    """
    top = address.path.rstrip("/")
    directories = sorted(f"{address.store}/{path}/" for path in answer["common_prefixes"])
    # Some clients make an object that stands for the directory itself.
    paths = sorted(entry["path"] for entry in answer["objects"] if entry["path"] != top)
    if not directories and not paths:
        raise SceneUnreadableError(f"{file_name(href)} is not in the archive")
    files = (f"{address.store}/{path}" for path in paths)
    return _bounded(Listing(tuple(directories), tuple(files)), href, limit)


def _bounded(listing: Listing, href: str, limit: int) -> Listing:
    if len(listing.directories) + len(listing.files) > limit:
        raise ListingTooLongError(f"{file_name(href)} holds more than {limit} entries")
    return listing
