"""Fetching many small ranges as few larger ones."""

from bisect import bisect_right
from collections.abc import Sequence

from function.scenes.jpeg2000.byte_source import ByteSource


def merge_ranges(ranges: Sequence[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Join the (offset, length) that lie at most ``gap`` bytes apart; sorted by offset."""
    merged: list[tuple[int, int]] = []
    for offset, length in sorted(ranges):
        if merged and offset - sum(merged[-1]) <= gap:
            start, known = merged[-1]
            merged[-1] = start, max(known, offset + length - start)
        else:
            merged.append((offset, length))
    return merged


def fetch(source: ByteSource, ranges: Sequence[tuple[int, int]]) -> tuple[list[memoryview], int]:
    """Read ``ranges`` in one call; give their bytes in order, and how many were read in all."""
    merged = merge_ranges(ranges, 0 if source.metered else source.gap)
    chunks = [memoryview(chunk) for chunk in source.read_ranges(merged)]
    starts = [offset for offset, _ in merged]
    views = []
    for offset, length in ranges:
        place = bisect_right(starts, offset) - 1
        begin = offset - starts[place]
        views.append(chunks[place][begin : begin + length])
    return views, sum(map(len, chunks))
