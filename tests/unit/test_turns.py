"""Turns of threads, and of processes that are forked."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from function.deadline import Deadline
from function.errors import DeadlineExceededError
from function.turns import Turns

PATIENCE = 60.0  # seconds: what a busy machine may take for what takes none
HOUR = 3600.0  # what no test waits for
WAITING = 16


@contextmanager
def all_taken(turns: Turns, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(turns.take(Deadline.after(PATIENCE)))
        yield


def is_free(turns: Turns) -> bool:
    try:
        with turns.take(Deadline.after(0)):
            return True
    except DeadlineExceededError:
        return False


def test_so_many_are_taken_at_once_and_no_more() -> None:
    turns = Turns(3)
    for _ in range(3):
        with all_taken(turns, 2):
            assert is_free(turns)
        with all_taken(turns, 3), pytest.raises(DeadlineExceededError, match="waited for its turn"):
            turns.take(Deadline.after(0.01)).__enter__()
    assert is_free(turns)


def test_notices_do_not_pile_up_while_nobody_waits() -> None:
    turns = Turns(2)
    for _ in range(9):
        with all_taken(turns, 2):
            pass
    assert [turns._noticed() for _ in range(3)] == [True, True, False]


def test_a_turn_is_given_back_after_a_failure() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="x"), turns.take(Deadline.after(PATIENCE)):
        raise ValueError("x")
    assert is_free(turns)


class Counted(Turns):
    """Turns that count how often they are looked for."""

    def __init__(self, count: int, look_seconds: float) -> None:
        super().__init__(count, look_seconds)
        self.tries = 0
        self.noticed: list[bool] = []
        self._counting = threading.Lock()

    def _try(self) -> int | None:
        with self._counting:
            self.tries += 1
        return super()._try()

    def _noticed(self) -> bool:
        noticed = super()._noticed()
        self.noticed.append(noticed)
        return noticed

    def await_tries(self, count: int) -> None:
        end = time.monotonic() + PATIENCE
        while self.tries < count:
            assert time.monotonic() < end
            time.sleep(0.001)


def test_whoever_waits_is_woken_and_looks_for_nothing_until_then() -> None:
    turns = Counted(1, look_seconds=HOUR)
    came: list[int] = []

    def wait(number: int) -> None:
        with turns.take(Deadline.after(HOUR)):
            came.append(number)

    threads = [
        threading.Thread(target=wait, args=(number,), daemon=True) for number in range(WAITING)
    ]
    with all_taken(turns, 1):
        for thread in threads:
            thread.start()
        turns.await_tries(1 + WAITING)
        # Long enough for many a look of one that did not wait.
        time.sleep(0.1)
        assert (turns.tries, came) == (1 + WAITING, [])
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(came) == [*range(WAITING)]
    # Each was told once, for there was one turn after another, and found it.
    assert turns.tries == 1 + 2 * WAITING
    assert sum(turns.noticed) == WAITING
    # For each turn one was woken; but whoever was about to wait may have been as well, once.
    assert len(turns.noticed) <= 1 + 3 * WAITING
    assert [turns._noticed(), turns._noticed()] == [True, False]


def test_many_threads_never_have_more_turns_than_there_are() -> None:
    turns, lock = Turns(2), threading.Lock()
    working, most, done = 0, 0, 0

    def work() -> None:
        nonlocal working, most, done
        for _ in range(100):
            with turns.take(Deadline.after(PATIENCE)):
                with lock:
                    working += 1
                    most = max(most, working)
                with lock:
                    working -= 1
                    done += 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (done, most <= 2, is_free(turns)) == (600, True, True)


def forked(program: str) -> str:
    """Run a program that forks, which a process with threads must not; give its output."""
    opening = f"""
        import os, select, signal, threading, time
        from contextlib import ExitStack
        from function.deadline import Deadline
        from function.errors import DeadlineExceededError
        from function.turns import Turns
        turns = Turns(2)
        def take(stack):
            return stack.enter_context(turns.take(Deadline.after({PATIENCE})))
        def is_free():
            try:
                with turns.take(Deadline.after(0)):
                    return True
            except DeadlineExceededError:
                return False
        told, tell = os.pipe()
        """
    text = textwrap.dedent(opening) + textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-c", text],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=2 * PATIENCE,
    ).stdout


def test_processes_share_turns_and_those_of_a_killed_one_come_back() -> None:
    output = forked("""
        child = os.fork()
        if not child:
            with ExitStack() as stack:
                take(stack), take(stack)
                os.write(tell, b"x")
                signal.pause()
        os.close(tell)
        os.read(told, 1)
        print(is_free())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with ExitStack() as stack:
            take(stack), take(stack)
            print(is_free())
        print(is_free())
        """)
    assert output.split() == ["False", "False", "True"]


def test_one_who_waits_finds_the_turn_of_a_killed_process() -> None:
    output = forked("""
        turns, tries = Turns(1, look_seconds=0.01), []
        attempt = turns._try
        turns._try = lambda: (tries.append(1), attempt())[1]
        child = os.fork()
        if not child:
            with ExitStack() as stack:
                take(stack)
                os.write(tell, b"x")
                signal.pause()
        os.read(told, 1)
        def wait():
            with ExitStack() as stack:
                take(stack)
                print("came")
        waiting = threading.Thread(target=wait)
        waiting.start()
        while len(tries) < 3 and waiting.is_alive():
            time.sleep(0.001)
        print(len(tries) >= 3)
        os.kill(child, signal.SIGKILL)
        waiting.join()
        os.waitpid(child, 0)
        # There is a notice for each turn again, and no more.
        print(turns._noticed(), turns._noticed())
        """)
    assert output.split() == ["True", "came", "True", "False"]


def test_a_turn_that_one_process_gives_back_wakes_another() -> None:
    output = forked(f"""
        turns = Turns(2, look_seconds={HOUR})
        begun, begin = os.pipe()
        child = os.fork()
        if not child:
            os.read(begun, 1)
            os.write(tell, b"x")
            with turns.take(Deadline.after({HOUR})):
                os.write(tell, b"y")
            os._exit(0)
        with ExitStack() as first:
            with ExitStack() as second:
                take(first), take(second)
                os.write(begin, b"x")
                os.read(told, 1)
            if not select.select([told], [], [], {PATIENCE})[0]:
                os.kill(child, signal.SIGKILL)
            os.close(tell)
            print(os.read(told, 1).decode())
        os.waitpid(child, 0)
        print(is_free())
        """)
    assert output.split() == ["y", "True"]


def test_notices_that_the_pipe_has_no_room_for_are_not_needed() -> None:
    turns = Turns(1)
    with all_taken(turns, 1):
        os.write(turns._notify, bytes(1 << 20))  # as many as it holds
    assert is_free(turns)


def test_descriptors_are_closed_with_the_turns() -> None:
    turns = Turns(2)
    descriptors = [turns._file, turns._notices, turns._notify]
    with all_taken(turns, 2):
        assert all(os.fstat(descriptor) for descriptor in descriptors)
    del turns
    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
