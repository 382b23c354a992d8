"""A signal is noted whatever it comes in the midst of."""

import subprocess
import sys
from pathlib import Path

# Has a signal come at line after line of what waiting takes, those of the standard library too.
AT_EVERY_LINE = """
import signal, sys, time
from function.command.stopping import Stopping

def interrupted(stopping, line):
    lines = 0
    def trace(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        if lines == line and event == "line":
            signal.raise_signal(signal.SIGTERM)
        return trace
    sys.settrace(trace)
    stopping.wait(0.0)
    sys.settrace(None)
    return lines >= line

line = 1
while interrupted(stopping := Stopping(), line):
    assert stopping.is_set() and stopping.exit_code == 128 + signal.SIGTERM
    started = time.monotonic()
    assert stopping.wait(60.0)
    assert time.monotonic() - started < 30
    line += 1
assert not stopping.is_set() and stopping.exit_code is None and not stopping.wait(0.001)
print(line - 1)
"""


def test_a_signal_is_noted_at_any_time(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_EVERY_LINE],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert int(done.stdout) > 3


def test_the_first_signal_counts_and_wakes_who_waits(repository: Path) -> None:
    code = (
        "import os, signal, threading\n"
        "from function.command.stopping import Stopping\n"
        "stopping = Stopping()\n"
        "for number in (signal.SIGHUP, signal.SIGINT):\n"
        "    threading.Timer(0.05, os.kill, (os.getpid(), number)).start()\n"
        "    assert stopping.wait(60.0)\n"
        "print(stopping.exit_code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "129\n"
