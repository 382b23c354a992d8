"""Numbers in the parameters of coverages."""

import math
import re

from function.errors import InvalidParameterError
from function.parse.coverage.area import Bounds
from function.parse.parameters import shown

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
# More digits than any limit on pixels has.
_COUNT = re.compile(r"\d{1,9}", re.ASCII)


def read_number(key: str, text: str) -> float:
    """A finite number; raises InvalidParameterError."""
    if not _NUMBER.fullmatch(text.strip()) or not math.isfinite(float(text)):
        raise InvalidParameterError(f"{key}={shown(text)} is no number")
    return float(text)


def read_length(key: str, text: str) -> float:
    """A number above 0; raises InvalidParameterError."""
    number = read_number(key, text)
    if number <= 0:
        raise InvalidParameterError(f"{key}={shown(text)} must be above 0")
    return number


def read_count(key: str, text: str) -> int:
    """A number of pixels; raises InvalidParameterError."""
    if not _COUNT.fullmatch(text.strip()) or int(text) < 1:
        raise InvalidParameterError(f"{key}={shown(text)} is no number of pixels")
    return int(text)


def read_bounds(key: str, text: str) -> Bounds:
    """Four numbers between commas; raises InvalidParameterError."""
    parts = text.split(",")
    if len(parts) != 4:  # noqa: PLR2004
        raise InvalidParameterError(f"{key}={shown(text)} is not four numbers: minx,miny,maxx,maxy")
    first, second, third, fourth = (read_number(key, part) for part in parts)
    return first, second, third, fourth
