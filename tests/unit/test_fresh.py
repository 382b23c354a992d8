"""A value that is fetched anew once it is old."""

import threading
import time

import pytest

from function.errors import CatalogueUnavailableError
from function.fresh import Fresh

PATIENCE = 60.0


class CountedLock:
    """A lock that tells how many threads have come to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._come = threading.Semaphore(0)

    def __enter__(self) -> None:
        self._come.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def await_threads(self, number: int) -> None:
        for _ in range(number):
            assert self._come.acquire(timeout=PATIENCE)


def test_a_value_is_fetched_once_while_it_is_fresh() -> None:
    fetched: list[int] = []
    fresh = Fresh(lambda: fetched.append(1) or len(fetched), seconds=3600)  # type: ignore[func-returns-value]
    assert [fresh.get() for _ in range(4)] == [1, 1, 1, 1]


def test_a_value_is_fetched_anew_once_it_is_old() -> None:
    values = iter(range(9))
    fresh = Fresh(lambda: next(values), seconds=0)
    assert [fresh.get(), fresh.get(), fresh.get()] == [0, 1, 2]


def test_a_failure_is_not_kept() -> None:
    answers = iter([CatalogueUnavailableError("away"), "here"])

    def fetch() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    fresh = Fresh(fetch, seconds=3600)
    with pytest.raises(CatalogueUnavailableError):
        fresh.get()
    assert [fresh.get(), fresh.get()] == ["here", "here"]


def test_an_old_value_does_not_hide_a_failure() -> None:
    answers = iter(["here", CatalogueUnavailableError("away")])

    def fetch() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    fresh = Fresh(fetch, seconds=0)
    assert fresh.get() == "here"
    with pytest.raises(CatalogueUnavailableError):
        fresh.get()


def test_threads_that_wait_for_a_try_share_its_failure() -> None:
    started, release = threading.Event(), threading.Event()
    calls = []

    def fetch() -> str:
        calls.append(1)
        started.set()
        release.wait(PATIENCE)
        raise CatalogueUnavailableError("away")

    fresh = Fresh(fetch, seconds=0)
    lock = CountedLock()
    fresh._lock = lock  # type: ignore[assignment]
    failures = []

    def ask() -> None:
        try:
            fresh.get()
        except CatalogueUnavailableError as error:
            failures.append(error)

    first = threading.Thread(target=ask)
    first.start()
    assert started.wait(PATIENCE)
    others = [threading.Thread(target=ask) for _ in range(8)]
    for thread in others:
        thread.start()
    lock.await_threads(9)
    release.set()
    for thread in (first, *others):
        thread.join()
    assert len(failures) == 9
    # The first, and one for all that came while it was under way.
    assert len(calls) == 2


def test_threads_that_ask_at_once_share_one_fetch() -> None:
    calls = []

    def fetch() -> int:
        calls.append(1)
        time.sleep(0.05)
        return len(calls)

    fresh = Fresh(fetch, seconds=3600)
    values: list[int] = []
    threads = [threading.Thread(target=lambda: values.append(fresh.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values == [1] * 8
