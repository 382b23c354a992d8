"""SIGTERM and Ctrl-C as a wish to end in order."""

import signal
import threading
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
EXIT_BASE = 128  # a shell reports an end by signal n as 128 + n


class Stopping:
    """``event`` is set by the first signal, whose number is then known."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._number: int | None = None
        for number in SIGNALS:
            signal.signal(number, self._note)

    @property
    def exit_code(self) -> int | None:
        """The exit code of a program that a signal ended; None where there was none."""
        return None if self._number is None else EXIT_BASE + self._number

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._number = number
        self.event.set()
