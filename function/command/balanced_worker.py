"""gunicorn's threaded worker, that leaves connections to others that have fewer."""

import errno
import logging
import mmap
import sys
import time
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

# What a process that has fewer connections needs to come first: it is woken as this one is.
LEAD_SECONDS = 0.002
# A connection that cannot be accepted, mostly for want of room, is tried again, and told of, after
# so long.
NO_ROOM_SECONDS = 0.05
QUIET_SECONDS = 60.0
# What accept(2) says of a listener that is none. Else it is the system's fault, or the network's.
NO_LISTENER = (errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EFAULT)
# As many as a container may sensibly run. Two that share a place give each other some advantage.
PLACES = 256
NOBODY = (1 << 63) - 1

log = logging.getLogger("sentinel_ows.connections")


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
        self._quiet_until = 0.0
        self._quitting = False

    def accept(self, listener: Any) -> None:
        if self.nr_conns > self.app.open_connections.fewest():
            time.sleep(LEAD_SECONDS)
        try:
            super().accept(listener)
        except OSError as error:
            # It would end the process, and with it the requests that it is answering.
            if error.errno in NO_LISTENER:
                raise
            self._wait_for_room(error)
        self._tell(self.nr_conns)

    def _wait_for_room(self, error: OSError) -> None:
        """Leave the connection waiting, and tell why, but not each time."""
        if time.monotonic() >= self._quiet_until:
            log.error("no connection can be accepted, of %d so far: %s", self.nr_conns, error)
            self._quiet_until = time.monotonic() + QUIET_SECONDS
        time.sleep(NO_ROOM_SECONDS)

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not self.alive:
            # Left open, it would let clients connect and wait for nobody. They turn elsewhere.
            for listener in self.sockets:
                listener.close()

    def handle_quit(self, _signal: int, _frame: FrameType | None) -> None:
        """Note that requests are not waited for.

        gunicorn's own takes a lock that this thread may hold just then: nothing would go on.
        """
        if not self._quitting:
            self._quitting = True
            # Who waits for events is woken.
            self.method_queue.defer(lambda: None)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(timeout)
        if self._quitting:
            sys.exit(0)
        self._tell(self.nr_conns)

    def run(self) -> None:
        self._tell(self.nr_conns)
        try:
            super().run()
        finally:
            self._tell(NOBODY)

    def _tell(self, count: int) -> None:
        # One that ends waits for its connections, which are nobody's measure any more.
        told = count if self.alive else NOBODY
        self.app.open_connections.tell(self.app.number_of(self), told)
        even = count <= self.app.open_connections.fewest() + 1
        self.max_keepalived = self._most_kept if even else 0
