"""Where an image file lies, by its href."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from function.errors import SceneUnreadableError
from function.scenes.gdal import file_name

WEB = frozenset({"http", "https"})
BUCKET = "s3"
# Names, also international ones, and numbers. obstore panics at some other characters.
HOST = re.compile(r"[\w.:-]+")
# Those of AWS and, with a colon after the tenant's name, of Ceph.
BUCKET_NAME = re.compile(r"[\w.:-]+", re.ASCII)
# Parts of a path that obstore knows no names for.
IMPROPER = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Address:
    """An object of a store, ``path`` being its key.

    ``store`` is ``s3://bucket`` or ``https://host``, with the query where an address has one.
    """

    store: str
    path: str

    @property
    def host(self) -> str:
        """Who gives it: ``host:8080``, or ``s3``, since all buckets have one endpoint."""
        if self.store.startswith(f"{BUCKET}://"):
            return BUCKET
        return urlsplit(self.store).netloc.rpartition("@")[2]


def is_remote(href: str) -> bool:
    """Tell whether ``href`` leads to an object store or a web server, not to a local file."""
    scheme, remote, _ = href.partition("://")
    return bool(remote) and scheme.lower() != "file"


def is_web_address(text: str) -> bool:
    """Tell whether ``text`` is an address of HTTP with a host and, if any, a port that may be."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in WEB and HOST.fullmatch(host or "") is not None


def is_bucket_address(text: str) -> bool:
    """Tell whether ``text`` is an address of S3 with a bucket that may be."""
    scheme, _, rest = text.partition("://")
    return scheme == BUCKET and BUCKET_NAME.fullmatch(rest.partition("/")[0]) is not None


def read_address(href: str) -> Address:
    """Read the address of a remote file: ``s3://bucket/key``, ``http://…`` or ``https://…``.

    A key of S3 is taken as it stands, a path of HTTP may be percent-encoded. A query, as signed
    addresses have, is kept as it is written. Raises SceneUnreadableError for any other scheme, for
    a host or bucket that is none, and for a path with empty or relative parts.
    """
    scheme, rest = href.split("://", 1)
    if scheme == BUCKET:
        if not is_bucket_address(href):
            raise SceneUnreadableError(f"the address of {file_name(href)} names no proper bucket")
        bucket, _, key = rest.partition("/")
        return _checked(Address(f"{BUCKET}://{bucket}", key), href)
    if scheme not in WEB:
        raise SceneUnreadableError(f"{file_name(href)} lies behind an unknown scheme: {scheme}")
    if not is_web_address(href):
        raise SceneUnreadableError(f"the address of {file_name(href)} names no proper host")
    parts = urlsplit(href)
    query = f"?{parts.query}" if parts.query else ""
    return _checked(
        Address(f"{scheme}://{parts.netloc}{query}", unquote(parts.path).removeprefix("/")), href
    )


def _checked(address: Address, href: str) -> Address:
    # A directory's ends in a slash.
    parts = address.path.removesuffix("/").split("/")
    if address.path and not IMPROPER.isdisjoint(parts):
        raise SceneUnreadableError(f"{file_name(href)} has no proper path")
    return address


def local_path(href: str) -> Path:
    """Give the path of a local file, which may be written as ``file:///…``."""
    if href.startswith("file://"):
        return Path(unquote(urlsplit(href).path))
    return Path(href)
