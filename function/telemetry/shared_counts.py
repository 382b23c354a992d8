"""What all processes have counted, in memory that they share."""

import mmap
import os
import threading
import weakref
from collections.abc import Iterator, Mapping

from function.memory_order import in_order
from function.shared_file import unnamed_file

# Of one process; a page of it is taken when it is written to. A series of a histogram takes 400
# bytes. Labels are bounded, and 10 000 series far more than clients can bring about.
PART_BYTES = 4 << 20
# Left for the series that count what no other has room for.
SPARE_BYTES = 16 << 10
WORD = 8


class SharedCounts:
    """Numbers that only grow, by key; the processes that are forked from its maker add up as one.

    Each process counts in a part of its own, so that none ever waits for another. What a process
    has counted outlives it: whoever takes its part next goes on from there.

    A part is words of 8 bytes: how many of them are in use, then one entry after another: the bytes
    of the key, the count of numbers, the key, the numbers. CPUs store and load a word as a whole.
    """

    def __init__(self) -> None:
        self._file = unnamed_file("counts")
        weakref.finalize(self, os.close, self._file)
        self._lock = threading.Lock()
        self._parts: list[_Part] = []
        self.take(0)

    def take(self, number: int) -> None:
        """Count in a part from here on, which no other living process may have taken."""
        # It only grows, whoever else does this now.
        os.posix_fallocate(self._file, (number + 1) * PART_BYTES - WORD, WORD)
        self._own = _Part(self._file, number)
        self._next, self._places = 1, {}
        for key, place, end in self._own.entries():
            self._places[key] = place
            self._next = end

    def add(self, key: bytes, width: int, amounts: Mapping[int, float], spare: bytes) -> None:
        """Add to some of the ``width`` numbers of a key, and of ``spare`` where there is no room.

        All that is counted under one key has the same width.
        """
        with self._lock:
            place = self._places.get(key)
            if place is None and self._has_room(key, width):
                place = self._append(key, width)
            if place is None:
                place = self._places.get(spare) or self._append(spare, width)
            for index, amount in amounts.items():
                self._own.numbers[place + index] += amount

    def totals(self) -> dict[bytes, list[float]]:
        """Add up what all processes have counted, also those that are no more."""
        totals: dict[bytes, list[float]] = {}
        for part in self._every_part():
            for key, place, end in part.entries():
                numbers = part.numbers[place:end].tolist()
                before = totals.setdefault(key, [0.0] * len(numbers))
                totals[key] = [a + b for a, b in zip(before, numbers, strict=True)]
        return totals

    def _every_part(self) -> "list[_Part]":
        with self._lock:
            for number in range(len(self._parts), os.fstat(self._file).st_size // PART_BYTES):
                self._parts.append(_Part(self._file, number))
            return [*self._parts]

    def _has_room(self, key: bytes, width: int) -> bool:
        return (self._next + _words(key, width)) * WORD <= PART_BYTES - SPARE_BYTES

    def _append(self, key: bytes, width: int) -> int:
        end = self._next + _words(key, width)
        self._own.append(self._next, key, width, end)
        self._next = end
        self._places[key] = end - width
        return end - width


class _Part:
    """The part of one process."""

    def __init__(self, file: int, number: int) -> None:
        memory = memoryview(mmap.mmap(file, PART_BYTES, offset=number * PART_BYTES))
        self._bytes = memory
        self._words = memory.cast("Q")
        self.numbers = memory.cast("d")

    def append(self, start: int, key: bytes, width: int, end: int) -> None:
        self._words[start] = len(key)
        self._words[start + 1] = width
        first = (start + 2) * WORD
        self._bytes[first : first + len(key)] = key
        # The end of one who was killed here may lie in it.
        self._bytes[(end - width) * WORD : end * WORD] = bytes(width * WORD)
        in_order()
        self._words[0] = end

    def entries(self) -> Iterator[tuple[bytes, int, int]]:
        """Every key, and where its numbers begin and end."""
        used = self._words[0]
        in_order()
        start = 1
        while start < used:
            length, width = self._words[start], self._words[start + 1]
            first = (start + 2) * WORD
            key = bytes(self._bytes[first : first + length])
            end = start + _words(key, width)
            yield key, end - width, end
            start = end


def _words(key: bytes, width: int) -> int:
    return 2 + -(-len(key) // WORD) + width
