"""Threads that work until the service stops."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from function.errors import ServiceStoppingError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class EndingThreads(ThreadPoolExecutor):
    """At most ``count`` threads, which may be made before a fork; what they leave undone says why.

    Cancelled futures would not: whoever waits for one would not know it from what it gave up.
    """

    def __init__(self, count: int, name: str) -> None:
        super().__init__(count, thread_name_prefix=name)
        self._ending = False

    def submit(
        self,
        work: Callable[Parameters, Result],
        /,
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> "Future[Result]":
        """Have ``work`` done; it fails with ServiceStoppingError where the end comes first.

        Raises that after the end.
        """
        try:
            return super().submit(self._do, work, *arguments, **named)
        except RuntimeError as error:
            if self._ending:
                raise ServiceStoppingError from error
            raise

    def end(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self._ending = True
        self.shutdown()

    def _do(
        self,
        work: Callable[Parameters, Result],
        /,
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        if self._ending:
            raise ServiceStoppingError
        return work(*arguments, **named)
