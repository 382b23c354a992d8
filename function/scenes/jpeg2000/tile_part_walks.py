"""Headers of tile-parts that nothing lists, read from many places of a far file at once.

A tile-part tells how long it is, and so where the next begins: one round trip for each. Walks that
begin at several places take these steps together. Where one may begin is found by its marker: no
two bytes of a packet are above FF8F (ISO/IEC 15444-1, B.10.1 and C.2.9), and where a header holds
them by chance, nobody who walks from the first tile-part on comes by.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, isqrt

from function.scenes.jpeg2000.boxes import Extent
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.markers import SEGMENT_START, Marker

# The first bytes, the tile, and how long the tile-part is (A.4.2).
SOT_START = struct.Struct(">4sHI")
FIRST_BYTES = SEGMENT_START.pack(Marker.SOT, 10)
# The headers of ESA's files take 0.3 MB at most. Beyond this they are read one after another.
MOST_BYTES = 1 << 24
# What Python takes for one, beside its bytes.
ENTRY_BYTES = 128
# Two of half a tile-part find all that are as long as each other.
MOST_LOOKS = 8
# To find where to begin takes some round trips and bytes: there is to be more than that to gain.
LEAST_GAIN = 2


def read_headers(source: ByteSource, extent: Extent, guess: int, tiles: int) -> dict[int, bytes]:
    """Read headers of tile-parts ahead: ``guess`` bytes of each, by where they start.

    Some may be missing, and some may be none. It is empty where to read one after another, or the
    file from end to end, takes as few round trips. ``tiles`` is how many the file has at least.
    """
    length = extent.end - extent.start
    gap = max(1, source.gap)
    wanted = isqrt(tiles)
    walks = min(source.at_once, wanted)
    # Few walks over short tile-parts had better read on from each to the next.
    reads_on = walks < wanted and length < tiles * gap // 2
    steps_alone = min(tiles, length // gap)
    steps = ceil((steps_alone if reads_on else tiles) / walks)
    if steps_alone <= LEAST_GAIN * steps:
        return {}
    # Half a tile-part.
    look = max(guess, min(gap, length // tiles // 2))
    starts = [extent.start + length * number // walks for number in range(walks)]
    step = gap if reads_on else guess
    return _Walks(source, extent.end, guess, look, step).walk(starts, steps_alone)


class _Walks:
    def __init__(self, source: ByteSource, end: int, guess: int, look: int, step: int) -> None:
        self._source = source
        self._end = end
        self._guess = guess
        self._look = look
        self._step_bytes = step
        self._headers: dict[int, bytes] = {}
        self._room = MOST_BYTES

    def walk(self, starts: Sequence[int], most_steps: int) -> dict[int, bytes]:
        first, *others = starts
        found = self._find(others, [*others[1:], self._end])
        walking = dict.fromkeys(sorted({first} | found), self._step_bytes)
        while walking and most_steps:
            walking = self._step(walking)
            most_steps -= 1
        return self._headers

    def _find(self, starts: Sequence[int], ends: Sequence[int]) -> set[int]:
        """Find where the first tile-part begins after each start, where that is before its end."""
        found = set()
        looking = dict(zip(starts, ends, strict=True))
        for _ in range(MOST_LOOKS):
            further = {}
            for position, data in self._read(dict.fromkeys(looking, self._look)):
                place = data.find(FIRST_BYTES)
                # The marker may lie across the end of what was looked at.
                following = position + len(data) - len(FIRST_BYTES) + 1
                if place >= 0:
                    found.add(position + place)
                elif position < following < looking[position]:
                    further[following] = looking[position]
            looking = further
        return found

    def _step(self, walking: Mapping[int, int]) -> dict[int, int]:
        """Read so many bytes at each position; tell where to go on, and how many to read there."""
        following = {}
        for position, data in self._read(walking):
            place = 0
            while length := self._keep(position, data, place):
                place += length
                if place + self._guess > len(data):
                    # Short ones come in runs, as where a swath ends.
                    least = self._look if length < self._look else 0
                    following[position + place] = max(least, self._step_bytes)
                    break
        return {
            start: count
            for start, count in sorted(following.items())
            if start < self._end and start not in self._headers
        }

    def _keep(self, position: int, data: bytes, place: int) -> int:
        """Keep the header that is at ``place`` of the bytes read at ``position``.

        Tells how long its tile-part is; 0 where it does not tell, or there is no room for more.
        """
        length = _length(data, place)
        header = data[place : place + min(self._guess, length or self._guess)]
        self._headers[position + place] = header
        self._room -= len(header) + ENTRY_BYTES
        return length if self._room > 0 else 0

    def _read(self, counts: Mapping[int, int]) -> Iterable[tuple[int, bytes]]:
        """Read so many bytes at each position, or up to the end, in one round trip."""
        ranges = [(start, min(count, self._end - start)) for start, count in counts.items()]
        return zip(counts, self._source.read_ranges(ranges), strict=True) if ranges else ()


def _length(data: bytes, place: int) -> int:
    """How long the tile-part is that begins at ``place``; 0 where none does or it does not tell."""
    if place + SOT_START.size > len(data) or not data.startswith(FIRST_BYTES, place):
        return 0
    *_, length = SOT_START.unpack_from(data, place)
    return int(length)
