"""QGIS as a process of its own: Debian's, which only the system's Python can load."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

STEPS = Path(__file__).with_name("qgis_steps.py")


@dataclass(frozen=True, slots=True)
class Done:
    """What a step of QGIS gave, and the addresses that it asked for it."""

    result: Any
    asked: tuple[str, ...]


class QgisError(Exception):
    """QGIS says that it cannot."""


class Qgis:
    """A running QGIS."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def do(self, step: str, **arguments: Any) -> Done:
        """Have a step of ``qgis_steps.py`` done. Raises QgisError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"step": step, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"QGIS is gone: {self._log.read_text()}"
        answer = json.loads(line)
        if "error" in answer:
            raise QgisError(answer["error"])
        return Done(answer["result"], tuple(answer["asked"]))


@contextmanager
def run_qgis() -> Iterator[Qgis]:
    """Run QGIS with nobody's settings and an empty cache; skips the test where there is none."""
    # The environment of the tests sees the system's packages.
    if find_spec("qgis") is None:
        pytest.skip("there is no QGIS for the system's Python: install python3-qgis")
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-qgis-") as directory:
        log = Path(directory) / "log"
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QGIS_CUSTOM_CONFIG_PATH": directory,
            "XDG_RUNTIME_DIR": directory,
            "PYTHONFAULTHANDLER": "1",
        }
        with (
            log.open("w") as messages,
            subprocess.Popen(
                ["/usr/bin/python3", str(STEPS)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                text=True,
            ) as process,
        ):
            # Leaving the block closes its input, upon which it ends.
            yield Qgis(process, log)
