"""How many requests are worked on at once."""

import fcntl
import os
import select
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from function.deadline import Deadline
from function.errors import DeadlineExceededError

# Nobody tells of the turns of a process that was killed: whoever waits looks for them this often.
LOOK_SECONDS = 0.5


class Turns:
    """So many requests at once; the others wait within their own deadlines.

    The processes that are forked from the one that makes them share the turns. A turn is a byte of
    a file in memory, locked by the process that has it (fcntl(2)): where a process is killed, the
    kernel gives back its turns. A counter (eventfd(2)) wakes those that wait as turns are given
    back. It is a hint and nothing more: too small after a process was killed, it has caught up as
    soon as those turns were found.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._file = os.memfd_create("sentinel-ows-turns")
        weakref.finalize(self, os.close, self._file)
        self._free = os.eventfd(count, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._free)
        # The locks are the process's: which of its threads has one is told here.
        self._held: set[int] = set()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, deadline: Deadline) -> Iterator[None]:
        """Wait until fewer requests than may be are answered; raise DeadlineExceededError."""
        turn = self._await(deadline)
        try:
            yield
        finally:
            self._give_back(turn)

    def _await(self, deadline: Deadline) -> int:
        freed = select.poll()
        freed.register(self._free, select.POLLIN)
        while True:
            with suppress(BlockingIOError):  # there may be a turn all the same
                os.eventfd_read(self._free)
            turn = self._try()
            if turn is not None:
                return turn
            left = deadline.remaining()
            if left <= 0:
                raise DeadlineExceededError(
                    "the request waited for its turn until its time was over"
                )
            freed.poll(1000 * min(left, LOOK_SECONDS))

    def _try(self) -> int | None:
        with self._lock:
            for turn in range(self._count):
                if turn not in self._held and self._locked(turn):
                    self._held.add(turn)
                    return turn
        return None

    def _locked(self, turn: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, turn)
        except (BlockingIOError, PermissionError):  # POSIX leaves to the system which it is
            return False
        return True

    def _give_back(self, turn: int) -> None:
        with self._lock:
            self._held.remove(turn)
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, turn)
        os.eventfd_write(self._free, 1)
