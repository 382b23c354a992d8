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
from function.shared_file import unnamed_file

# Nobody tells of the turns of a process that was killed: whoever waits looks for them this often.
LOOK_SECONDS = 0.5


class Turns:
    """So many requests at once; the others wait within their own deadlines.

    The processes that are forked from the one that makes them share the turns. A turn is a byte of
    a file in memory, locked by the process that has it (fcntl(2)): where a process is killed, the
    kernel gives back its turns. A pipe holds a notice, one byte, for each turn that was given
    back and not taken since. As one comes the kernel wakes one of all that wait, in whichever
    process (EPOLLEXCLUSIVE, see epoll_ctl(2)). Notices are a hint and nothing more: too few after a
    process was killed, they have caught up as soon as its turns were found.
    """

    def __init__(self, count: int, look_seconds: float = LOOK_SECONDS) -> None:
        self._count = count
        self._look_seconds = look_seconds
        self._file = unnamed_file("turns")
        self._notices, self._notify = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for descriptor in (self._file, self._notices, self._notify):
            # At the end of a process the kernel closes it, once no thread has a turn any more.
            weakref.finalize(self, os.close, descriptor).atexit = False
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
        self._noticed()  # there may be a turn all the same
        turn = self._try()
        return self._wait(deadline) if turn is None else turn

    def _wait(self, deadline: Deadline) -> int:
        with select.epoll() as notices:
            notices.register(self._notices, select.EPOLLIN | select.EPOLLEXCLUSIVE)
            turn = None
            while turn is None:
                left = deadline.remaining()
                if left <= 0:
                    raise DeadlineExceededError(
                        "the request waited for its turn until its time was over"
                    )
                if not notices.poll(min(left, self._look_seconds)) or self._noticed():
                    turn = self._try()
            return turn

    def _noticed(self) -> bool:
        """Take the notice of a free turn; False where there is none."""
        try:
            return bool(os.read(self._notices, 1))
        except BlockingIOError:
            return False

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
        with suppress(BlockingIOError):  # it holds more words than there are who wait
            os.write(self._notify, bytes(1))
