"""What a request comes down to: one text for all that ask the same."""

from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256

from affine import Affine

# Hexadecimal digits of a tag: with 128 bits no two requests of a lifetime have the same.
TAG_DIGITS = 32


def canonical(value: object) -> str:
    """Write frozen values as a text that is the same in every process.

    Sets and mappings are written in order: Python's own order of texts differs from one process
    to the next. Raises TypeError for what has no such text.
    """
    text: str
    match value:
        case Enum():
            text = canonical(value.value)
        case None | bool() | int() | float() | str() | bytes():
            text = repr(value)
        case datetime():
            text = value.astimezone(UTC).isoformat()
        case Affine():
            text = canonical(tuple(value))
        case Mapping():
            pairs = sorted((canonical(key), canonical(item)) for key, item in value.items())
            text = f"{{{','.join(f'{key}:{item}' for key, item in pairs)}}}"
        case Set():
            text = f"{{{','.join(sorted(map(canonical, value)))}}}"
        case tuple() | list():
            text = f"({','.join(map(canonical, value))})"
        case _ if is_dataclass(value):
            named = (
                f"{each.name}={canonical(getattr(value, each.name))}" for each in fields(value)
            )
            text = f"{type(value).__name__}({','.join(named)})"
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical text")
    return text


def tag_of(*parts: object) -> str:
    """Give the same short text for the same ``parts``, and another for any others."""
    return sha256(canonical(parts).encode()).hexdigest()[:TAG_DIGITS]
