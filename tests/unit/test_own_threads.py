"""Libraries start no threads of their own as they are loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from function.own_threads import compute_alone

# Loads what ``serve`` needs as the command does, and tells of the threads that are running then.
COMMAND = """
import sys
from function.command.main import main
try:
    main(["serve", "--help"])
except SystemExit:
    pass
assert "numpy" in sys.modules
"""
APPLICATION = """
import sys
import function.wsgi
assert "numpy" not in sys.modules
from function.settings import SettingsError
try:
    function.wsgi.application()
except SettingsError:
    pass
assert "numpy" in sys.modules
"""
TELL = """
from pathlib import Path
(line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if "Threads" in line]
sys.stderr.write(line.split()[1])
"""


def threads_after(program: str, **environment: str) -> int:
    inherited = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("SENTINEL_OWS", "OPENBLAS"))
    }
    done = subprocess.run(
        [sys.executable, "-c", program + TELL],
        env=inherited | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("program", [COMMAND, APPLICATION], ids=["command", "application"])
def test_nothing_starts_a_thread_before_the_service_does(program: str) -> None:
    assert threads_after(program) == 1


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="there is one CPU")
def test_what_the_environment_says_goes_first() -> None:
    assert threads_after(COMMAND, OPENBLAS_NUM_THREADS="2") > 1


def test_what_is_set_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    compute_alone()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    compute_alone()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
