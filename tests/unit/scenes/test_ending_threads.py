"""What becomes of work as the threads for it end."""

import threading

import pytest

from function.errors import ServiceStoppingError
from function.scenes.ending_threads import EndingThreads


def test_what_has_begun_is_finished_and_all_else_says_why_it_was_not() -> None:
    threads = EndingThreads(1, "work")
    begun, released = threading.Event(), threading.Event()

    def work(answer: str, *, louder: bool) -> str:
        begun.set()
        assert released.wait(60)
        return answer.upper() if louder else answer

    first = threads.submit(work, "done", louder=True)
    assert begun.wait(60)
    second, third = (threads.submit(work, "never", louder=False) for _ in range(2))
    assert third.cancel()
    ending = threading.Thread(target=threads.end)
    ending.start()
    while not threads._ending:
        threading.Event().wait(0.01)
    released.set()
    ending.join(60)
    assert first.result(0) == "DONE"
    with pytest.raises(ServiceStoppingError, match="the service is stopping"):
        second.result(0)
    assert third.cancelled()
    with pytest.raises(ServiceStoppingError):
        threads.submit(work, "late", louder=False)


def test_no_other_error_of_a_start_is_taken_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = EndingThreads(1, "work")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError, match="can't start"):
            threads.submit(int)
    threads.end()
