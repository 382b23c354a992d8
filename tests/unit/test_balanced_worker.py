"""Processes leave connections to those that have fewer."""

import errno
import os
import selectors
import signal
import socket
import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from function.command.balanced_worker import (
    LEAD_SECONDS,
    NO_ROOM_SECONDS,
    NOBODY,
    BalancedWorker,
    OpenConnections,
)


class Numbered(BalancedWorker):
    """A worker that holds what comes to it."""

    def __init__(self, number: int, app: SimpleNamespace) -> None:
        super().__init__(number, 1, [], app, 60, Config(), None)
        self.number = number
        self.tmp.close()  # by which gunicorn sees that a worker is alive

    def enqueue_req(self, conn: Any) -> None:
        self.held = conn


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def test_whoever_has_more_connections_waits_before_it_takes_another(pauses: list[float]) -> None:
    open_connections = OpenConnections()
    app = SimpleNamespace(open_connections=open_connections, number_of=lambda worker: worker.number)
    first, second = (Numbered(number, app) for number in range(2))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        def connect(worker: Numbered) -> int:
            """How often it paused before it took a connection."""
            pauses.clear()
            with socket.create_connection(listener.getsockname()):
                worker.accept(listener)
            worker.held.close()
            return len(pauses)

        open_connections.tell(0, 0)
        # There is no other yet, then there is; one takes turns with the other.
        assert connect(first) == 0
        open_connections.tell(1, 0)
        assert connect(first) == 1
        assert pauses == [LEAD_SECONDS]
        assert [connect(second), connect(second), connect(second)] == [0, 0, 0]
        assert connect(second) == 1
        # One that has ended has no say.
        open_connections.tell(0, NOBODY)
        assert connect(second) == 0
        assert open_connections.fewest() == second.nr_conns == 5


def test_whoever_has_two_connections_more_keeps_none_beyond_its_request() -> None:
    open_connections = OpenConnections()
    app = SimpleNamespace(open_connections=open_connections, number_of=lambda _: 0)
    worker = Numbered(0, app)
    most = worker.max_keepalived
    assert most > 0
    kept = []
    for own, other in ((7, NOBODY), (7, 7), (8, 7), (9, 7), (9, 8), (0, 7)):
        open_connections.tell(1, other)
        worker._tell(own)
        kept.append(worker.max_keepalived)
    assert kept == [most, most, most, 0, most, most]


def test_a_connection_that_another_took_meanwhile_is_none_of_its_own() -> None:
    app = SimpleNamespace(open_connections=OpenConnections(), number_of=lambda _: 0)
    worker = Numbered(0, app)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        worker.accept(listener)
    assert worker.nr_conns == 0


class FullListener:
    """A listener of a process that may open no more."""

    def __init__(self, number: int) -> None:
        self.number = number

    def accept(self) -> None:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EPROTO])
def test_without_room_for_a_connection_it_goes_on_and_says_so_once(
    number: int, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    app = SimpleNamespace(open_connections=OpenConnections(), number_of=lambda _: 0)
    worker = Numbered(0, app)
    for _ in range(3):
        worker.accept(FullListener(number))
    assert worker.nr_conns == 0
    assert pauses == [NO_ROOM_SECONDS] * 3
    (line,) = caplog.messages
    assert line.startswith("no connection can be accepted, of 0 so far")
    assert os.strerror(number) in line


def test_what_else_keeps_it_from_accepting_ends_it(pauses: list[float]) -> None:
    app = SimpleNamespace(open_connections=OpenConnections(), number_of=lambda _: 0)
    with pytest.raises(OSError, match="Bad file descriptor"):
        Numbered(0, app).accept(FullListener(errno.EBADF))
    assert pauses == []


def test_one_that_is_ending_has_no_say() -> None:
    open_connections = OpenConnections()
    app = SimpleNamespace(open_connections=open_connections, number_of=lambda _: 0)
    worker = Numbered(0, app)
    open_connections.tell(1, 9)
    worker._tell(2)
    assert open_connections.fewest() == 2
    worker.alive = False
    worker._tell(2)
    assert open_connections.fewest() == 9


@pytest.mark.parametrize("failure", [None, OSError("the poller is gone")])
def test_one_that_has_ended_holds_nobody_back(failure: OSError | None) -> None:
    open_connections = OpenConnections()
    app = SimpleNamespace(open_connections=open_connections, number_of=lambda _: 0)
    told_while_it_runs = []

    class Ending(Numbered):
        """A worker that is told to end as it begins."""

        def is_parent_alive(self) -> bool:
            told_while_it_runs.append(open_connections.fewest())
            if failure is not None:
                raise failure
            return False

        def notify(self) -> None:
            pass

    worker = Ending(0, app)
    worker.poller = selectors.DefaultSelector()
    worker.method_queue.init()
    worker.method_queue.defer(lambda: None)  # it waits for nothing
    worker.tpool = worker.get_thread_pool()
    with nullcontext() if failure is None else pytest.raises(OSError, match="poller is gone"):
        worker.run()
    if failure is not None:  # gunicorn's own end was not reached
        worker.poller.close()
        worker.method_queue.close()
    assert told_while_it_runs == [0]
    assert open_connections.fewest() == NOBODY


def test_it_quits_though_the_signal_comes_as_it_hands_a_request_on() -> None:
    app = SimpleNamespace(open_connections=OpenConnections(), number_of=lambda _: 0)
    worker = Numbered(0, app)
    worker.method_queue.init()
    worker.tpool, worker.poller = worker.get_thread_pool(), selectors.DefaultSelector()
    worker.poller.register(
        worker.method_queue.fileno(), selectors.EVENT_READ, worker.method_queue.run_callbacks
    )
    quitting = threading.Thread(target=worker.handle_quit, args=(signal.SIGQUIT, None))
    with worker.tpool._shutdown_lock:
        quitting.start()
        quitting.join(60)
        assert not quitting.is_alive()
    with pytest.raises(SystemExit) as ended:
        worker.wait_for_and_dispatch_events(60.0)
    assert ended.value.code == 0
    worker.poller.close()
    worker.method_queue.close()
    worker.tpool.shutdown()
