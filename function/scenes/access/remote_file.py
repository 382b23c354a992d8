"""A remote file as the engine reads it: a source of ranges."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from function.codestream_record import FileState
from function.deadline import Deadline
from function.scenes.access.fetcher import Fetched, Fetcher, Wish
from function.scenes.access.pieces import Pieces
from function.scenes.access.rounds import FAR_GAP, Range
from function.scenes.access.transfers import RemoteName
from function.scenes.jpeg2000.boxes import FIRST_READ
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import TruncatedError


class RemoteFile:
    """A ByteSource over the network, for one thread at a time.

    What is among ``pieces`` is at hand. The rest is fetched when it is asked for, which blocks, and
    not kept here: whoever reads a file from end to end must not hold all of it. A file in a state
    that is not known has its start read before anything else.
    """

    gap = FAR_GAP
    metered = True

    def __init__(
        self,
        fetcher: Fetcher,
        file: RemoteName,
        deadline: Deadline,
        counts: DecodingCounts,
        pieces: Pieces | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._file = file
        self._deadline = deadline
        self._counts = counts
        self._pieces = pieces or Pieces()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held open."""

    @property
    def identity(self) -> tuple[str, int, str]:
        state = self._state()
        return self._file.href, state.size, state.stamp

    @property
    def at_once(self) -> int:
        return self._fetcher.connections

    def size(self) -> int:
        return self._state().size

    def read_ranges(self, ranges: Sequence[Range]) -> list[bytes]:
        """Read as the ByteSource protocol says; raises what ``Fetcher.begin`` may fail with."""
        end = max((offset + length for offset, length in ranges), default=0)
        if end > self._state().size:
            raise TruncatedError(f"{self._file.name} ends before byte {end}")
        pieces = self._pieces
        missing = pieces.missing(ranges)
        if missing:
            pieces = Pieces([*pieces, *self._fetch(missing).pieces])
        return [pieces.read(*part) for part in ranges]

    def _state(self) -> FileState:
        if self._file.state is None:
            start = self._fetch([(0, FIRST_READ)])
            self._file = replace(self._file, state=start.state)
            self._pieces = start.pieces
            return start.state
        return self._file.state

    def _fetch(self, ranges: Sequence[Range]) -> Fetched:
        (fetching,) = self._fetcher.begin([Wish(self._file, ranges)], self._deadline, self._counts)
        return fetching.result()
