"""An item search as sent becomes a checked ItemSearch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from function.errors import InvalidParameterError, LimitExceededError
from function.item_search import ItemSearch
from function.parse.parameters import decode_form
from function.parse.stac.area import read_bbox, read_geometry
from function.parse.stac.members import Members, read_document, read_query
from function.parse.stac.moments import read_moments
from function.parse.stac.token import read_token

# A page that a person reads; OGC 17-069r4, 7.15.2 and STAC API have the same default.
DEFAULT_LIMIT = 10
# An item of 40 images takes 30 kB: a page of 3 MB is made in a tenth of a second.
MAX_LIMIT = 100
# As many names as fit a POST body.
MAX_NAMES = 1000
TOKEN = "token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class StatedSearch:
    """A search, and how it was stated less the token: what the next page must state too.

    ``parameters`` are those of the query string; ``document`` is the JSON of a POST, None for a
    GET.
    """

    search: ItemSearch
    parameters: tuple[tuple[str, str], ...] = ()
    document: bytes | None = None


def read_get_search(query: str) -> StatedSearch:
    """Read ``GET /search``; raises InvalidParameterError, RefusedParameterError."""
    return _read_get(query)


def read_items(query: str, collection: str) -> StatedSearch:
    """Read ``GET /collections/{collection}/items``; raises as ``read_get_search``.

    It takes all that a search does: pystac-client names the collection here once more.
    """
    stated = _read_get(query)
    named = stated.search.collections
    collections = (collection,) if named is None or collection in named else ()
    return replace(stated, search=replace(stated.search, collections=collections))


def read_item(query: str, collection: str, item: str) -> StatedSearch:
    """Read ``GET /collections/{collection}/items/{item}``; raises as ``read_get_search``."""
    check_plain(query)
    return StatedSearch(ItemSearch(1, (collection,), _held_as_text([item])))


def read_post_search(body: bytes) -> StatedSearch:
    """Read ``POST /search``; raises as ``read_get_search``."""
    members = read_document(body)
    search = _read_search(members)
    kept = {key: value for key, value in members.items() if key != TOKEN}
    return StatedSearch(search, document=orjson.dumps(kept))


def check_plain(query: str) -> None:
    """Refuse every parameter of a resource that has none; raises RefusedParameterError."""
    read_query(decode_form(query), ())


def _read_get(query: str) -> StatedSearch:
    pairs = decode_form(query)
    search = _read_search(read_query(pairs))
    return StatedSearch(search, tuple(pair for pair in pairs if pair[0] != TOKEN))


def _read_search(members: Members) -> ItemSearch:
    if "bbox" in members and "intersects" in members:
        raise InvalidParameterError("bbox and intersects cannot be asked for together")
    area = None
    if "bbox" in members:
        area = read_bbox(members["bbox"])
    elif "intersects" in members:
        area = read_geometry(members["intersects"])
    first, last = read_moments(members["datetime"]) if "datetime" in members else (None, None)
    return ItemSearch(
        _read_limit(members.get("limit", DEFAULT_LIMIT)),
        _read_names(members, "collections"),
        _read_names(members, "ids"),
        area,
        first,
        last,
        read_token(members[TOKEN]) if TOKEN in members else None,
    )


def _read_limit(given: object) -> int:
    """Read how many scenes a page may have; more than is allowed is the most that is."""
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise InvalidParameterError("limit is no whole number from 1 on")
    return min(given, MAX_LIMIT)


def _read_names(members: Members, key: str) -> tuple[str, ...] | None:
    """Read a list of names; an empty one narrows nothing, as ``ids=`` does not."""
    given = members.get(key)
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise InvalidParameterError(f"{key} is not a list of texts")
    if len(given) > MAX_NAMES:
        raise LimitExceededError(f"{key} lists {len(given)} names, at most {MAX_NAMES} are allowed")
    return _held_as_text(given) if given else None


def _held_as_text(names: Sequence[str]) -> tuple[str, ...]:
    """Leave out what names nothing: PostgreSQL's texts hold any character but this."""
    return tuple(name for name in names if "\0" not in name)
