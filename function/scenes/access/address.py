"""Where an image file lies, by its href."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from function.errors import SceneUnreadableError
from function.scenes.gdal import file_name

WEB = frozenset({"http", "https"})
BUCKET = "s3"


@dataclass(frozen=True, slots=True)
class Address:
    """An object of a store: ``store`` is ``s3://bucket`` or ``https://host``, ``path`` its key."""

    store: str
    path: str


def is_remote(href: str) -> bool:
    """Tell whether ``href`` leads to an object store or a web server, not to a local file."""
    return "://" in href and urlsplit(href).scheme != "file"


def read_address(href: str) -> Address:
    """Read the address of a remote file: ``s3://bucket/key``, ``http://…`` or ``https://…``.

    A key of S3 is taken as it stands, a path of HTTP may be percent-encoded. Raises
    SceneUnreadableError for any other scheme, and for an address that needs a query.
    """
    scheme, rest = href.split("://", 1)
    if scheme == BUCKET:
        bucket, _, key = rest.partition("/")
        return Address(f"{BUCKET}://{bucket}", key)
    if scheme not in WEB:
        raise SceneUnreadableError(f"{file_name(href)} lies behind an unknown scheme: {scheme}")
    parts = urlsplit(href)
    if parts.query:
        raise SceneUnreadableError(f"{file_name(parts.path)} has an address with a query")
    return Address(f"{scheme}://{parts.netloc}", unquote(parts.path).lstrip("/"))


def local_path(href: str) -> Path:
    """Give the path of a local file, which may be written as ``file:///…``."""
    if href.startswith("file://"):
        return Path(unquote(urlsplit(href).path))
    return Path(href)
