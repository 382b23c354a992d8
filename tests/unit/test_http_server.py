"""The address that is listened on, and the numbers of processes."""

import socket
from dataclasses import dataclass, field
from typing import Any, cast

from function.command.http_server import HttpServer, listen
from function.composition import Service
from function.settings import Settings


def test_connections_that_wait_for_the_start_send_without_delay() -> None:
    with listen("127.0.0.1", 0) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@dataclass
class Worker:
    """A process as gunicorn sees it."""

    age: int


@dataclass
class Arbiter:
    """The process over them, which knows those that live, by their pid."""

    WORKERS: dict[int, Worker] = field(default_factory=dict)


class StandInService:
    """A service that is not there, and notes the number that it is started with."""

    settings = Settings(processes=2, threads=4)

    def __init__(self) -> None:
        self.started: list[int] = []

    def start(self, number: int = 0) -> None:
        self.started.append(number)


def test_a_process_has_the_least_number_that_no_living_one_has() -> None:
    service, arbiter = StandInService(), Arbiter()
    with listen("127.0.0.1", 0) as listener:
        configuration = HttpServer(cast(Service, service), listener).cfg

    def fork(age: int) -> int:
        worker: Any = Worker(age)
        configuration.pre_fork(arbiter, worker)
        configuration.post_fork(arbiter, worker)
        arbiter.WORKERS[100 + age] = worker
        return service.started[-1]

    assert [fork(age) for age in (1, 2, 3)] == [0, 1, 2]
    del arbiter.WORKERS[102]
    assert [fork(age) for age in (4, 5)] == [1, 3]
    del arbiter.WORKERS[101], arbiter.WORKERS[104]
    assert [fork(age) for age in (6, 7, 8)] == [0, 1, 4]
