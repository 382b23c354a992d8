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
    try:
        results = [task() for task in tasks[:1]]
        for task, future in zip(tasks[1:], futures, strict=True):
            results.append(task() if future.cancel() else future.result())
    except BaseException:
        for future in futures:
            if not future.cancel():
                future.exception()
        raise
    return results
