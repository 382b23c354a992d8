"""The processes of a running service."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving import START_SECONDS, Served


def processes(served: Served) -> set[int]:
    """The processes that answer now."""
    first = served.process.pid
    return {int(pid) for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split()}


def await_processes(served: Served, others_than: int = 0) -> set[int]:
    """Wait until there are two without ``others_than``."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        found = processes(served) - {others_than}
        if len(found) == 2:
            return found
        time.sleep(0.02)
    raise AssertionError(f"there are no two but {others_than}: {served.log.read_text()}")


def await_stop(process: int) -> None:
    """Wait until no thread of it goes on."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        threads = Path(f"/proc/{process}/task").iterdir()
        # The state comes after the name, which is in brackets.
        states = {(thread / "stat").read_text().rpartition(") ")[2][0] for thread in threads}
        if states == {"T"}:
            return
        time.sleep(0.001)
    raise AssertionError(f"{process} goes on")


@contextmanager
def alone(served: Served, process: int) -> Iterator[None]:
    """Let no other process go on: whoever is asked is this one."""
    others = processes(served) - {process}
    for other in others:
        os.kill(other, signal.SIGSTOP)
        await_stop(other)
    try:
        yield
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)
