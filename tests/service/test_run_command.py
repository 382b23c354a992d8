"""``sentinel-ows run``: from nothing to a map, and back to nothing."""

import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import psycopg
import pytest
from serving import PROGRAM, free_port

from function.database.cluster import ClusterState, PrivateCluster

WAIT_SECONDS = 120


@pytest.fixture
def state_dir(demo_products: tuple[Path, ...]) -> Iterator[Path]:
    """A state directory in which the demo's products lie already."""
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as directory:
        state_dir = Path(directory)
        state_dir.chmod(0o711)
        (state_dir / "demo").symlink_to(demo_products[0].parent)
        yield state_dir
        PrivateCluster(state_dir).stop()


def start(state_dir: Path, port: int, **environment: str) -> subprocess.Popen[str]:
    unset = {key: value for key, value in os.environ.items() if not key.startswith("SENTINEL_OWS")}
    return subprocess.Popen(
        [PROGRAM, "run"],
        env={**unset, "SENTINEL_OWS_STATE_DIR": str(state_dir), "PORT": str(port), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A group of its own, as a shell gives each job: Ctrl-C goes to all of it.
        process_group=0,
    )


def addresses(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read on until both addresses are printed; what follows stays to be read."""
    assert process.stdout is not None
    said = []
    found = {}
    for line in process.stdout:
        said.append(line)
        for address in re.findall(r"^  (http://\S+)$", line):
            found[re.findall(r"REQUEST=(\w+)", address)[0]] = address
        if line.startswith("Ctrl-C"):
            return found
    raise AssertionError("".join(said))


def fetch(address: str) -> tuple[str, bytes]:
    with build_opener(ProxyHandler({})).open(address, timeout=WAIT_SECONDS) as answer:
        return answer.headers["Content-Type"], answer.read()


def logins(state_dir: Path) -> set[str]:
    """Who is connected to the private database, but for this test."""
    with psycopg.connect(PrivateCluster(state_dir).url) as connection:
        rows = connection.execute(
            "SELECT usename FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchall()
    return {str(row[0]) for row in rows}


@pytest.mark.parametrize(
    ("number", "whole_group"),
    [(signal.SIGTERM, False), (signal.SIGINT, True), (signal.SIGHUP, True)],
    ids=["SIGTERM", "Ctrl-C", "terminal closed"],
)
def test_the_addresses_answer_and_a_signal_stops_everything(
    state_dir: Path, number: signal.Signals, whole_group: bool
) -> None:
    process = start(state_dir, free_port())
    try:
        found = addresses(process)
        kind, body = fetch(found["GetCapabilities"])
        assert kind.startswith("text/xml")
        assert b"S2_L2A_TRUE_COLOR" in body
        kind, body = fetch(found["GetMap"])
        assert kind == "image/jpeg"
        assert body.startswith(b"\xff\xd8")
        assert logins(state_dir) == {"sentinel_ows_serve"}
        (os.killpg if whole_group else os.kill)(process.pid, number)
        rest, _ = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0
        assert "Traceback" not in rest
    finally:
        process.kill()
        process.communicate()
    assert PrivateCluster(state_dir).status() is ClusterState.STOPPED
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_port_that_is_taken_is_told_first(state_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = start(state_dir, port)
        said, _ = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 1
    assert said.startswith(f"sentinel-ows: port {port} of 127.0.0.1 cannot be listened on")
    assert PrivateCluster(state_dir).status() is ClusterState.ABSENT


def test_a_step_that_fails_ends_it_and_stops_the_database(state_dir: Path, tmp_path: Path) -> None:
    for directory in ("migrations", "functions"):
        (tmp_path / directory).mkdir()
    (tmp_path / "migrations" / "0001_wrong.sql").write_text("SELECT 1 / 0;")
    process = start(state_dir, free_port(), SENTINEL_OWS_CATALOG_SQL=str(tmp_path))
    said, _ = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 1
    assert said.endswith("sentinel-ows: `migrate` failed; what it said stands above\n")
    assert PrivateCluster(state_dir).status() is ClusterState.STOPPED
