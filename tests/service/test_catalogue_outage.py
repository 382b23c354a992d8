"""The catalogue's pool when the database stops, restarts or is out of connections."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from function.catalogue.migrations import migrate
from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.database.cluster import PrivateCluster
from function.errors import CatalogueUnavailableError, ServiceStoppingError


@pytest.fixture
def own_cluster(repository: Path) -> Iterator[PrivateCluster]:
    """A migrated catalogue in a cluster that the test may stop."""
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as directory:
        # The account that the server runs as must pass.
        Path(directory).chmod(0o711)
        cluster = PrivateCluster(Path(directory))
        cluster.start()
        migrate(cluster.url, repository / "catalog-sql")
        yield cluster
        cluster.stop()


def recovers(catalogue: SceneCatalogue, within: float) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            catalogue.ready()
        except CatalogueUnavailableError:
            continue
        return True
    return False


def test_an_outage_is_told_and_gets_over(own_cluster: PrivateCluster) -> None:
    pool = CataloguePool(own_cluster.url, connections=4)
    catalogue = SceneCatalogue(pool)
    with pytest.raises(CatalogueUnavailableError):  # it is opened after the fork
        catalogue.ready()
    pool.open()
    catalogue.ready()
    own_cluster.stop()
    with ThreadPoolExecutor(6) as threads:
        outcomes = [threads.submit(catalogue.extents) for _ in range(6)]
        for outcome in outcomes:
            assert isinstance(outcome.exception(), CatalogueUnavailableError)
    with pytest.raises(CatalogueUnavailableError):
        catalogue.ready()
    own_cluster.start()
    assert recovers(catalogue, within=30)
    pool.close()
    with pytest.raises(ServiceStoppingError):
        catalogue.ready()


def test_a_restart_between_requests_is_not_noticed(own_cluster: PrivateCluster) -> None:
    pool = CataloguePool(own_cluster.url, connections=4)
    pool.open()
    catalogue = SceneCatalogue(pool)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: catalogue.extents(), range(8)))
    own_cluster.stop()
    own_cluster.start()
    for _ in range(8):
        assert catalogue.extents() == {}
    pool.close()


def test_connections_that_the_server_ends_are_replaced(
    catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    catalogue = SceneCatalogue(catalogue_pool)
    catalogue.ready()
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        own = connection.info.backend_pid
        connection.execute(
            # Each is waited for: one that is about to end may still take a question.
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> %s",
            [own],
        )
    catalogue.ready()


def test_a_connection_lost_in_the_middle_is_told(
    catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    with ThreadPoolExecutor(1) as threads:
        sleeping = threads.submit(catalogue_pool.fetch, "SELECT 'lost', pg_sleep(30)")
        with psycopg.connect(catalogue_url, autocommit=True) as connection:
            ended = 0
            while not ended:
                ended = connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE wait_event = 'PgSleep' AND datname = current_database()"
                ).rowcount
        with pytest.raises(CatalogueUnavailableError):
            sleeping.result()
    SceneCatalogue(catalogue_pool).ready()


def test_a_pool_that_is_used_up_is_told(catalogue_url: str) -> None:
    pool = CataloguePool(catalogue_url, connections=1)
    pool.open()
    with (
        psycopg.connect(catalogue_url, autocommit=True) as connection,
        ThreadPoolExecutor(1) as threads,
    ):
        connection.execute("SELECT pg_advisory_lock(1)")
        waiting = threads.submit(pool.fetch, "SELECT 1 FROM pg_advisory_xact_lock(1)")
        busy = None
        while busy is None:
            busy = connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"
                " AND datname = current_database()"
            ).fetchone()
        with pytest.raises(CatalogueUnavailableError):
            pool.fetch("SELECT 1")
        connection.execute("SELECT pg_advisory_unlock(1)")
        assert waiting.result() == [(1,)]
    assert pool.fetch("SELECT 1") == [(1,)]
    pool.close()
