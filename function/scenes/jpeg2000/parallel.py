"""Doing independent pieces of work on a pool of threads that may itself be waiting for them."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
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
