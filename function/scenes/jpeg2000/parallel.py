"""Doing independent pieces of work on a pool of threads that may itself be waiting for them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")


def run_all(executor: Executor, tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run every task and give the results in order.

    The first failure is raised, once no task is running any more.

    The calling thread works too, and takes back what no thread has begun: so callers that run on
    the same pool never wait for one another's queue.
    """
    futures = [executor.submit(task) for task in tasks[1:]]
    done: dict[int, Result] = {}
    try:
        for number, task in enumerate(tasks):
            # Nothing is waited for as long as there is a task that no thread has begun.
            if number == 0 or futures[number - 1].cancel():
                done[number] = task()
        for number, future in enumerate(futures, 1):
            if number not in done:
                done[number] = future.result()
    except BaseException:
        for future in futures:
            if not future.cancel():
                future.exception()
        raise
    return [done[number] for number in range(len(tasks))]


class SharedCpus:
    """Shares out ``count`` CPUs among pieces of work that can each use several."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pieces = 0
        self._lock = threading.Lock()

    @contextmanager
    def expecting(self, pieces: int) -> Iterator[Callable[[], None]]:
        """Expect ``pieces`` of work: each ends by a call of what is given, or with the block."""
        left = [None] * pieces

        def ended() -> None:
            left.pop()
            self._add(-1)

        self._add(pieces)
        try:
            yield ended
        finally:
            self._add(-len(left))

    def share(self) -> int:
        """Tell how many threads one piece should use now.

        Together they are up to twice as many as CPUs, for not all pieces end at the same time.
        """
        with self._lock:
            return min(self._count, -(-2 * self._count // max(self._pieces, 1)))

    def _add(self, pieces: int) -> None:
        with self._lock:
            self._pieces += pieces
