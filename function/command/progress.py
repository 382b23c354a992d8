"""Progress on a terminal: one line that is drawn over again."""

import shutil
import time
from typing import TextIO

from function.command.printable import printable

TO_LINE_START = "\r\x1b[2K"  # and erase it: every terminal since the VT100
BAR_WIDTH = 20
# More often than that nobody can read; a terminal far away takes its time for each.
REDRAW_SECONDS = 0.1


class Progress:
    """Draws a bar on ``stream``; without ``total`` it counts up."""

    def __init__(self, stream: TextIO, total: int | None) -> None:
        self._stream = stream
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        self._drawn = float("-inf")

    def step(self, what: str) -> None:
        """Count one more."""
        self._done += 1
        now = time.monotonic()
        if now - self._drawn < REDRAW_SECONDS and self._done != self._total:
            return
        self._drawn = now
        width = shutil.get_terminal_size().columns - 1
        self._write(f"{TO_LINE_START}{self._line(printable(what), now - self._started)[:width]}")

    def clear(self) -> None:
        """Erase the line, for something else to be told in its place."""
        self._write(TO_LINE_START)
        self._drawn = float("-inf")

    def _line(self, what: str, seconds: float) -> str:
        rate = f"{self._done / seconds:.1f}/s" if seconds > 0 else ""
        if not self._total:
            return f"{self._done}  {rate}  {what}"
        share = min(1.0, self._done / self._total)
        bar = "#" * round(BAR_WIDTH * share)
        return f"[{bar:<{BAR_WIDTH}}] {self._done} of {self._total}  {rate}  {what}"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
