"""Turns of threads, and of processes that are forked."""

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from function.deadline import Deadline
from function.errors import DeadlineExceededError
from function.turns import Turns

PATIENCE = 60.0  # seconds: what a busy machine may take for what takes none


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


def test_a_turn_is_given_back_after_a_failure() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="x"), turns.take(Deadline.after(PATIENCE)):
        raise ValueError("x")
    assert is_free(turns)


def test_whoever_waits_is_woken() -> None:
    turns = Turns(1)
    came: list[int] = []

    def wait(number: int) -> None:
        with turns.take(Deadline.after(PATIENCE)):
            came.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
    with all_taken(turns, 1):
        for thread in threads:
            thread.start()
        assert came == []
    for thread in threads:
        thread.join()
    assert sorted(came) == [*range(8)]


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
        import os, signal
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


def test_a_turn_that_one_process_gives_back_wakes_another() -> None:
    output = forked("""
        begun, begin = os.pipe()
        child = os.fork()
        if not child:
            os.close(begin)
            os.read(begun, 1)
            os.write(tell, b"x")
            with ExitStack() as stack:
                take(stack)
                os.write(tell, b"y")
            os._exit(0)
        os.close(tell)
        with ExitStack() as first:
            with ExitStack() as second:
                take(first), take(second)
                os.write(begin, b"x")
                os.read(told, 1)
            print(os.read(told, 1).decode())
        os.waitpid(child, 0)
        print(is_free())
        """)
    assert output.split() == ["y", "True"]
