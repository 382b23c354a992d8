"""JSON that others wrote: read without trust, told by the path of what is wrong."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import orjson

from function.ingest.errors import BrokenMetadataError

# A real item has up to 90 kB.
MAX_BYTES = 4 * 1024 * 1024


class JsonObject:
    """An object, its members asked for by name and type. ``place`` names it in messages.

    A member that is null counts as absent. Every method raises BrokenMetadataError for a member of
    another type, and for a number that is not finite.
    """

    def __init__(self, members: Mapping[str, object], place: str = "") -> None:
        self._members = members
        self._place = place

    @classmethod
    def parse(cls, raw: bytes) -> "JsonObject":
        """Parse an object; raise BrokenMetadataError for what is none, too deep or too long."""
        if len(raw) > MAX_BYTES:
            raise BrokenMetadataError(f"the item is longer than {MAX_BYTES} bytes")
        try:
            content = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise BrokenMetadataError(f"it is no JSON: {error.msg}") from error
        if not isinstance(content, dict):
            raise BrokenMetadataError("it is JSON, but no object")
        return cls(content)

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def text(self, *names: str) -> str | None:
        """Give the first member that is there, which must be text."""
        for name in names:
            value = self._members.get(name)
            if isinstance(value, str):
                return value
            if value is not None:
                raise self._wrong(name, "text")
        return None

    def number(self, *names: str) -> float | None:
        """Give the first member that is there, which must be a number."""
        for name in names:
            value = self._members.get(name)
            if value is not None:
                return self._number(name, value)
        return None

    def numbers(self, name: str) -> tuple[float, ...] | None:
        """Give a list of numbers."""
        values = self._members.get(name)
        if values is None:
            return None
        if not isinstance(values, list):
            raise self._wrong(name, "list of numbers")
        return tuple(self._number(name, value) for value in values)

    def flag(self, *names: str) -> bool:
        """Tell whether one of the members is true."""
        return any(self._members.get(name) is True for name in names)

    def instant(self, *names: str) -> datetime | None:
        """Give the first member that is there, which must be a time; UTC unless it says so."""
        text = self.text(*names)
        if text is None:
            return None
        try:
            instant = datetime.fromisoformat(text)
            return (
                instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
            )
        except (ValueError, OverflowError) as error:
            raise BrokenMetadataError(
                f"{self._place}{names[0]} is no time: {text[:40]!r}"
            ) from error

    def child(self, name: str) -> "JsonObject":
        """Give a member that is an object; an empty one where it is absent."""
        value = self._members.get(name)
        if value is None:
            return JsonObject({}, f"{self._place}{name}.")
        if not isinstance(value, dict):
            raise self._wrong(name, "object")
        return JsonObject(value, f"{self._place}{name}.")

    def objects(self, name: str) -> "list[JsonObject]":
        """Give a list of objects; an empty one where it is absent."""
        values = self.sequence(name)
        if not all(isinstance(value, dict) for value in values):
            raise self._wrong(name, "list of objects")
        return [
            JsonObject(value, f"{self._place}{name}[{place}].")
            for place, value in enumerate(values)
            if isinstance(value, dict)
        ]

    def sequence(self, name: str) -> Sequence[object]:
        """Give a list of anything; an empty one where it is absent."""
        values = self._members.get(name)
        if values is None:
            return ()
        if not isinstance(values, list):
            raise self._wrong(name, "list")
        return values

    def members(self) -> "Iterator[tuple[str, JsonObject]]":
        """Give the members, all of which must be objects."""
        for name in self._members:
            yield name, self.child(name)

    def _number(self, name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(name, "number")
        try:
            number = float(value)
        except OverflowError as error:
            raise self._wrong(name, "finite number") from error
        if not math.isfinite(number):
            raise self._wrong(name, "finite number")
        return number

    def _wrong(self, name: str, expected: str) -> BrokenMetadataError:
        return BrokenMetadataError(f"{self._place}{name} is no {expected}")
