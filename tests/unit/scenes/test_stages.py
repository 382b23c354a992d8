"""Work that goes from stage to stage."""

import gc
import weakref
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

import pytest

from function.scenes.stages import completed, then


class Bytes:
    """What a stage brings."""


def test_a_stage_begins_when_the_one_before_is_done() -> None:
    first: Future[int] = Future()
    begun = []

    def step(done: Future[int]) -> Future[int]:
        begun.append(done.result())
        return completed(done.result() + 1)

    outcome = then(then(first, step), step)
    assert begun == []
    first.set_result(1)
    assert begun == [1, 2]
    assert outcome.result(0) == 3


def test_a_failure_is_seen_by_the_step_and_by_whoever_waits() -> None:
    first: Future[int] = Future()
    seen = []

    def step(done: Future[int]) -> Future[int]:
        seen.append(done.exception())
        return completed(done.result())

    outcome = then(first, step)
    first.set_exception(ValueError("broken"))
    assert isinstance(seen[0], ValueError)
    with pytest.raises(ValueError, match="broken"):
        outcome.result(0)


def test_the_second_stage_may_fail() -> None:
    second: Future[int] = Future()
    outcome = then(completed(1), lambda _: second)
    second.set_exception(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        outcome.result(0)


def test_cancelling_gives_up_whichever_stage_has_not_begun() -> None:
    first: Future[int] = Future()
    assert then(first, completed).cancel()
    assert first.cancelled()
    second: Future[int] = Future()
    assert then(completed(1), lambda _: second).cancel()
    assert second.cancelled()


def test_what_was_cancelled_meanwhile_is_not_completed() -> None:
    first: Future[int] = Future()
    first.set_running_or_notify_cancel()
    second: Future[int] = Future()
    outcome = then(first, lambda _: second)
    assert outcome.cancel()
    first.set_result(1)
    assert second.cancelled()
    with pytest.raises(CancelledError):
        outcome.result(0)


def test_a_stage_on_a_pool_that_is_closed_is_a_failure() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    outcome = then(completed(1), lambda done: pool.submit(done.result))
    with pytest.raises(RuntimeError, match="shutdown"):
        outcome.result(0)


@pytest.mark.parametrize("late", [False, True])
def test_what_a_stage_brings_is_let_go_with_its_future(late: bool) -> None:
    def step(done: Future[Bytes]) -> Future[Bytes]:
        return completed(done.result())

    first: Future[Bytes] = Future()
    brought = Bytes()
    watched = weakref.ref(brought)
    if not late:
        first.set_result(brought)
    outcome = then(then(first, step), step)
    if late:
        first.set_result(brought)
    assert outcome.done()
    gc.disable()
    try:
        del brought, first, outcome, step
        assert watched() is None
    finally:
        gc.enable()
