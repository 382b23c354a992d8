"""Conditional requests and caching (RFC 9110, 8.8 and 13; RFC 9111)."""

import falcon

from function.validity import Validity

# Methods that a condition may be set for, and whose answers caches keep.
_SAFE = frozenset({"GET", "HEAD"})


def held_tags(request: falcon.Request) -> frozenset[str]:
    """Give the tags of ``If-None-Match``.

    ``*`` is none: an answer is only known to be there once it is made.
    """
    if request.method not in _SAFE:
        return frozenset()
    return frozenset(str(tag) for tag in request.if_none_match or ()) - {"*"}


def state_validity(response: falcon.Response, validity: Validity | None) -> None:
    """Say how long an answer holds, and by which tag it is asked for again.

    A tag is weak: it is of the request, and the bytes also depend on how they are compressed.
    """
    if validity is None:
        response.set_header("Cache-Control", "no-store")
        return
    response.set_header("Cache-Control", f"public, max-age={validity.max_age}")
    if validity.tag is not None:
        response.set_header("ETag", f'W/"{validity.tag}"')
