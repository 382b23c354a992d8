"""SIGTERM and Ctrl-C as a wish to end in order."""

import math
import os
import select
import signal
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LONGEST_WAIT = (1 << 31) - 1  # milliseconds, of poll(2)
EXIT_BASE = 128  # a shell reports an end by signal n as 128 + n


class Stopping:
    """Set by the first signal, whose number is then known; for all threads to ask or to wait for.

    It is a pipe that can be read from then on. A lock would not do, and so no ``threading.Event``:
    a signal is noted in the midst of whatever the main thread does, such as taking that lock.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._told, self._telling = os.pipe()
        for number in SIGNALS:
            signal.signal(number, self._note)

    @property
    def exit_code(self) -> int | None:
        """The exit code of a program that a signal ended; None where there was none."""
        return None if self._number is None else EXIT_BASE + self._number

    def is_set(self) -> bool:
        """Tell whether there was a signal."""
        return self._number is not None

    def wait(self, seconds: float) -> bool:
        """Wait so long for a signal, 24 days at most, and tell whether there was one."""
        poll = select.poll()
        poll.register(self._told, select.POLLIN)
        poll.poll(min(math.ceil(1000 * seconds), LONGEST_WAIT))
        return self.is_set()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._number is None:
            self._number = number
            os.write(self._telling, b"\0")
