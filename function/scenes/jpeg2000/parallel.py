"""Doing independent pieces of work on a pool of threads that may itself be waiting for them."""

import math
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
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
    """Shares out ``count`` CPUs among pieces of work that can each use several.

    The weight of a piece is the time that it takes one CPU, in whatever unit.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._weight = 0
        self._lock = threading.Lock()

    @contextmanager
    def expecting(self, weights: Collection[int]) -> Iterator[Callable[[int], None]]:
        """Expect work: each piece ends by a call of what is given, or with the block."""
        left = sum(weights)

        def ended(weight: int) -> None:
            nonlocal left
            with self._lock:
                left -= weight
                self._weight -= weight

        with self._lock:
            self._weight += left
        try:
            yield ended
        finally:
            ended(left)

    def threads(self, weight: int, *, costly: bool = False) -> int:
        """Tell how many threads a piece should use now, by its part of all that is left.

        Together they are up to twice as many as CPUs, for pieces do not end at the same time. Where
        threads are ``costly`` a piece has several only if it is more than one CPU's part: while
        one decodes it, others would be idle.
        """
        with self._lock:
            part = self._count * weight / max(self._weight, 1)
        return 1 if costly and part <= 1 else min(self._count, math.ceil(2 * part))
