"""Which requests a round of reading is made of: few enough, and not too large.

Three rules, with figures that ``bench.remote_windows`` measured. Ranges that lie close are read as
one. While there are more requests than connections, those that lie closest are joined further, for
a request that has to wait for a connection costs a whole round trip. What is long is split, so that
connections share it.
"""

from collections.abc import Sequence
from itertools import pairwise

from function.scenes.jpeg2000.fetching import merge_ranges

Range = tuple[int, int]

# A request costs 0.4 ms of CPU on our side and as much on the other, whatever it brings. 32 KB
# more of a body cost a tenth of that, and a millisecond or two of a connection.
NEAR_GAP = 32 * 1024
# What a connection of 20 MB/s, as CDSE has them, brings within a round trip of 30 ms.
FAR_GAP = 600 * 1024
# Several round trips' worth for a connection, so that splitting costs little; and a try that fails
# has no more to do again.
LONGEST = 4 * 1024 * 1024


def plan_round(files: Sequence[Sequence[Range]], connections: int) -> list[list[Range]]:
    """Plan the requests for the (offset, length) ranges of each file, sorted by offset."""
    spans = [merge_ranges(ranges, NEAR_GAP) for ranges in files]
    bounds = _join_limits(spans, connections)
    joined = [merge_ranges(ranges, bound) for ranges, bound in zip(spans, bounds, strict=True)]
    return [[part for span in ranges for part in _split(span)] for ranges in joined]


def _join_limits(spans: Sequence[Sequence[Range]], connections: int) -> list[int]:
    """Tell up to which gap the spans of each file are joined."""
    gaps = sorted(
        (gap, number)
        for number, ranges in enumerate(spans)
        for before, after in pairwise(ranges)
        if (gap := after[0] - sum(before)) <= FAR_GAP
    )
    surplus = max(0, sum(map(len, spans)) - connections)
    limits = [NEAR_GAP] * len(spans)
    for gap, number in gaps[:surplus]:
        limits[number] = gap
    return limits


def _split(span: Range) -> list[Range]:
    offset, length = span
    parts = -(-length // LONGEST)
    if parts <= 1:
        return [span]
    starts = [offset + length * part // parts for part in range(parts + 1)]
    return [(start, end - start) for start, end in pairwise(starts)]
