"""Blocks that processes share: what is found is what was written, whoever was killed meanwhile."""

import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from function.scenes.decoder import Samples
from function.scenes.jpeg2000 import shared_blocks
from function.scenes.jpeg2000.shared_blocks import (
    BYTES_OF_PLACE,
    LARGEST_PART,
    MARGIN_PART,
    UNIT,
    WAYS,
    SharedBlocks,
)

PATIENCE = 120  # seconds: what a busy machine may take for what takes some
KINDS = (np.uint8, np.uint16, np.int16, np.uint32, np.int32)
LIMIT = 1 << 17


def block(number: int, length: int = 4000) -> Samples:
    """Samples that differ from every other number's everywhere."""
    samples: Samples = np.arange(length, dtype=np.uint16).reshape(1, -1, 4) * 64 + number
    return samples


def name(number: int) -> bytes:
    return b"block %d" % number


def found(blocks: SharedBlocks, numbers: range, length: int = 4000) -> list[int]:
    """Which are there; each of them is what was offered."""
    there = []
    for number in numbers:
        samples = blocks.find(name(number))
        if samples is not None:
            np.testing.assert_array_equal(samples, block(number, length))
            there.append(number)
    return there


@given(
    st.sampled_from(KINDS).flatmap(
        lambda kind: arrays(kind, st.tuples(*[st.integers(1, 9)] * 3), unique=False)
    ),
    st.booleans(),
)
def test_what_is_offered_is_found_as_it_was(samples: Samples, turned: bool) -> None:
    blocks = SharedBlocks(LIMIT, 2)
    offered = samples.transpose(2, 0, 1) if turned else samples
    blocks.offer(b"this", offered)
    copy = blocks.find(b"this")
    assert copy is not None
    assert copy.dtype == offered.dtype
    np.testing.assert_array_equal(copy, offered)
    assert not copy.flags.writeable
    assert blocks.holds(b"this")
    assert blocks.find(b"that") is None
    assert not blocks.holds(b"that")


def test_a_copy_stays_what_it_is() -> None:
    blocks = SharedBlocks(LIMIT, 1)
    blocks.offer(name(0), block(0))
    copy = blocks.find(name(0))
    for number in range(1, 50):
        blocks.offer(name(number), block(number))
    assert copy is not None
    np.testing.assert_array_equal(copy, block(0))
    assert blocks.find(name(0)) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=120))
def test_the_newest_are_there_and_nothing_is_ever_another(
    steps: list[tuple[int, bool]],
) -> None:
    blocks = SharedBlocks(LIMIT, 1)
    lengths = [4 * (1 + 37 * number % 1500) for number in range(31)]
    written: list[int] = []
    for number, offered in steps:
        if offered:
            blocks.offer(name(number), block(number, lengths[number]))
            written.append(number)
        before = blocks._parts[0]._words[0]
        found(blocks, range(number, number + 1), lengths[number])
        if blocks._parts[0]._words[0] != before:
            written.append(number)
    newest: set[int] = set()
    for number in reversed(written):
        # What goes round may leave a gap of one block's size.
        if (
            len(newest) == WAYS
            or sum(2 * lengths[each] + 2 * UNIT for each in {*newest, number}) > LIMIT // 8
        ):
            break
        newest.add(number)
    for number in newest:
        assert found(blocks, range(number, number + 1), lengths[number]) == [number]


def test_one_that_is_too_large_is_not_kept_and_leaves_the_others() -> None:
    blocks = SharedBlocks(LIMIT, 1)
    blocks.offer(name(1), block(1))
    blocks.offer(name(2), block(2, LIMIT // LARGEST_PART // 2))
    blocks.offer(name(3), block(3, LIMIT))
    assert found(blocks, range(4)) == [1]


@pytest.mark.parametrize("limit", [0, 1, 1000])
def test_without_room_nothing_is_kept(limit: int) -> None:
    blocks = SharedBlocks(limit, 3)
    blocks.offer(name(1), block(1))
    assert blocks.find(name(1)) is None
    assert not blocks.holds(name(1))


@pytest.mark.parametrize("alike", ["half", "set"])
def test_keys_that_meet_in_the_index_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, alike: str
) -> None:
    def meeting(text: bytes) -> bytes:
        number = int(text.split()[1])
        own, same = number.to_bytes(8, sys.byteorder), b"the same"
        other = (number * blocks._parts[0]._sets).to_bytes(8, sys.byteorder)
        return same + other if alike == "half" else own + other

    blocks = SharedBlocks(1 << 20, 1)
    assert blocks._parts[0]._sets > 1
    monkeypatch.setattr(shared_blocks, "_key", meeting)
    for number in range(1, 3 * WAYS):
        blocks.offer(name(number), block(number))
    there = found(blocks, range(1, 3 * WAYS))
    # Half a key that is another's takes its place.
    assert there == [*range(3 * WAYS)][-1 if alike == "half" else -WAYS :]


def test_what_is_in_use_stays() -> None:
    blocks = SharedBlocks(2 * LIMIT, 1)
    blocks.offer(name(0), block(0, 8000))
    for number in range(1, 200):
        blocks.offer(name(number), block(number, 8000))
        if number % 3 == 0:
            assert found(blocks, range(1), 8000) == [0]
    assert len(found(blocks, range(1, 200), 8000)) > 5


def test_what_is_used_is_not_written_again_while_it_is_young() -> None:
    blocks = SharedBlocks(LIMIT, 1)
    blocks.offer(name(0), block(0))
    before = blocks._parts[0]._words[0]
    for _ in range(10):
        assert found(blocks, range(1)) == [0]
        blocks.offer(name(0), block(0))
    assert blocks._parts[0]._words[0] == before


def test_nobody_is_told_of_what_is_about_to_be_overwritten() -> None:
    blocks = SharedBlocks(LIMIT, 1)
    blocks.offer(name(0), block(0))
    part, offered = blocks._parts[0], 0
    while blocks.holds(name(0)):
        offered += 1
        blocks.offer(name(offered), block(offered))
    left = part._size - (part._words[0] - UNIT)
    assert 0 < left < part._size // MARGIN_PART <= left + block(0).nbytes + UNIT
    assert found(blocks, range(1)) == [0]


def overwrite(blocks: SharedBlocks) -> None:
    for number in range(1000, 1040):
        blocks.offer(name(number), block(number))


@pytest.mark.parametrize("at", [1, 2, 3])
def test_one_that_is_overwritten_while_it_is_read_is_not_found(
    monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    blocks = SharedBlocks(LIMIT, 1)
    blocks.offer(name(0), block(0))
    part = blocks._parts[0]
    is_whole, calls = part._is_whole, 0

    def interrupted(position: int) -> bool:
        nonlocal calls
        calls += 1
        if calls == at:
            overwrite(blocks)
        return is_whole(position)

    monkeypatch.setattr(part, "_is_whole", interrupted)
    samples = part.read(shared_blocks._key(name(0)))
    # It looks before anything is copied, after the head, and after the samples.
    assert (samples, calls) == (None, at)
    monkeypatch.undo()
    assert len(found(blocks, range(1000, 1040))) > 5


def test_one_that_is_torn_does_not_fit_its_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = SharedBlocks(LIMIT, 1)
    blocks.offer(name(0), block(0))
    part = blocks._parts[0]
    # As on a CPU that shows what is written before the word that announces it.
    monkeypatch.setattr(part, "_is_whole", lambda _: True)
    assert found(blocks, range(1)) == [0]
    for at in (UNIT, 2 * UNIT + 1000, 2 * UNIT + 7999):
        part._ring[at] ^= 1
        assert blocks.find(name(0)) is None
        part._ring[at] ^= 1
    assert found(blocks, range(1)) == [0]


class KilledError(Exception):
    """Stands in for a signal that nobody catches."""


@pytest.mark.parametrize("step", ["_in_order", "_enter"])
@pytest.mark.parametrize("at", [1, 2])
def test_one_who_is_killed_between_two_steps_leaves_a_gap(
    monkeypatch: pytest.MonkeyPatch, step: str, at: int
) -> None:
    blocks = SharedBlocks(LIMIT, 1)
    for number in range(30):
        blocks.offer(name(number), block(number))
    before = found(blocks, range(30))
    part = blocks._parts[0]
    going_on, calls = getattr(part, step), 0

    def killed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KilledError
        return going_on(*arguments)

    samples = block(99)
    key = shared_blocks._key(name(99))
    monkeypatch.setattr(part, step, killed)
    if step == "_in_order" or at == 1:
        with pytest.raises(KilledError):
            part.append(key, samples, samples.reshape(-1).view(np.uint8).data, 0)
    monkeypatch.undo()
    assert blocks.find(name(99)) is None
    assert {*before} - {*found(blocks, range(30))} <= {min(before), min(before) + 1}
    blocks.offer(name(99), samples)
    assert found(blocks, range(99, 100)) == [99]


def forked(program: str) -> str:
    """Run a program that forks, which a process with threads must not; give its output."""
    opening = """
        import mmap, os, random, signal, sys, time
        from function.own_threads import compute_alone
        compute_alone()
        import numpy as np
        from function.scenes.jpeg2000.shared_blocks import SharedBlocks

        def block(number, length=4000):
            return np.arange(length, dtype=np.uint16).reshape(1, -1, 4) * 64 + number

        def name(number):
            return b"block %d" % number

        def child(work):
            process = os.fork()
            if not process:
                try:
                    work()
                    os._exit(0)
                finally:
                    os._exit(1)
            return process

        def end(process):
            _, status = os.waitpid(process, 0)
            return os.waitstatus_to_exitcode(status)
        """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(opening) + textwrap.dedent(program)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
    ).stdout


def test_what_one_process_keeps_all_find_also_when_it_is_no_more() -> None:
    output = forked("""
        blocks = SharedBlocks(1 << 20, 2)

        def work():
            blocks.offer(name(1), block(1))
            assert blocks.find(name(1)) is not None

        def look():
            print(np.array_equal(blocks.find(name(1)), block(1)), flush=True)

        print(end(child(work)), end(child(look)))
        look()
        """)
    assert output.split() == ["True", "0", "0", "True"]


def test_each_process_writes_in_a_part_of_its_own_and_a_killed_ones_is_anothers() -> None:
    output = forked("""
        blocks = SharedBlocks(1 << 20, 2)
        told, tell = os.pipe()

        def work(number):
            blocks.offer(name(number), block(number))
            os.write(tell, b"x")
            signal.pause()

        def parts():
            return [part._words[0] for part in blocks._parts]

        def there():
            return [number for number in range(5) if blocks.find(name(number)) is not None]

        workers = []
        for number in range(3):
            workers.append(child(lambda: work(number)))
            os.read(told, 1)
        print(there(), len(set(parts())), min(parts()) > 64)
        os.kill(workers[0], signal.SIGKILL)
        end(workers[0])
        workers[0] = child(lambda: work(3))
        os.read(told, 1)
        print(there())
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            end(worker)
        """)
    # The third has no part.
    assert output.splitlines() == ["[0, 1] 1 True", "[0, 1, 3]"]


def test_a_part_is_not_inherited() -> None:
    output = forked("""
        blocks = SharedBlocks(1 << 20, 1)
        blocks.offer(name(0), block(0))

        def work():
            blocks.offer(name(1), block(1))

        print(end(child(work)), blocks.find(name(1)), blocks.find(name(0)) is not None)
        """)
    assert output.split() == ["0", "None", "True"]


def test_processes_that_are_killed_as_they_write_never_leave_what_is_wrong() -> None:
    # Eight blocks fill a part. So many are written in turn that what is read has often been
    # overwritten, or is just then.
    output = forked(f"""
        SIZE, NAMES = 1_000_000, 14
        blocks = SharedBlocks(3 * 8 * (SIZE + 10_000), 3)
        hits = memoryview(mmap.mmap(-1, 4096)).cast("Q")
        expected = [block(number, SIZE // 2 - 4 * number) for number in range(4 * NAMES)]

        def wrong(number):
            samples = blocks.find(name(number))
            return samples is not None and not np.array_equal(samples, expected[number])

        def work(slot, seed):
            numbers = random.Random(seed)
            while True:
                for number in range(slot * NAMES, (slot + 1) * NAMES):
                    blocks.offer(name(number), expected[number])
                    for other in numbers.sample(range(4 * NAMES), 8):
                        if wrong(other):
                            os._exit(7)
                    hits[slot] += blocks.holds(name(other))

        random.seed(1)
        patience = time.monotonic() + {PATIENCE / 2}
        workers = [child(lambda: work(slot, slot)) for slot in range(4)]
        kills, ends = 0, set()

        def enough():
            rounds = [part._words[0] / part._size for part in blocks._parts]
            return kills == 150 and sum(hits) >= 500 and min(rounds) > 2

        while ends <= {{-9}} and not enough() and time.monotonic() < patience:
            time.sleep(random.random() / 50)
            if kills < 150:
                slot = random.randrange(4)
                os.kill(workers[slot], signal.SIGKILL)
                ends.add(end(workers[slot]))
                kills += 1
                workers[slot] = child(lambda: work(slot, kills))
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            ends.add(end(worker))
        print(enough(), ends)
        print(any(wrong(number) for number in range(4 * NAMES)))
        blocks.offer(b"one more", block(99))
        print(blocks.find(b"one more") is not None)
        """)
    assert output.splitlines() == ["True {-9}", "False", "True"]


def test_pages_are_taken_as_they_are_written_to() -> None:
    output = forked("""
        def resident():
            with open("/proc/self/smaps_rollup") as file:
                (line,) = [line for line in file if line.startswith("Rss:")]
            return int(line.split()[1])

        before = resident()
        blocks = SharedBlocks(1 << 30, 2)
        blocks.offer(name(0), block(0))
        print(blocks.find(name(0)) is not None, resident() - before < 4096)
        """)
    assert output.split() == ["True", "True"]


def test_the_index_takes_little() -> None:
    part = SharedBlocks(1 << 26, 1)._parts[0]
    assert (1 << 26) - part._size == pytest.approx((1 << 26) * 16 / BYTES_OF_PLACE, rel=0.05)
