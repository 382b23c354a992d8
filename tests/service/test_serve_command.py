"""``sentinel-ows serve``: how it starts, how it stops, and what it leaves behind."""

import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from serving import PROGRAM, Served, await_status, free_port, serve, stop

from function.command.open_files import client_connections
from function.database.cluster import ClusterState, PrivateCluster

WAIT_SECONDS = 120
# As /proc/net/tcp has it.
ESTABLISHED = "01"


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state directory whose database is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)
        PrivateCluster(Path(directory)).stop()


@pytest.fixture
def stopped(state_dir: Path) -> Path:
    """A state directory whose database was made, and does not run."""
    cluster = PrivateCluster(state_dir)
    cluster.start()
    cluster.stop()
    return state_dir


def start(state_dir: Path, port: int, *runner: str, **environment: str) -> Served:
    """Start the service over the private database of ``state_dir``, by a ``runner`` or none."""
    log = state_dir / "service.log"
    unset = {key: value for key, value in os.environ.items() if not key.startswith("SENTINEL_OWS")}
    settings = {"SENTINEL_OWS_STATE_DIR": str(state_dir), "PORT": str(port)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*runner, PROGRAM, "serve"],
            env={**unset, **settings, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Served(f"http://127.0.0.1:{port}", process, log)


def workers(served: Served) -> list[int]:
    """The processes that answer."""
    pid = served.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def test_it_starts_the_private_database_and_stops_it_again(stopped: Path) -> None:
    served = start(stopped, free_port())
    await_status(served, "/health/live", 200)
    assert PrivateCluster(stopped).status() is ClusterState.RUNNING
    assert stop(served) == 0
    assert PrivateCluster(stopped).status() is ClusterState.STOPPED


def test_a_database_that_ran_before_goes_on_running(state_dir: Path) -> None:
    PrivateCluster(state_dir).start()
    served = start(state_dir, free_port())
    await_status(served, "/health/live", 200)
    assert stop(served) == 0
    assert PrivateCluster(state_dir).status() is ClusterState.RUNNING


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(
    catalogue_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    with serve(catalogue_url, tmp_path / "service.log") as served:
        processes = workers(served)
        assert processes
        served.process.send_signal(number)
        assert served.process.wait(WAIT_SECONDS) == 0
        assert not [each for each in processes if Path(f"/proc/{each}").exists()]
        assert {line["level"] for line in served.log_lines()} == {"INFO"}


def test_a_worker_that_dies_is_replaced(catalogue_url: str, tmp_path: Path) -> None:
    with serve(catalogue_url, tmp_path / "service.log", SENTINEL_OWS_PROCESSES="1") as served:
        (first,) = workers(served)
        os.kill(first, signal.SIGKILL)
        end = time.monotonic() + WAIT_SECONDS
        while Path(f"/proc/{first}").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        await_status(served, "/health/ready", 200)
        assert first not in workers(served)


def test_it_may_open_as_many_files_as_it_can(stopped: Path) -> None:
    hard, port = 512, free_port()
    limited = "prlimit", f"--nofile=256:{hard}"
    served = start(stopped, port, *limited, SENTINEL_OWS_PROCESSES="1")
    most = client_connections(hard)
    try:
        await_status(served, "/health/live", 200)
        (worker,) = workers(served)
        assert resource.prlimit(worker, resource.RLIMIT_NOFILE) == (hard, hard)
        with ExitStack() as crowd:
            for _ in range(most + 50):
                crowd.enter_context(socket.create_connection(("127.0.0.1", port)))
            end = time.monotonic() + WAIT_SECONDS
            while accepted(port) != most:
                assert time.monotonic() < end
                time.sleep(0.02)
        await_status(served, "/health/live", 200)
    finally:
        assert stop(served) == 0
    assert "ERROR" not in {line["level"] for line in served.log_lines()}


def accepted(port: int) -> int:
    """Count the connections at a port that were accepted: until then they have no inode."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    local = f":{port:04X}"
    return sum(
        line[1].endswith(local) and line[3] == ESTABLISHED and line[9] != "0" for line in lines
    )


def test_more_clients_than_it_can_open_files_for_do_not_end_it(
    catalogue_url: str, tmp_path: Path
) -> None:
    with (
        serve(catalogue_url, tmp_path / "service.log", SENTINEL_OWS_PROCESSES="1") as served,
        ExitStack() as crowd,
    ):
        (worker,) = workers(served)
        await_status(served, "/health/ready", 200)
        most = len(list(Path(f"/proc/{worker}/fd").iterdir())) + 20
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (most, most))
        address = "127.0.0.1", int(served.url.rpartition(":")[2])
        for _ in range(100):
            crowd.enter_context(socket.create_connection(address))
        end = time.monotonic() + WAIT_SECONDS
        while b"no connection can be accepted" not in served.log.read_bytes():
            assert time.monotonic() < end
            time.sleep(0.02)
        crowd.close()
        await_status(served, "/health/live", 200)
        assert workers(served) == [worker]
        told = [line["logger"] for line in served.log_lines()]
        assert told.count("sentinel_ows.connections") == 1


def test_a_port_that_is_taken_is_told_before_anything_is_started(state_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = start(state_dir, port)
        assert served.process.wait(WAIT_SECONDS) == 1
    assert served.log.read_text() == (
        f"sentinel-ows: port {port} of 127.0.0.1 cannot be listened on: Address already in use."
        " Another port is chosen with PORT=…\n"
    )
    assert PrivateCluster(state_dir).status() is ClusterState.ABSENT


def test_a_mapfile_that_does_not_load_is_told(stopped: Path) -> None:
    served = start(stopped, free_port(), SENTINEL_OWS_MAPFILE="/nonexistent.map")
    assert served.process.wait(WAIT_SECONDS) == 1
    said = served.log.read_text()
    assert said.splitlines()[-1].startswith("sentinel-ows: /nonexistent.map: ")
    assert "Traceback" not in said
    assert PrivateCluster(stopped).status() is ClusterState.STOPPED


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"PORT": "65536"}, "there is no port 65536"),
        ({"SENTINEL_OWS_HOST": "nowhere.invalid"}, "of nowhere.invalid cannot be listened on: "),
        ({"SENTINEL_OWS_HOST": "192.0.2.1"}, "cannot be listened on: Cannot assign requested"),
    ],
)
def test_an_address_that_cannot_be_had_is_told(
    state_dir: Path, settings: dict[str, str], reason: str
) -> None:
    served = start(state_dir, free_port(), **settings)
    assert served.process.wait(WAIT_SECONDS) == 1
    (line,) = served.log.read_text().splitlines()
    assert reason in line


def test_it_writes_nothing_into_the_home_directory(catalogue_url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serve(catalogue_url, tmp_path / "service.log", HOME=str(home)) as served:
        assert served.ask("/health/live").status == 200
        assert not list(home.iterdir())
