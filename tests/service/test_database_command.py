"""``sentinel-ows database``: what it says and the exit code that a script can rely on."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from serving import PROGRAM, free_port

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


@pytest.mark.parametrize(
    "words", [["list"], ["show", "a"], ["remove", "a"], ["ingest", "a"], ["serve"]], ids=" ".join
)
def test_where_there_is_no_database_it_is_told_and_none_is_made(
    state_dir: Path, words: list[str]
) -> None:
    code, said = complaint(state_dir, *words)
    assert code == 2
    assert said.startswith(f"sentinel-ows: there is no database in {state_dir} yet: ")
    assert "SENTINEL_OWS_STATE_DIR" in said
    assert "sentinel-ows migrate" in said
    assert list(state_dir.iterdir()) == []


def test_which_database_is_to_be_migrated_is_told(state_dir: Path) -> None:
    PrivateCluster(state_dir).start()
    told = (
        "sentinel-ows: the catalogue has not been set up yet: run `sentinel-ows migrate`"
        f" (with SENTINEL_OWS_STATE_DIR={state_dir})\n"
    )
    assert complaint(state_dir, "list") == (1, told)
    assert complaint(state_dir, "ingest", "a") == (3, told)


def complaint(state_dir: Path, *words: str) -> tuple[int, str]:
    """The exit code of a command, and what it says on standard error."""
    unset = {key: value for key, value in os.environ.items() if not key.startswith("SENTINEL_OWS")}
    done = subprocess.run(
        [PROGRAM, *words],
        env={**unset, "SENTINEL_OWS_STATE_DIR": str(state_dir), "PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr
