"""Which bands of a coverage are asked for: BANDS, RangeSubset and RANGESUBSET."""

import re

from function.errors import UnknownFieldError
from function.parse.parameters import Parameters, shown

# The range of every coverage has one axis (or, in WCS 1.1, one field with one) of this name.
AXIS = "bands"

# A field of WCS 1.1 with its interpolation and its axis' keys (OGC 07-067r5, 10.2.2.3).
_FIELD = re.compile(
    r"(?P<field>[^:\[\];]+)(?::(?P<interpolation>[^\[\];]+))?(?:\[(?P<axis>[^\[\]]+)\[(?P<keys>[^\[\]]*)\]\])?"
)


def read_bands_100(parameters: Parameters, offered: tuple[str, ...]) -> tuple[str, ...]:
    """The BANDS of WCS 1.0: names, or numbers counted from 1, or ranges ``1/3`` of them."""
    text = parameters.find("BANDS") or parameters.find("BAND")
    if text is None:
        return offered
    bands: list[str] = []
    for part in text.split(","):
        first, slash, last = part.partition("/")
        bands += _between(first, last, offered) if slash else [_named(part, offered)]
    return _each_once(bands)


def read_bands_201(parameters: Parameters, offered: tuple[str, ...]) -> tuple[str, ...]:
    """The RANGESUBSET of WCS 2.0: names, and intervals ``B02:B04`` (OGC 12-040, table 6)."""
    text = parameters.find("RANGESUBSET")
    if text is None:
        return offered
    bands: list[str] = []
    for part in text.split(","):
        first, colon, last = part.partition(":")
        bands += _between(first, last, offered) if colon else [_named(part, offered)]
    return _each_once(bands)


def read_field(
    parameters: Parameters, offered: tuple[str, ...]
) -> tuple[tuple[str, ...], str | None]:
    """The bands and the interpolation of a RangeSubset of WCS 1.1.

    The field is ``bands``, or as some clients write it, the coverage's own name.
    """
    text = parameters.find("RANGESUBSET")
    if text is None:
        return offered, None
    match = _FIELD.fullmatch(text)
    if match is None:
        raise UnknownFieldError(
            f"RangeSubset={shown(text)} does not parse: use {AXIS}:nearest[{AXIS}[{offered[0]}]]"
        )
    keys = match["keys"]
    if not keys:
        return offered, match["interpolation"]
    bands = _each_once([_named(key, offered) for key in keys.split(",")])
    return bands, match["interpolation"]


def _named(text: str, offered: tuple[str, ...]) -> str:
    """The band that a name, or a number counted from 1, stands for."""
    name = text.strip()
    for band in offered:
        if band.lower() == name.lower():
            return band
    if name.isascii() and name.isdigit() and len(name) < 4 and 1 <= int(name) <= len(offered):  # noqa: PLR2004
        return offered[int(name) - 1]
    raise UnknownFieldError(f"{shown(name)!r} is no band; there are {', '.join(offered)}")


def _between(first: str, last: str, offered: tuple[str, ...]) -> list[str]:
    start, end = (offered.index(_named(text, offered)) for text in (first, last))
    if start > end:
        raise UnknownFieldError(f"{shown(first)} comes after {shown(last)} in the coverage")
    return list(offered[start : end + 1])


def _each_once(bands: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(bands))
