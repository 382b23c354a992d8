"""gunicorn's threaded worker, that leaves connections to others that have fewer."""

import mmap
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# What a process that has fewer connections needs to come first: it is woken as this one is.
LEAD_SECONDS = 0.002
# As many as a container may sensibly run. Two that share a place give each other some advantage.
PLACES = 256
NOBODY = (1 << 63) - 1


class OpenConnections:
    """How many connections each process has open, in memory that they share; made before a fork.

    Each sets its own and reads those of all; one that was killed has its own until it is replaced.
    """

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, PLACES * 8)).cast("q")
        for place in range(PLACES):
            self._counts[place] = NOBODY

    def tell(self, number: int, count: int) -> None:
        """Set those of the process of a number; ``NOBODY`` where it ends."""
        self._counts[number % PLACES] = count

    def fewest(self) -> int:
        """Give those of the process that has fewest."""
        return min(self._counts)


class BalancedWorker(ThreadWorker):  # type: ignore[misc]
    """Where all processes are idle the kernel wakes them all, and the same one is always first.

    Connections are kept, by proxies above all: the requests of all would be worked on by one
    process. So whoever has more connections than another waits a moment before it takes one more,
    and whoever has two more keeps none beyond the request that is answered: its client comes again,
    and then to another. So are those shared out that came before the others had started.
    ``app`` is the HttpServer, which knows the numbers of processes.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.max_keepalived: int
        self._most_kept = self.max_keepalived

    def accept(self, listener: Any) -> None:
        if self.nr_conns > self.app.open_connections.fewest():
            time.sleep(LEAD_SECONDS)
        super().accept(listener)
        self._tell(self.nr_conns)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not self.alive:
            # Left open, it would let clients connect and wait for nobody. They turn elsewhere.
            for listener in self.sockets:
                listener.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(timeout)
        self._tell(self.nr_conns)

    def run(self) -> None:
        self._tell(self.nr_conns)
        try:
            super().run()
        finally:
            self._tell(NOBODY)

    def _tell(self, count: int) -> None:
        self.app.open_connections.tell(self.app.number_of(self), count)
        even = count <= self.app.open_connections.fewest() + 1
        self.max_keepalived = self._most_kept if even else 0
