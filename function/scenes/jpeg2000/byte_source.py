"""Ranges of a file's bytes, wherever it lies."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from function.errors import SceneUnreadableError
from function.scenes.jpeg2000.errors import TruncatedError

# A local read costs a system call, about as much as copying a page or two.
LOCAL_GAP = 8192


class ByteSource(Protocol):
    """A file that can be read by ranges.

    ``gap`` is the count of bytes that take as long to transfer as one more round trip costs:
    closer ranges are better read as one. ``identity`` differs for every file, and for every state
    of a file that is replaced: its href, size in bytes and stamp. ``metered`` where the source
    joins ranges and counts what it reads by itself. ``at_once`` ranges far from one another take
    as long as one.
    """

    @property
    def gap(self) -> int: ...

    @property
    def at_once(self) -> int: ...

    @property
    def identity(self) -> tuple[str, int, str]: ...

    @property
    def metered(self) -> bool: ...

    def size(self) -> int:
        """Count the file's bytes."""
        ...

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read every (offset, length) in one round trip as far as the store allows.

        Raises TruncatedError where a range reaches past the file's end, and
        SceneUnreadableError where the file cannot be reached.
        """
        ...


class LocalByteSource:
    """A file on disk; closes with its ``with`` block."""

    gap = LOCAL_GAP
    metered = False
    at_once = 1

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = path.name
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise SceneUnreadableError(f"{self._name}: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    @property
    def identity(self) -> tuple[str, int, str]:
        status = os.fstat(self._descriptor)
        return str(self._path), status.st_size, str(status.st_mtime_ns)

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        return [self._read(offset, length) for offset, length in ranges]

    def _read(self, offset: int, length: int) -> bytes:
        try:
            data = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise SceneUnreadableError(f"{self._name}: {error.strerror}") from error
        if len(data) < length:
            raise TruncatedError(f"{self._name} ends before byte {offset + length}")
        return data


class ForwardReader:
    """Small reads that mostly go forward, each served from what the last one fetched."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._start = 0
        self._chunk = b""
        self.size = source.size()

    def read(self, offset: int, length: int, ahead: int = 0) -> bytes:
        """Read a range; where that needs a round trip, fetch ``ahead`` bytes at least."""
        skip = offset - self._start
        if skip < 0 or skip + length > len(self._chunk):
            fetched = max(length, min(ahead, self.size - offset))
            (self._chunk,) = self._source.read_ranges([(offset, fetched)])
            self._start, skip = offset, 0
        return self._chunk[skip : skip + length]
