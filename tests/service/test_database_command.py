"""``sentinel-ows database``: what it says and the exit code that a script can rely on."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from serving import PROGRAM

from function.database.cluster import PrivateCluster


@pytest.fixture
def state_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)
        PrivateCluster(Path(directory)).stop()


def database(state_dir: Path, action: str) -> tuple[int, str]:
    done = subprocess.run(
        [PROGRAM, "database", action],
        env={**os.environ, "SENTINEL_OWS_STATE_DIR": str(state_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_a_life_of_the_database(state_dir: Path) -> None:
    assert database(state_dir, "status") == (3, "absent\n")
    assert database(state_dir, "stop") == (0, "absent\n")
    url = f"postgresql://sentinel_ows@/sentinel_ows?host={str(state_dir).replace('/', '%2F')}"
    running = (0, f"running, {url}%2Fdatabase\n")
    assert database(state_dir, "start") == running
    assert database(state_dir, "start") == running
    assert database(state_dir, "status") == running
    with psycopg.connect(f"{url}%2Fdatabase") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert database(state_dir, "stop") == (0, "stopped\n")
    assert database(state_dir, "status") == (3, "stopped\n")
    assert database(state_dir, "stop") == (0, "stopped\n")
