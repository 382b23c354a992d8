"""Which reads a round is made of."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.scenes.access.rounds import FAR_GAP, LONGEST, NEAR_GAP, Range, plan_round
from function.scenes.jpeg2000.fetching import merge_ranges

MB = 1 << 20
ranges = st.tuples(st.integers(0, 100 * MB), st.integers(1, 2 * MB))


def covered(part: Range, reads: list[Range]) -> bool:
    """Tell whether every byte of ``part`` lies in a read."""
    offset, length = part
    for start, size in sorted(reads):
        if start <= offset < start + size:
            length -= start + size - offset
            offset = start + size
    return length <= 0


def at(*offsets: int) -> list[Range]:
    return [(offset, 1000) for offset in offsets]


@given(files=st.lists(st.lists(ranges, max_size=20), max_size=5), connections=st.integers(1, 40))
def test_what_is_wanted_is_read_once_and_gaps_whole_or_not_at_all(
    files: list[list[Range]], connections: int
) -> None:
    planned = plan_round(files, connections)
    assert len(planned) == len(files)
    for wanted, reads in zip(files, planned, strict=True):
        assert all(covered(part, reads) for part in wanted)
        assert all(sum(before) <= after[0] for before, after in pairwise(reads))
        assert all(0 < length <= LONGEST for _, length in reads)
        needed = merge_ranges(wanted, 0)
        gaps = [(sum(before), after[0]) for before, after in pairwise(needed)]
        for start, end in gaps:
            size = end - start
            in_gap = sum(overlap(read, start, end) for read in reads)
            assert in_gap in ({size} if size <= NEAR_GAP else {0, size} if size <= FAR_GAP else {0})
        in_gaps = sum(overlap(read, *gap) for read in reads for gap in gaps)
        assert sum(length for _, length in reads) - in_gaps == sum(length for _, length in needed)


def overlap(read: Range, start: int, end: int) -> int:
    return max(0, min(sum(read), end) - max(read[0], start))


def test_close_ranges_are_read_as_one() -> None:
    assert plan_round([at(0, 1000 + NEAR_GAP)], 9) == [[(0, 2000 + NEAR_GAP)]]
    assert plan_round([at(0, 1001 + NEAR_GAP)], 9) == [at(0, 1001 + NEAR_GAP)]


def test_nothing_is_joined_further_while_connections_are_idle() -> None:
    files = [at(0, 50_000), at(0, 60_000, 150_000)]
    assert plan_round(files, 5) == files


@pytest.mark.parametrize(
    ("connections", "reads"), [(4, (1, 3)), (3, (1, 2)), (2, (1, 2)), (1, (1, 2))]
)
def test_the_closest_are_joined_while_reads_outnumber_connections(
    connections: int, reads: tuple[int, int]
) -> None:
    # Gaps of 49 000; of 59 000 and more than is worth it.
    files = [at(0, 50_000), at(0, 60_000, 62_000 + FAR_GAP)]
    assert tuple(map(len, plan_round(files, connections))) == reads


def test_a_long_read_is_shared_by_connections() -> None:
    (reads,) = plan_round([[(10, 3 * LONGEST - 1)]], 1)
    assert [offset for offset, _ in reads] == [10, 9 + LONGEST, 9 + 2 * LONGEST]
    assert sum(length for _, length in reads) == 3 * LONGEST - 1


def test_no_files_need_no_reads() -> None:
    assert plan_round([], 4) == []
    assert plan_round([[], []], 4) == [[], []]
