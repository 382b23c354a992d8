"""The members of an item search, from a query string or a JSON document alike.

STAC API 1.0, Item Search: a GET writes lists with commas and a geometry as JSON text; a POST has
them as JSON. Both become one mapping here, so that all else reads one form.
"""

import re
from collections.abc import Mapping, Sequence

import orjson

from function.errors import InvalidParameterError, RefusedParameterError
from function.parse.parameters import shown

Members = Mapping[str, object]

SEARCH = ("bbox", "collections", "datetime", "ids", "intersects", "limit", "token")
# Every resource may be asked for as JSON: there is nothing else but for the landing page.
FORMAT = "f"
FORMATS = ("json", "geojson")

_INTEGER = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)


def read_query(pairs: Sequence[tuple[str, str]], known: Sequence[str] = SEARCH) -> Members:
    """Read the parameters of a query string; an empty value counts as absent.

    Raises RefusedParameterError for one that is not ``known`` (OGC 17-069r4, 7.15.1: it must not
    be passed over), InvalidParameterError for one that is repeated or does not parse.
    """
    members: dict[str, object] = {}
    for key, value in pairs:
        _check_known(key, (*known, FORMAT))
        if not value:
            continue
        if key in members:
            raise InvalidParameterError(f"{key} is given more than once")
        members[key] = _read_text(key, value)
    members.pop(FORMAT, None)
    return members


def read_document(body: bytes) -> Members:
    """Read the JSON of a POST; null counts as absent. Raises as ``read_query`` does."""
    try:
        document = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise InvalidParameterError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise InvalidParameterError("the body is not a JSON object")
    for key in document:
        _check_known(key, SEARCH)
    return {key: value for key, value in document.items() if value is not None}


def _check_known(key: str, known: Sequence[str]) -> None:
    if key not in known:
        raise RefusedParameterError(
            f"{shown(key)} is not a parameter here; there are {', '.join(known)}"
        )


def _read_text(key: str, value: str) -> object:
    match key:
        case "collections" | "ids":
            return value.split(",")
        case "bbox":
            return [_read_number(part.strip(), value) for part in value.split(",")]
        case "limit":
            if not _INTEGER.fullmatch(value):
                raise InvalidParameterError(f"limit={shown(value)} is no whole number")
            return int(value)
        case "intersects":
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError as error:
                raise InvalidParameterError("intersects is not JSON") from error
        case "f" if value.lower() not in FORMATS:
            raise InvalidParameterError(f"f={shown(value)} is none of {', '.join(FORMATS)}")
        case _:
            return value


def _read_number(part: str, value: str) -> float:
    if not _NUMBER.fullmatch(part):
        raise InvalidParameterError(f"bbox={shown(value)} is not four or six numbers")
    return float(part)
