"""Work that several want at once: who does it, and who gets what came of it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from function.deadline import Deadline
from function.errors import DeadlineExceededError, RenderError
from function.single_flight import SingleFlight


class Work:
    """Work that stands still until it ``may_end``; counts how often it was begun."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.begun, self.may_end = threading.Semaphore(0), threading.Event()
        self.count = 0
        self.failure = failure

    def __call__(self) -> str:
        self.count += 1
        self.begun.release()
        assert self.may_end.wait(60)
        if self.failure is not None:
            raise self.failure
        return "made"


class Asking:
    """A deadline that tells when somebody begins to wait by it."""

    def __init__(self) -> None:
        self.waiting = threading.Event()

    def remaining(self) -> float:
        self.waiting.set()
        return 60.0


def test_one_does_the_work_for_all_who_come_meanwhile() -> None:
    flights, work, late = SingleFlight[str](), Work(), Asking()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(flights.share, "key", work, Deadline.after(60))
        assert work.begun.acquire(timeout=60)
        second = threads.submit(flights.share, "key", work, late)  # type: ignore[arg-type]
        assert late.waiting.wait(60)
        work.may_end.set()
        assert first.result() == ("made", True)
        assert second.result() == ("made", False)
    assert work.count == 1
    assert flights.share("key", work, Deadline.after(60)) == ("made", True)
    assert work.count == 2


def test_other_keys_do_not_wait() -> None:
    flights, work = SingleFlight[str](), Work()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(flights.share, "key", work, Deadline.after(60))
        assert work.begun.acquire(timeout=60)
        assert flights.share("other", lambda: "at once", Deadline.after(60)) == ("at once", True)
        work.may_end.set()
        assert first.result() == ("made", True)


def test_a_failure_is_shared_and_not_kept() -> None:
    flights, work, late = SingleFlight[str](), Work(RenderError("broken")), Asking()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(flights.share, "key", work, Deadline.after(60))
        assert work.begun.acquire(timeout=60)
        second = threads.submit(flights.share, "key", work, late)  # type: ignore[arg-type]
        assert late.waiting.wait(60)
        work.may_end.set()
        for waiting in (first, second):
            with pytest.raises(RenderError, match="broken"):
                waiting.result()
    assert work.count == 1
    assert flights.share("key", lambda: "anew", Deadline.after(60)) == ("anew", True)


def test_who_has_more_time_does_the_work_anew() -> None:
    flights, late = SingleFlight[str](), Asking()
    work = Work(DeadlineExceededError("over"))
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(flights.share, "key", work, Deadline.after(60))
        assert work.begun.acquire(timeout=60)
        second = threads.submit(flights.share, "key", lambda: "anew", late)  # type: ignore[arg-type]
        assert late.waiting.wait(60)
        work.may_end.set()
        with pytest.raises(DeadlineExceededError, match="over"):
            first.result()
        assert second.result() == ("anew", True)


def test_who_waits_does_so_within_its_own_time() -> None:
    flights, work = SingleFlight[str](), Work()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(flights.share, "key", work, Deadline.after(60))
        assert work.begun.acquire(timeout=60)
        with pytest.raises(DeadlineExceededError, match="identical"):
            flights.share("key", work, Deadline.after(0))
        work.may_end.set()
        assert first.result() == ("made", True)
