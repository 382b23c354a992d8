"""The private cluster, with the real PostgreSQL: starts, stops, and what a crash leaves behind."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from function.database.account import server_account
from function.database.cluster import ClusterState, PrivateCluster
from function.database.place import find_place
from function.database.processes import postmaster_process, server_processes
from function.database.programs import ProgramsMissingError
from function.database.server import ClusterError, Login


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A directory for one cluster, which is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as directory:
        path = Path(directory)
        path.chmod(0o711)
        yield path
        place = find_place(path)
        if place is not None:
            kill_all(place / "data", signal.SIGQUIT)
            await_none(place / "data")


def kill_all(data: Path, number: signal.Signals) -> None:
    for process in server_processes(data):
        with suppress(ProcessLookupError):  # the others go by themselves once the first is gone
            os.kill(process, number)


def await_none(data: Path) -> None:
    end = time.monotonic() + 30
    while server_processes(data):
        assert time.monotonic() < end, "processes of the cluster are left"
        time.sleep(0.02)


def data_of(state_dir: Path) -> Path:
    place = find_place(state_dir)
    assert place is not None
    return place / "data"


def write_row(cluster: PrivateCluster) -> None:
    with psycopg.connect(cluster.url) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
        connection.execute("INSERT INTO kept VALUES (42)")


def read_row(cluster: PrivateCluster) -> object:
    with psycopg.connect(cluster.url) as connection:
        return connection.execute("SELECT number FROM kept").fetchone()


def test_it_starts_serves_and_stops(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    assert cluster.status() is ClusterState.ABSENT
    assert cluster.start()
    assert cluster.status() is ClusterState.RUNNING
    with psycopg.connect(cluster.url) as connection:
        row = connection.execute(
            "SELECT current_database(), current_setting('server_encoding'), datcollate"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row == ("sentinel_ows", "UTF8", "C.UTF-8")
        connection.execute("CREATE EXTENSION postgis")
    cluster.stop()
    assert cluster.status() is ClusterState.STOPPED
    assert not server_processes(data_of(state_dir))
    assert cluster.start()
    cluster.stop()


def test_logins_are_members_of_what_they_need(cluster: PrivateCluster) -> None:
    assert not cluster.start()  # which finds the logins there
    members = {}
    for login in Login:
        with psycopg.connect(cluster.url_for(login)) as connection:
            members[login] = connection.execute(
                "SELECT rolsuper, ARRAY("
                " SELECT roleid::regrole::text FROM pg_auth_members WHERE member = pg_roles.oid)"
                " FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    assert members == {
        Login.OWNER: (True, []),
        Login.INGEST: (False, ["sentinel_ows_writer"]),
        Login.SERVE: (False, ["sentinel_ows_server"]),
    }


def test_nothing_listens_on_the_network(cluster: PrivateCluster) -> None:
    with psycopg.connect(cluster.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_a_cluster_that_runs_is_left_running(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    assert cluster.start()
    postmaster = postmaster_process(data_of(state_dir))
    assert not cluster.start()
    assert postmaster_process(data_of(state_dir)) == postmaster
    cluster.stop()


def test_two_at_once_start_one_server(state_dir: Path) -> None:
    with ThreadPoolExecutor(4) as starters:
        started = list(starters.map(lambda _: PrivateCluster(state_dir).start(), range(4)))
    assert sorted(started) == [False, False, False, True]
    PrivateCluster(state_dir).stop()


def test_stopping_what_does_not_run_does_nothing(state_dir: Path) -> None:
    PrivateCluster(state_dir).stop()
    assert not list(state_dir.iterdir())


def test_stopping_ends_open_sessions(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    with psycopg.connect(cluster.url) as connection:
        cluster.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_committed_rows_survive_a_kill_of_every_process(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    write_row(cluster)
    kill_all(data_of(state_dir), signal.SIGKILL)
    await_none(data_of(state_dir))
    assert (data_of(state_dir) / "postmaster.pid").exists()
    assert cluster.status() is ClusterState.STOPPED
    assert cluster.start()
    assert read_row(cluster) == (42,)
    cluster.stop()


def test_committed_rows_survive_a_kill_of_the_postmaster_alone(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    write_row(cluster)
    postmaster = postmaster_process(data_of(state_dir))
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    assert cluster.start()
    assert read_row(cluster) == (42,)
    cluster.stop()


def test_a_recorded_process_id_that_another_process_has_now_is_no_obstacle(
    state_dir: Path,
) -> None:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    write_row(cluster)
    record = (data_of(state_dir) / "postmaster.pid").read_text()
    cluster.stop()
    account = server_account()
    # PostgreSQL only minds processes of its own account.
    with subprocess.Popen(["sleep", "600"], user=account.uid if account.assumed else None) as other:
        try:
            stale = re.sub(r"\A\d+", str(other.pid), record)
            (data_of(state_dir) / "postmaster.pid").write_text(stale)
            assert cluster.status() is ClusterState.STOPPED
            cluster.stop()
            assert other.poll() is None
            assert cluster.start()
            assert read_row(cluster) == (42,)
            cluster.stop()
        finally:
            other.kill()


def test_a_start_that_broke_off_is_made_good(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    cluster.stop()
    # As a kill during initdb leaves it: files, but not yet under the final name.
    data_of(state_dir).rename(data_of(state_dir).with_name("data.unfinished"))
    assert cluster.status() is ClusterState.ABSENT
    assert cluster.start()
    cluster.stop()


def test_the_environment_does_not_lead_to_another_server(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGHOST": "/nowhere", "PGPORT": "1"}.items():
        monkeypatch.setenv(name, value)
    assert PrivateCluster(state_dir).start()
    PrivateCluster(state_dir).stop()


def test_a_cluster_of_another_version_is_refused(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    cluster.stop()
    (data_of(state_dir) / "PG_VERSION").write_text("9\n")
    with pytest.raises(ProgramsMissingError, match="made by PostgreSQL 9"):
        cluster.start()


def test_what_postgresql_says_is_in_the_error(state_dir: Path) -> None:
    cluster = PrivateCluster(state_dir)
    cluster.start()
    cluster.stop()
    (data_of(state_dir) / "pg_hba.conf").write_text("nonsense\n")
    with pytest.raises(ClusterError, match=r"(?s)pg_ctl failed: .*could not load .*pg_hba\.conf"):
        cluster.start()


def test_a_cluster_never_started_has_no_url(state_dir: Path) -> None:
    with pytest.raises(ClusterError, match="no database in"):
        _ = PrivateCluster(state_dir).url


def test_a_state_directory_that_is_a_file_is_told(state_dir: Path) -> None:
    (state_dir / "file").touch()
    with pytest.raises(ClusterError, match="cannot be used"):
        PrivateCluster(state_dir / "file").start()
