"""Changes of the catalogue reach a process at once, or by polling where they are not told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sample_scenes import COLLECTION, scene

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.watching import CatalogueWatcher
from function.catalogue.writing import SceneWriter
from function.errors import CatalogueUnavailableError

NEVER = 3600.0
PATIENCE = 60.0
LISTENING = """
SELECT count(*)::int FROM pg_stat_activity
WHERE datname = current_database() AND query = 'LISTEN sentinel_ows_catalogue'
AND pid <> pg_backend_pid()
"""


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.005)
    return holds


@contextmanager
def watching(
    url: str, renew: Callable[[], None], poll_seconds: float, listen: bool = True
) -> Iterator[None]:
    watcher = CatalogueWatcher(url, renew, poll_seconds, listen)
    watcher.start()
    try:
        yield
    finally:
        watcher.close()


def count(catalogue: SceneCatalogue) -> int:
    extent = catalogue.state().extents.get(COLLECTION)
    return extent.scene_count if extent else 0


@pytest.mark.parametrize(
    ("listen", "poll_seconds"), [(True, NEVER), (False, 0.1)], ids=["told", "polled"]
)
def test_a_new_scene_is_seen(
    catalogue_url: str, catalogue_pool: CataloguePool, listen: bool, poll_seconds: float
) -> None:
    catalogue = SceneCatalogue(catalogue_pool, NEVER)
    writer = SceneWriter(catalogue_pool)
    with watching(catalogue_url, catalogue.renew_state, poll_seconds, listen):
        assert eventually(lambda: catalogue_pool.fetch(LISTENING) == [(int(listen),)])
        for number in range(1, 4):
            writer.write(scene(str(number)))
            assert eventually(lambda number=number: count(catalogue) == number)  # type: ignore[misc]


def test_what_changed_while_the_connection_was_lost_is_seen(
    catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    catalogue = SceneCatalogue(catalogue_pool, NEVER)
    writer = SceneWriter(catalogue_pool)
    with watching(catalogue_url, catalogue.renew_state, NEVER):
        for number in range(1, 3):
            assert eventually(lambda: catalogue_pool.fetch(LISTENING) == [(1,)])
            with psycopg.connect(catalogue_url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE datname = current_database()"
                    " AND query = 'LISTEN sentinel_ows_catalogue' AND pid <> pg_backend_pid()"
                )
            writer.write(scene(str(number)))
            assert eventually(lambda number=number: count(catalogue) == number)  # type: ignore[misc]


def test_a_burst_of_changes_is_read_a_few_times(
    catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    catalogue = SceneCatalogue(catalogue_pool, NEVER)
    renewed: list[int] = []

    def renew() -> None:
        renewed.append(1)
        catalogue.renew_state()

    with watching(catalogue_url, renew, NEVER):
        assert eventually(lambda: catalogue_pool.fetch(LISTENING) == [(1,)])
        with psycopg.connect(catalogue_url, autocommit=True) as connection:
            for _ in range(200):
                connection.execute("NOTIFY sentinel_ows_catalogue")
        SceneWriter(catalogue_pool).write(scene("last"))
        assert eventually(lambda: count(catalogue) == 1)
    assert len(renewed) < 100


def test_it_goes_on_where_the_catalogue_is_away(catalogue_url: str) -> None:
    calls: list[int] = []
    twice = threading.Event()

    def renew() -> None:
        calls.append(1)
        if len(calls) > 1:
            twice.set()
        raise CatalogueUnavailableError("away")

    away = catalogue_url.replace("/catalogue_", "/absent_")
    with watching(away, renew, poll_seconds=0.1):
        assert twice.wait(PATIENCE)


def test_closing_does_not_wait_for_the_next_poll(catalogue_url: str) -> None:
    watcher = CatalogueWatcher(catalogue_url, lambda: None, NEVER)
    watcher.close()  # never started
    watcher.start()
    watcher.close()
    assert "catalogue watcher" not in {thread.name for thread in threading.enumerate()}
