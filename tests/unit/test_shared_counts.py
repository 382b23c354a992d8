"""Counts of several processes, in memory that they share."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.telemetry import shared_counts
from function.telemetry.shared_counts import SharedCounts

SPARE = b"spare"


def test_nothing_is_counted_at_first() -> None:
    assert SharedCounts().totals() == {}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.binary(max_size=40),
            st.dictionaries(st.integers(0, 4), st.integers(0, 9)),
        )
    )
)
def test_what_every_part_holds_is_added_up(
    counted: list[tuple[int, bytes, dict[int, float]]],
) -> None:
    counts = SharedCounts()
    expected: dict[bytes, list[float]] = {}
    for part, key, amounts in counted:
        counts.take(part)
        counts.add(key, 5, amounts, SPARE)
        total = expected.setdefault(key, [0.0] * 5)
        for index, amount in amounts.items():
            total[index] += amount
    assert counts.totals() == expected


def test_what_finds_no_room_is_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_counts, "SPARE_BYTES", shared_counts.PART_BYTES - 4096)
    counts = SharedCounts()
    for number in range(1000):
        counts.add(b"%d" % number, 3, {0: 1, 2: 0.5}, SPARE)
    counts.add(b"0", 3, {0: 1}, SPARE)
    totals = counts.totals()
    assert 50 < len(totals) < 200
    assert totals[b"0"] == [2, 0, 0.5]
    assert totals[SPARE][0] == 1000 - (len(totals) - 1)
    assert sum(numbers[2] for numbers in totals.values()) == 500


def test_threads_lose_nothing_while_others_read() -> None:
    counts = SharedCounts()

    def count(name: bytes) -> None:
        for number in range(500):
            counts.add(b"all", 1, {0: 1}, SPARE)
            counts.add(name + b"%d" % number, 1, {0: 1}, SPARE)

    threads = [threading.Thread(target=count, args=(b"%d " % number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert set(map(len, counts.totals().values())) <= {1}
    for thread in threads:
        thread.join()
    totals = counts.totals()
    assert totals.pop(b"all") == [1500]
    assert [*totals.values()] == [[1]] * 1500


def test_processes_count_together_and_a_killed_one_is_gone_on_from() -> None:
    program = """
        import os, signal
        from function.telemetry.shared_counts import SharedCounts
        counts = SharedCounts()
        told, tell = os.pipe()
        for number, dies in ((0, False), (1, True), (1, False), (5, False)):
            child = os.fork()
            if not child:
                counts.take(number)
                for _ in range(100):
                    counts.add(b"all", 2, {0: 1}, b"spare")
                counts.add(b"%d" % number, 2, {1: 1}, b"spare")
                os.write(tell, b"x")
                if dies:
                    signal.pause()
                os._exit(0)
            assert os.read(told, 1)
            if dies:
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        for key, numbers in sorted(counts.totals().items()):
            print(key.decode(), *numbers)
        """
    output = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    ).stdout
    assert output.splitlines() == ["0 0.0 1.0", "1 0.0 2.0", "5 0.0 1.0", "all 400.0 0.0"]


def test_one_who_was_killed_while_a_series_began_leaves_no_trace() -> None:
    counts = SharedCounts()
    counts.add(b"before", 1, {0: 1}, SPARE)
    # As much of it as is written before it is told of.
    end = counts._own._words[0]
    counts.add(b"half-made", 2, {0: 7}, SPARE)
    counts._own._words[0] = end
    counts.take(0)
    assert counts.totals() == {b"before": [1]}
    counts.add(b"another", 2, {1: 3}, SPARE)
    assert counts.totals() == {b"before": [1], b"another": [0, 3]}


def test_pages_are_taken_as_they_are_written_to() -> None:
    counts = SharedCounts()
    counts.take(9)
    counts.add(b"key", 1, {0: 1}, SPARE)
    assert os.fstat(counts._file).st_blocks * 512 < 1 << 20
