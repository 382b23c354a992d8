"""Files of STAC items: one item, a collection of them, or an item a line."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import orjson

from function.ingest.candidate import Candidate, fingerprint_of
from function.ingest.errors import BrokenMetadataError, ProductRefusedError
from function.ingest.readers import Readers
from function.ingest.reading import ReadProduct
from function.ingest.sources import SourceUnreachableError
from function.ingest.stac.item import read_item
from function.ingest.stac.json_object import MAX_BYTES

# Items that are written in one transaction: with a hundred, what a transaction costs by itself is a
# hundredth of each, and a run that is killed has lost a fifth of a second.
CHUNK = 100
# A hundred of the longest real items have 9 MB. Of longer ones fewer are held at once.
CHUNK_BYTES = 16 * 1024 * 1024
# A page of a thousand of CDSE's items has 90 MB.
MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
STANDARD_INPUT = "-"
COUNTED_AT_ONCE = 1024 * 1024


def item_candidate(label: str, raw: bytes, base: str, readers: Readers) -> Candidate:
    """Make a candidate of an item's JSON; ``base`` is the address of its document."""
    return Candidate(
        label,
        partial(fingerprint_of, "item", base, raw),
        partial(read_item, raw, base, readers),
        indexed=False,
    )


def refused_candidate(label: str, error: ProductRefusedError) -> Candidate:
    """Make a candidate of what is refused before it is one."""

    def refuse() -> ReadProduct:
        raise error

    return Candidate(label, lambda: None, refuse, indexed=False)


@dataclass(frozen=True, slots=True)
class ItemDocument:
    """A local JSON file: an item, or a FeatureCollection of items."""

    path: Path
    readers: Readers

    @property
    def label(self) -> str:
        return str(self.path)

    def count(self) -> None:
        return None

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        try:
            if self.path.stat().st_size > MAX_DOCUMENT_BYTES:
                error = BrokenMetadataError(f"it is longer than {MAX_DOCUMENT_BYTES} bytes")
                yield [refused_candidate(self.label, error)]
                return
            raw = self.path.read_bytes()
        except OSError as error:
            raise SourceUnreachableError(f"{self.path}: {error.strerror}") from error
        yield from document_chunks(self.label, raw, str(self.path.resolve()), self.readers)


def document_chunks(
    label: str, raw: bytes, base: str, readers: Readers
) -> Iterator[Sequence[Candidate]]:
    """Give the items of a document, which need not be JSON at all."""
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        yield [refused_candidate(label, BrokenMetadataError(f"it is no JSON: {error.msg}"))]
        return
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list):
        yield [item_candidate(label, raw, base, readers)]
        return
    for start in range(0, len(features), CHUNK):
        yield [
            feature_candidate(f"{label}#{number}", feature, base, readers)
            for number, feature in enumerate(features[start : start + CHUNK], start + 1)
        ]


def feature_candidate(label: str, feature: object, base: str, readers: Readers) -> Candidate:
    """Make a candidate of an item that was parsed already."""
    try:
        raw = orjson.dumps(feature, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, RecursionError) as error:
        return refused_candidate(label, BrokenMetadataError(f"it is no proper JSON: {error}"))
    return item_candidate(label, raw, base, readers)


@dataclass(frozen=True, slots=True)
class ItemLines:
    """A local file with an item a line (newline-delimited JSON); ``-`` is standard input."""

    path: Path
    readers: Readers

    @property
    def label(self) -> str:
        return str(self.path)

    def count(self) -> int | None:
        if self.label == STANDARD_INPUT:
            return None
        try:
            with self.path.open("rb") as file:
                return sum(
                    part.count(b"\n") for part in iter(lambda: file.read(COUNTED_AT_ONCE), b"")
                )
        except OSError:
            return None

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        # What stands in standard input lies where we run.
        base = str(self.path.resolve())
        chunk: list[Candidate] = []
        held = 0
        try:
            with self._opened() as file:
                for number, line in _lines(file):
                    chunk.append(self._candidate(f"{self.label}:{number}", line, base))
                    held += len(line or b"")
                    if len(chunk) == CHUNK or held >= CHUNK_BYTES:
                        yield chunk
                        chunk, held = [], 0
        except OSError as error:
            raise SourceUnreachableError(f"{self.path}: {error.strerror}") from error
        if chunk:
            yield chunk

    def _candidate(self, label: str, line: bytes | None, base: str) -> Candidate:
        if line is None:
            error = BrokenMetadataError(f"the line is longer than {MAX_BYTES} bytes")
            return refused_candidate(label, error)
        return item_candidate(label, line, base, self.readers)

    def _opened(self) -> AbstractContextManager[IO[bytes]]:
        if self.label == STANDARD_INPUT:
            # Not sys.stdin, whose lock an interpreter that ends would wait for while we read.
            return open(0, "rb", closefd=False)
        return self.path.open("rb")


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Number the lines that are not blank; None is one that is too long, which is skipped."""
    number = 0
    while line := file.readline(MAX_BYTES + 1):
        number += 1
        if len(line) > MAX_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_BYTES)
            yield number, None
        elif line.strip():
            yield number, line.strip()
