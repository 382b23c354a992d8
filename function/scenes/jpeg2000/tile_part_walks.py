"""Headers of tile-parts that nothing lists, read from many places of a far file at once.

A tile-part tells how long it is, and so where the next begins: one round trip for each. Walks that
begin at several places take these steps together. Where one may begin is found by its marker: no
two bytes of a packet are above FF8F (ISO/IEC 15444-1, B.10.1 and C.2.9), and where a header holds
them by chance, nobody who walks from the first tile-part on comes by.
"""

import struct
from collections.abc import Sequence
from math import ceil, isqrt

from function.scenes.jpeg2000.boxes import Extent
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.markers import SEGMENT_START, Marker

# The first bytes, the tile, and how long the tile-part is (A.4.2).
SOT_START = struct.Struct(">4sHI")
FIRST_BYTES = SEGMENT_START.pack(Marker.SOT, 10)
# ESA's files have one tile-part for each of up to 1849 tiles.
MOST_TILE_PARTS = 1 << 17
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
    # Half a tile-part: where all are as long, each place is found in two looks.
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

    def walk(self, starts: Sequence[int], most_steps: int) -> dict[int, bytes]:
        first, *others = starts
        walking = {first} | self._find(others, [*others[1:], self._end])
        while walking and most_steps:
            walking = self._step(sorted(walking))
            most_steps -= 1
        return self._headers

    def _find(self, starts: Sequence[int], ends: Sequence[int]) -> set[int]:
        """Find where the first tile-part begins after each start, where that is before its end."""
        found = set()
        looking = list(zip(starts, ends, strict=True))
        while looking:
            further = []
            seen = self._read([position for position, _ in looking], self._look)
            for (position, end), data in zip(looking, seen, strict=True):
                place = data.find(FIRST_BYTES)
                # The marker may lie across the end of what was looked at.
                following = position + len(data) - len(FIRST_BYTES) + 1
                if place >= 0:
                    found.add(position + place)
                elif position < following < end:
                    further.append((following, end))
            looking = further
        return found

    def _step(self, positions: Sequence[int]) -> set[int]:
        """Read on at ``positions``; tell where the headers begin that are to be read next."""
        following = set()
        for position, data in zip(positions, self._read(positions, self._step_bytes), strict=True):
            self._headers[position] = data[: self._guess]
            place = 0
            while len(self._headers) < MOST_TILE_PARTS and (length := _length(data, place)):
                place += length
                if place + self._guess > len(data):
                    following.add(position + place)
                    break
                self._headers[position + place] = data[place : place + self._guess]
        return {start for start in following if start < self._end} - self._headers.keys()

    def _read(self, positions: Sequence[int], length: int) -> list[bytes]:
        ends = [min(position + length, self._end) for position in positions]
        return self._source.read_ranges(
            [(start, end - start) for start, end in zip(positions, ends, strict=True)]
        )


def _length(data: bytes, place: int) -> int:
    """How long the tile-part is that begins at ``place``; 0 where none does or it does not tell."""
    if place + SOT_START.size > len(data) or not data.startswith(FIRST_BYTES, place):
        return 0
    *_, length = SOT_START.unpack_from(data, place)
    return int(length)
