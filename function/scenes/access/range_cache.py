"""The parts of remote files that were fetched last, for whoever needs them next."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from weakref import WeakValueDictionary

from function.scenes.access.pieces import Piece, Pieces
from function.scenes.access.rounds import Range

Identity = tuple[str, int, str]


class RangeCache:
    """Keeps pieces of files up to ``limit`` bytes, the longest unused going first; for threads.

    What went is still found as long as somebody else holds it: a map that waits for it, say.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[tuple[Identity, int], memoryview] = OrderedDict()
        self._starts: dict[Identity, set[int]] = {}
        self._held: WeakValueDictionary[tuple[Identity, int], memoryview] = WeakValueDictionary()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes_kept(self) -> int:
        return self._bytes

    def take(self, file: Identity, ranges: Sequence[Range]) -> Pieces:
        """Give what is kept of ``ranges`` of a file."""
        with self._lock:
            found = []
            for start in self._starts.get(file, ()):
                data = self._kept[file, start]
                if _meets(start, start + len(data), ranges):
                    self._kept.move_to_end((file, start))
                    found.append((start, data))
            found += [
                (start, data)
                for (held, start), data in self._held.items()
                if held == file and _meets(start, start + len(data), ranges)
            ]
        return Pieces(found)

    def keep(self, file: Identity, pieces: Iterable[Piece]) -> None:
        """Keep what was fetched, as far as there is room."""
        with self._lock:
            for start, data in pieces:
                if len(data) > self._limit:
                    self._held[file, start] = data
                    continue
                self._forget((file, start))
                self._kept[file, start] = data
                self._starts.setdefault(file, set()).add(start)
                self._bytes += len(data)
            while self._bytes > self._limit:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[Identity, int]) -> None:
        data = self._kept.pop(key, None)
        if data is None:
            return
        self._held[key] = data
        self._bytes -= len(data)
        file, start = key
        self._starts[file].discard(start)
        if not self._starts[file]:
            del self._starts[file]


def _meets(start: int, end: int, ranges: Sequence[Range]) -> bool:
    return any(offset < end and start < offset + length for offset, length in ranges)
