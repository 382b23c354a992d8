"""Where an asset's file lies, among the addresses that an item gives."""

import posixpath
from urllib.parse import urljoin

from function.ingest.stac.json_object import JsonObject
from function.scenes.access.address import BUCKET, WEB, is_bucket_address, is_web_address

# What follows is a path of this machine.
LOCAL = ("file:///", "file://localhost/")


class UnreadableAddressError(Exception):
    """None of an asset's addresses can be read; the message says why."""


def href_of(asset: JsonObject, base: str) -> str:
    """Choose the address that is read best: a bucket's, else the first that can be read.

    ``base`` is the address of the document; a path is relative to it, and allowed only where it is
    a path itself: what a server says never names a file of this machine. Raises
    UnreadableAddressError.
    """
    alternates = [alternate for _, alternate in asset.child("alternate").members()]
    hrefs = [href for each in (asset, *alternates) if (href := each.text("href"))]
    if not hrefs:
        raise UnreadableAddressError("without an address")
    resolved = [href if _scheme(href) else _beside(href, base) for href in hrefs]
    readable = [href for href in resolved if _is_readable(href, base)]
    if not readable:
        raise UnreadableAddressError(f"behind an address that is not read: {hrefs[0][:80]}")
    return next((href for href in readable if _scheme(href) == BUCKET), readable[0])


def _scheme(href: str) -> str:
    return href.partition("://")[0] if "://" in href else ""


def _beside(href: str, base: str) -> str:
    if _scheme(base) in WEB:
        try:
            return urljoin(base, href)
        except ValueError:
            return href
    if _scheme(base):
        scheme, _, rest = base.partition("://")
        return f"{scheme}://{posixpath.normpath(posixpath.join(posixpath.dirname(rest), href))}"
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), href))


def _is_readable(href: str, base: str) -> bool:
    scheme = _scheme(href)
    if scheme in WEB:
        return is_web_address(href)
    if scheme == BUCKET:
        return is_bucket_address(href)
    return (not scheme or href.startswith(LOCAL)) and not _scheme(base)
