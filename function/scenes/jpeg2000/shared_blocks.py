"""Decoded blocks that are at hand in every process of a container."""

import fcntl
import mmap
import os
import struct
import threading
import weakref
import zlib
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from function.memory_order import in_order
from function.scenes.decoder import Samples
from function.shared_file import unnamed_file

WORD = 8
# Every record begins on a multiple of it: a line of a CPU's cache.
UNIT = 64
# What a record begins with: its key, its position, and of its samples the bytes, the type and the
# shape; then the checksum of all that and of the samples.
HEAD = struct.Struct("=16sQQ3s3I")
CHECKSUM = struct.Struct("=I")
KEY = struct.Struct("=QQ")
# The index has a place for so many bytes of records, a fifth of a block of 128 × 128 samples: it
# fills up only where windows are mostly tiny. It takes 0.3 % of the memory.
BYTES_OF_PLACE = 6 << 10
WORDS_OF_PLACE = 2
# So many places are looked at for one key: two lines of a CPU's cache.
WAYS = 8
# No block pushes out more than such a part of the others.
LARGEST_PART = 8
# What is found in the oldest quarter of a part is written again. The older half would be written
# more for no more hits, see ARCHITECTURE.md.
OLD_PART = 4
# What is about to be overwritten, within so much of a part, is not counted on: from when it is
# looked for until it is copied a round of reads may pass.
MARGIN_PART = 8


class SharedBlocks:
    """Keeps arrays by name, in memory that the processes share which its maker forks.

    Each process writes in a part of its own, and reads in all of them. No process ever waits for
    another, and a part outlives its process: the lock on it, a byte of a file in memory, is given
    back by the kernel (fcntl(2)), and whoever has none yet goes on with it. Where there are more
    processes than parts, some do not write.

    A part is a log that goes round and round, with an index (see ``_Part``). What is found among
    its oldest records is written again, so that what is in use stays.
    """

    def __init__(self, limit: int, parts: int) -> None:
        """Take up to ``limit`` bytes, page by page as they are written to."""
        size = max(limit // parts // UNIT * UNIT, _Part.SMALLEST)
        memory = memoryview(mmap.mmap(-1, parts * size))
        self._parts = [_Part(memory[n * size : (n + 1) * size]) for n in range(parts)]
        self._largest = self._parts[0].largest
        self._owners = unnamed_file("blocks")
        # At the end of a process the kernel closes it, once no thread can be writing any more.
        weakref.finalize(self, os.close, self._owners).atexit = False
        self._own: _Part | None = None
        self._process = 0
        self._lock = threading.Lock()

    def find(self, name: bytes) -> Samples | None:
        """Give a copy of what was offered by that name, if it is still there; not writeable."""
        key = _key(name)
        for part in self._parts:
            samples = part.read(key)
            if samples is not None:
                self._keep(key, samples)
                return samples
        return None

    def holds(self, name: bytes) -> bool:
        """Tell whether it can be found, and most likely soon, too."""
        key = _key(name)
        return any(part.holds(key) for part in self._parts)

    def offer(self, name: bytes, samples: Samples) -> None:
        """Keep a copy of ``samples``, of three dimensions, as long as there is room for it."""
        self._keep(_key(name), samples)

    def _keep(self, key: bytes, samples: Samples) -> None:
        if samples.nbytes > self._largest or any(part.has_young(key) for part in self._parts):
            return
        data = np.ascontiguousarray(samples).reshape(-1).view(np.uint8).data
        checksum = zlib.crc32(data)
        with self._lock:
            part = self._own_part()
            if part is not None:
                part.append(key, samples, data, checksum)

    def _own_part(self) -> "_Part | None":
        """The part that this process alone writes in, from now to its end."""
        if self._process != os.getpid():
            self._own = None  # it is the parent's
        if self._own is None:
            for number, part in enumerate(self._parts):
                try:
                    fcntl.lockf(self._owners, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                except (BlockingIOError, PermissionError):  # POSIX leaves to the system which it is
                    continue
                self._own, self._process = part, os.getpid()
                break
        return self._own


class _Part:
    """A log of records in a ring of memory, with an index: one process writes, all read.

    Positions in the log only grow; modulo the size of the ring they are where a record lies. The
    first word tells up to where the log is written, or being written: records from one round before
    that on are whole, earlier ones are not. It is moved on *before* anything is overwritten: who
    copies a record, and finds it whole by that word afterwards too, has copied what was written.
    The index tells of a record once it is written. So one who is killed in between leaves a gap and
    nothing else.

    This is so where a CPU's work is seen by others in the order of the program, which ``_in_order``
    sees to. Beyond that, nothing counts whose checksum does not fit.

    For a key one set of places of the index is looked through. A place is half of a key, and a
    position, 0 where there is none. CPUs store and load a word as a whole.
    """

    SMALLEST = UNIT + WAYS * WORDS_OF_PLACE * WORD
    _in_order = staticmethod(in_order)

    def __init__(self, memory: memoryview) -> None:
        self._sets = max(len(memory) // BYTES_OF_PLACE // WAYS, 1)
        first = UNIT + self._sets * WAYS * WORDS_OF_PLACE * WORD
        self._words = memory[:first].cast("Q")
        self._ring = memory[first:]
        self._size = len(self._ring) // UNIT * UNIT
        self.largest = self._size // LARGEST_PART - UNIT
        self._words[0] = UNIT

    def read(self, key: bytes) -> Samples | None:
        """Copy the samples of a record."""
        for position, head in self._found(key):
            _, _, length, kind, *shape = HEAD.unpack(head)
            start = position % self._size
            (checksum,) = CHECKSUM.unpack_from(self._ring, start + HEAD.size)
            data = bytes(self._ring[start + UNIT : start + UNIT + length])
            if self._is_whole(position) and checksum == zlib.crc32(head, zlib.crc32(data)):
                samples: Samples = np.frombuffer(data, np.dtype(kind.decode()))
                return samples.reshape(shape)
        return None

    def holds(self, key: bytes) -> bool:
        """Tell whether a record is there, and not about to be overwritten."""
        return self._has_within(self._size - self._size // MARGIN_PART, key)

    def has_young(self, key: bytes) -> bool:
        """Tell whether a record is there, and not among the oldest."""
        return self._has_within(self._size - self._size // OLD_PART, key)

    def append(self, key: bytes, samples: Samples, data: memoryview, checksum: int) -> None:
        """Write a record of at most ``largest`` bytes of ``samples``, with their checksum.

        No other thread or process may be doing so here.
        """
        position = self._words[0]
        length = -(-(UNIT + len(data)) // UNIT) * UNIT
        if position % self._size + length > self._size:
            position += self._size - position % self._size
        self._words[0] = position + length
        self._in_order()
        start = position % self._size
        head = HEAD.pack(key, position, len(data), samples.dtype.str.encode(), *samples.shape)
        self._ring[start : start + HEAD.size] = head
        CHECKSUM.pack_into(self._ring, start + HEAD.size, zlib.crc32(head, checksum))
        self._ring[start + UNIT : start + UNIT + len(data)] = data
        self._in_order()
        self._enter(key, position)

    def _enter(self, key: bytes, position: int) -> None:
        """Put a record in the index: where its key is, or in the place of the oldest."""
        half, places = self._places(key)
        place = min(places, key=lambda at: (self._words[at] != half, self._words[at + 1]))
        self._words[place] = half
        self._words[place + 1] = position

    def _places(self, key: bytes) -> tuple[int, range]:
        """The half of a key that the index has, and the words at which its places begin."""
        half, other = KEY.unpack(key)
        words = WAYS * WORDS_OF_PLACE
        first = UNIT // WORD + other % self._sets * words
        return half, range(first, first + words, WORDS_OF_PLACE)

    def _has_within(self, distance: int, key: bytes) -> bool:
        """Tell whether a record lies at most so far back."""
        return any(self._words[0] - position <= distance for position, _ in self._found(key))

    def _found(self, key: bytes) -> Iterator[tuple[int, bytes]]:
        """Give the position and the head of every whole record of a key."""
        half, places = self._places(key)
        for place in places:
            position = self._words[place + 1]
            if self._words[place] != half or not position or not self._is_whole(position):
                continue
            start = position % self._size
            head = bytes(self._ring[start : start + HEAD.size])
            if HEAD.unpack(head)[:2] == (key, position) and self._is_whole(position):
                yield position, head

    def _is_whole(self, position: int) -> bool:
        """Tell whether nothing of a record has been overwritten until now."""
        self._in_order()
        return self._words[0] - self._size <= position


def _key(name: bytes) -> bytes:
    return blake2b(name, digest_size=KEY.size).digest()
