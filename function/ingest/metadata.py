"""Metadata files of a product: parsed without trust, and searched by local names."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree

from function.ingest.errors import BrokenMetadataError
from function.untrusted_xml import RefusedXmlError, parse_untrusted_xml

# Ten digits are the most that 32 bits need; Python refuses to read thousands.
INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
MOST_INTEGER = 2**31 - 1


class Metadata:
    """One XML element and what is under it. Namespaces, which vary by format version, are ignored.

    ``source`` names the file in messages.
    """

    def __init__(self, element: etree._Element, source: str) -> None:
        self._element = element
        self.source = source

    @classmethod
    def parse(cls, content: bytes, source: str) -> "Metadata":
        """Parse the content of the file ``source``.

        Raises:
            BrokenMetadataError: ``parse_untrusted_xml`` refuses it.
        """
        try:
            return cls(parse_untrusted_xml(content, source), source)
        except RefusedXmlError as error:
            raise BrokenMetadataError(str(error)) from error

    @property
    def name(self) -> str:
        """The root element's local name."""
        return etree.QName(self._element).localname

    def all(self, *names: str) -> Iterator["Metadata"]:
        """Give every element below that has one of the local names, in document order."""
        for element in self._element.iter(*(f"{{*}}{name}" for name in names)):
            yield Metadata(element, self.source)

    def find(self, *names: str) -> "Metadata | None":
        """Give the first element below that has one of the local names."""
        return next(self.all(*names), None)

    def need(self, *names: str) -> "Metadata":
        """Like ``find``; raise BrokenMetadataError where there is none."""
        found = self.find(*names)
        if found is None:
            raise BrokenMetadataError(f"{self.source} has no {names[0]}")
        return found

    def attribute(self, name: str) -> str | None:
        value = self._element.get(name)
        return None if value is None else str(value).strip()

    @property
    def text(self) -> str:
        """The element's text, stripped; raise BrokenMetadataError where it has none."""
        text = (self._element.text or "").strip()
        if not text:
            raise BrokenMetadataError(f"{self.source}: {self.name} is empty")
        return text

    @property
    def number(self) -> float:
        """The element's text as a number; raise BrokenMetadataError where it is none."""
        try:
            number = float(self.text)
        except ValueError as error:
            raise self.wrong("number") from error
        if not math.isfinite(number):
            raise self.wrong("number")
        return number

    @property
    def integer(self) -> int:
        """The element's text as an integer of 32 bits, which is what the catalogue holds.

        Raises:
            BrokenMetadataError: it is none.
        """
        if not INTEGER.fullmatch(self.text) or abs(int(self.text)) > MOST_INTEGER:
            raise self.wrong("integer")
        return int(self.text)

    @property
    def count(self) -> int:
        """Like ``integer``; raise BrokenMetadataError where it is not positive, too."""
        if self.integer <= 0:
            raise self.wrong("count")
        return self.integer

    @property
    def instant(self) -> datetime:
        """The element's text as a time in UTC; raise BrokenMetadataError where it is none."""
        try:
            return utc_time(self.text)
        except ValueError as error:
            raise self.wrong("time") from error

    def instant_of(self, attribute: str) -> datetime:
        """An attribute as a time in UTC; raise BrokenMetadataError where it is none."""
        text = self.attribute(attribute) or ""
        try:
            return utc_time(text)
        except ValueError as error:
            raise BrokenMetadataError(
                f"{self.source}: {self.name} has {attribute}={text!r}, which is no time"
            ) from error

    def wrong(self, expected: str) -> BrokenMetadataError:
        """Say that the text is not what is ``expected``."""
        return BrokenMetadataError(f"{self.source}: {self.name}={self.text!r} is no {expected}")


def utc_time(text: str) -> datetime:
    """Read a time that is in UTC unless it says otherwise; raise ValueError where it is none."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is out of range") from error
