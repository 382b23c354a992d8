"""Pieces of a file that are at hand, and ranges read from them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from function.scenes.access.rounds import Range

# A piece of a file: where it starts, and its bytes.
Piece = tuple[int, memoryview]


class Pieces:
    """Pieces of one file, which may overlap; to be changed by one thread at a time."""

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self.add(pieces)

    def add(self, pieces: Iterable[Piece]) -> None:
        """Add what was fetched."""
        found = sorted([*self._pieces, *pieces], key=lambda piece: (piece[0], -len(piece[1])))
        self._pieces = []
        reached = 0
        for start, data in found:
            # What lies in an earlier piece adds nothing, so that ends rise with starts.
            if start + len(data) > reached:
                self._pieces.append((start, data))
                reached = start + len(data)
        self._starts = [start for start, _ in self._pieces]

    def missing(self, ranges: Sequence[Range]) -> list[Range]:
        """Tell which parts of ``ranges`` are not at hand."""
        return [
            (start, end - start)
            for offset, length in ranges
            for start, end, data in self._walk(offset, offset + length)
            if data is None
        ]

    def read(self, offset: int, length: int) -> bytes:
        """Read a range that is at hand; raises KeyError for one that is not."""
        parts = []
        for start, _, data in self._walk(offset, offset + length):
            if data is None:
                raise KeyError(start)
            parts.append(data)
        return b"".join(parts)

    def __iter__(self) -> Iterator[Piece]:
        return iter(self._pieces)

    def _walk(self, offset: int, end: int) -> Iterator[tuple[int, int, memoryview | None]]:
        """Go through a range: (start, end, bytes), or no bytes where it is not at hand."""
        position = offset
        while position < end:
            place = bisect_right(self._starts, position)
            start, data = self._pieces[place - 1] if place else (0, memoryview(b""))
            reached = min(start + len(data), end)
            if reached > position:
                yield position, reached, data[position - start : reached - start]
            else:
                following = self._starts[place] if place < len(self._starts) else end
                reached = min(following, end)
                yield position, reached, None
            position = reached
