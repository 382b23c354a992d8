"""The catalogue through pgbouncer in transaction mode: sessions change between transactions."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from serving import free_port, serve

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.database.account import server_account
from function.deadline import Deadline
from function.errors import DeadlineExceededError
from function.grid import Grid
from function.search import Search

PROGRAM = "/usr/sbin/pgbouncer"
# Fewer server connections than clients, so that these change hands with every transaction.
SETTINGS = """
[databases]
* = host={socket}

[pgbouncer]
pool_mode = transaction
default_pool_size = 2
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
ignore_startup_parameters = extra_float_digits
logfile = {log}
"""
PATIENCE = 120


@pytest.fixture(scope="module")
def pooled_url(demo_catalogue: str) -> Iterator[str]:
    """The demo's catalogue, through a pooler of the test's own."""
    parts = urlsplit(demo_catalogue)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as name:
        directory = Path(name)
        directory.chmod(0o777)
        users = directory / "users"
        users.write_text(f'"{parts.username}" ""\n')
        settings = directory / "pgbouncer.ini"
        socket = parts.query.removeprefix("host=").replace("%2F", "/")
        settings.write_text(
            SETTINGS.format(socket=socket, port=port, users=users, log=directory / "log")
        )
        # It refuses to run as root, and the socket lets in the cluster's own account.
        account = server_account(owner=Path(socket).stat().st_uid)
        process = subprocess.Popen(
            [PROGRAM, "--quiet", str(settings)],
            user=account.uid if os.geteuid() == 0 else None,
            group=account.gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
        url = f"postgresql://{quote(parts.username or '')}@127.0.0.1:{port}{parts.path}"
        try:
            await_connection(url, directory / "log")
            yield url
        finally:
            process.terminate()
            process.wait(PATIENCE)


def await_connection(url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end, log.exists() and log.read_text()
            time.sleep(0.05)
        else:
            return


def test_many_threads_search_at_once(pooled_url: str) -> None:
    pool = CataloguePool(pooled_url, connections=6)
    pool.open()
    catalogue = SceneCatalogue(pool)
    (extent,) = catalogue.extents().values()
    grid = Grid.from_bounds(
        "EPSG:4326", (extent.west, extent.south, extent.east, extent.north), 64, 64
    )

    def names(_: int) -> list[str]:
        found = catalogue.search(extent.collection, grid, Search(), 9)
        return [scene.name for scene in found]

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(names, range(60)))
    assert len(found[0]) == extent.scene_count
    assert all(each == found[0] for each in found)
    pool.close()


def test_a_deadline_ends_one_statement_and_no_other(pooled_url: str) -> None:
    pool = CataloguePool(pooled_url, connections=1)
    pool.open()
    with pytest.raises(DeadlineExceededError):
        pool.fetch("SELECT pg_sleep(30)", deadline=Deadline.after(0.2))
    for _ in range(4):  # of both server connections
        assert pool.fetch("SELECT current_setting('statement_timeout')") == [("10s",)]
    with psycopg.connect(pooled_url, autocommit=True) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
    pool.close()


@pytest.mark.parametrize("listen", ["true", "false"])
def test_the_service_answers(pooled_url: str, tmp_path: Path, listen: str) -> None:
    capabilities = {"SERVICE": "WMS", "REQUEST": "GetCapabilities"}
    with serve(pooled_url, tmp_path / "log", SENTINEL_OWS_CATALOGUE_LISTEN=listen) as served:
        assert served.ows(capabilities).status == 200
