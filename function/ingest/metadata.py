"""Metadata files of a product: parsed without trust, and searched by local names."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from function.ingest.errors import BrokenMetadataError
from function.untrusted_xml import MAX_BYTES, RefusedXmlError, parse_untrusted_xml


class Metadata:
    """One XML element and what is under it. Namespaces, which vary by format version, are ignored.

    ``source`` names the file in messages.
    """

    def __init__(self, element: etree._Element, source: str) -> None:
        self._element = element
        self.source = source

    @classmethod
    def read(cls, path: Path) -> "Metadata":
        """Parse a file. Entities, DTDs and the network are refused, and depth is bounded.

        Raises:
            BrokenMetadataError: it is absent, too large, or no well-formed XML without a DTD.
        """
        try:
            if path.stat().st_size > MAX_BYTES:
                raise BrokenMetadataError(f"{path.name} is larger than {MAX_BYTES} bytes")
            content = path.read_bytes()
        except OSError as error:
            raise BrokenMetadataError(f"{path.name} cannot be read: {error.strerror}") from error
        return cls.parse(content, path.name)

    @classmethod
    def parse(cls, content: bytes, source: str) -> "Metadata":
        """Parse the content of the file ``source``; raise BrokenMetadataError as ``read`` does."""
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
        """The element's text as an integer; raise BrokenMetadataError where it is none."""
        try:
            return int(self.text)
        except ValueError as error:
            raise self.wrong("integer") from error

    @property
    def instant(self) -> datetime:
        """The element's text as a time in UTC; raise BrokenMetadataError where it is none."""
        try:
            instant = datetime.fromisoformat(self.text)
        except ValueError as error:
            raise self.wrong("time") from error
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)

    def wrong(self, expected: str) -> BrokenMetadataError:
        """Say that the text is not what is ``expected``."""
        return BrokenMetadataError(f"{self.source}: {self.name}={self.text!r} is no {expected}")
