"""Work that is done in stages, each begun when the one before it is done."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

First = TypeVar("First")
Second = TypeVar("Second")


def completed(value: First) -> "Future[First]":
    """Give ``value``, which nobody has to wait for, as a future."""
    done: Future[First] = Future()
    done.set_result(value)
    return done


def then(
    first: "Future[First]", step: "Callable[[Future[First]], Future[Second]]"
) -> "Future[Second]":
    """Give what ``step`` comes to, which is begun with ``first`` once that is done.

    Nobody waits in between: ``step`` is called by whoever completes ``first``. Cancelling the
    future that is given cancels whichever stage has not begun.
    """
    outcome: Future[Second] = Future()
    # Emptied in the end, or the futures held each other, and what they bring, in a circle.
    stage: list[Future[First] | Future[Second]] = [first]

    def go_on(done: "Future[First]") -> None:
        try:
            second = step(done)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the outcome is told
            _fail(outcome, error)
            return
        stage[:] = [second]
        if outcome.cancelled():
            second.cancel()
        second.add_done_callback(end)

    def end(done: "Future[Second]") -> None:
        if done.cancelled():
            outcome.cancel()
        elif (error := done.exception()) is not None:
            _fail(outcome, error)
        elif outcome.set_running_or_notify_cancel():
            outcome.set_result(done.result())

    def let_go(done: "Future[Second]") -> None:
        if done.cancelled():
            stage[0].cancel()
        stage.clear()

    outcome.add_done_callback(let_go)
    first.add_done_callback(go_on)
    return outcome


def _fail(outcome: "Future[Second]", error: BaseException) -> None:
    if outcome.set_running_or_notify_cancel():
        outcome.set_exception(error)
