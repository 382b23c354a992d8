"""A value that is fetched anew once it is old."""

import threading
import time

import pytest

from function.errors import CatalogueUnavailableError
from function.fresh import Fresh


def test_a_value_is_fetched_once_while_it_is_fresh() -> None:
    fetched: list[int] = []
    fresh = Fresh(lambda: fetched.append(1) or len(fetched), seconds=3600)  # type: ignore[func-returns-value]
    assert [fresh.get() for _ in range(4)] == [1, 1, 1, 1]


def test_a_value_is_fetched_anew_once_it_is_old() -> None:
    values = iter(range(9))
    fresh = Fresh(lambda: next(values), seconds=0)
    assert [fresh.get(), fresh.get(), fresh.get()] == [0, 1, 2]


def test_a_failure_is_an_answer_while_it_is_fresh() -> None:
    calls = []

    def fetch() -> str:
        calls.append(1)
        raise CatalogueUnavailableError("away")

    fresh = Fresh(fetch, seconds=3600)
    for _ in range(3):
        with pytest.raises(CatalogueUnavailableError, match="away"):
            fresh.get()
    assert len(calls) == 1


def test_a_failure_gives_way_to_a_value() -> None:
    answers = iter([CatalogueUnavailableError("away"), "here"])

    def fetch() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    fresh = Fresh(fetch, seconds=0)
    with pytest.raises(CatalogueUnavailableError):
        fresh.get()
    assert fresh.get() == "here"


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
