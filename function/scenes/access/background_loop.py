"""An event loop in a thread of its own, on which a process does all its waiting for the network."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from function.errors import ServiceStoppingError
from function.scenes.stages import then

Result = TypeVar("Result")


class BackgroundLoop:
    """Starts with the first thing to do, so that it may be made before a fork; ends once."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, work: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """Begin ``work``; cancelling the future that is given cancels it.

        It fails with ServiceStoppingError where this is closed before. Raises that once it is.
        """
        try:
            # Locked, lest the loop be closed in between, and the future never done.
            with self._lock:
                begun = asyncio.run_coroutine_threadsafe(work, self._running())
        except ServiceStoppingError:
            work.close()
            raise
        return then(begun, _unless_stopped)

    def close(self) -> None:
        """Give up what is under way, and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self._closed = True
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise ServiceStoppingError
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=_run, args=(self._loop,), name="archive", daemon=True
            )
            self._thread.start()
        return self._loop


def _unless_stopped(done: "Future[Result]") -> "Future[Result]":
    """Name what ended without its asker's doing."""
    if done.cancelled():
        raise ServiceStoppingError
    return done


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped, then what it takes to cancel what is left."""
    try:
        loop.run_forever()
        loop.run_until_complete(_cancel_rest())
    finally:
        loop.close()


async def _cancel_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
