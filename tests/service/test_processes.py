"""Several processes that answer as one service."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import ANSWER_SECONDS, START_SECONDS, Served, serve
from serving_processes import alone, await_processes, processes

MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_TRUE_COLOR",
    "CRS": "EPSG:32632",
    "BBOX": "600000,5975000,600640,5975640",
    "WIDTH": "64",
    "HEIGHT": "64",
    "FORMAT": "image/png",
}
LEGEND = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetLegendGraphic",
    "LAYER": "S2_L2A_NDVI",
    "FORMAT": "image/png",
    "SLD_VERSION": "1.1.0",
}
REQUESTS = "sentinel_ows_requests_total"
DURATION = "http_server_request_duration_seconds"
# Of requests over all connections, until these are even: mostly three, more where no CPU is idle.
ROUNDS = 100


@pytest.fixture(scope="module")
def service(demo_catalogue: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("processes") / "service.log"
    with serve(demo_catalogue, log, SENTINEL_OWS_PROCESSES="2") as served:
        await_processes(served)
        yield served


def counted(served: Served) -> dict[str, float]:
    """The totals of all counters and histograms, by the names of their samples."""
    totals: dict[str, float] = {}
    text = served.ask("/metrics").body.decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            totals[sample.name] = totals.get(sample.name, 0) + sample.value
    return totals


def requests_counted(served: Served) -> float:
    return counted(served).get(REQUESTS, 0)


def answered_by(served: Served) -> list[int]:
    """The process of each request that was logged."""
    lines = served.log_lines()
    return [line["pid"] for line in lines if line["logger"] == "sentinel_ows.request"]


def test_metrics_are_of_all_processes_whichever_answers(service: Served) -> None:
    assert service.ows(MAP).status == 200
    first, second = processes(service)
    before = counted(service)
    for process, times in ((first, 3), (second, 4)):
        with alone(service, process):
            assert [service.ows(MAP).status for _ in range(times)] == [200] * times
            assert answered_by(service)[-times:] == [process] * times
    with ThreadPoolExecutor(8) as clients:
        asked = [clients.submit(service.ows, LEGEND) for _ in range(40)]
        assert {each.result().status for each in asked} == {200}
    for process in (first, second):
        with alone(service, process):
            now = counted(service)
            for name in (REQUESTS, f"{DURATION}_count"):
                assert now[name] == before[name] + 3 + 4 + 40
            assert now[f"{DURATION}_sum"] > before[f"{DURATION}_sum"]


def test_a_process_that_is_killed_takes_nobody_elses_request_with_it(service: Served) -> None:
    def ask_many() -> list[int]:
        """The statuses of many requests, 0 for one that was not answered."""
        statuses = []
        for _ in range(40):
            try:
                statuses.append(service.ows(LEGEND).status)
            except (OSError, HTTPException):
                statuses.append(0)
        return statuses

    service.ows(LEGEND)
    before = requests_counted(service)
    victim = min(processes(service))
    with ThreadPoolExecutor(4) as clients:
        asking = [clients.submit(ask_many) for _ in range(4)]
        while requests_counted(service) < before + 20:
            pass
        os.kill(victim, signal.SIGKILL)
        replaced = await_processes(service, victim)
        statuses = [each.result() for each in asking]
    assert {status for each in statuses for status in each} <= {0, HTTPStatus.OK}
    # What it was answering to each client, and what had come to it meanwhile.
    failures = [each.count(0) for each in statuses]
    assert max(failures) <= 1
    answered = 160 - sum(failures)
    for process in replaced:
        with alone(service, process):
            assert answered <= requests_counted(service) - before <= 160
            before += 1
            assert service.ows(LEGEND).status == HTTPStatus.OK
            assert answered_by(service)[-1] == process


def test_the_turn_of_a_process_that_is_killed_is_anothers(
    demo_catalogue: str, tmp_path: Path
) -> None:
    with (
        serve(
            demo_catalogue,
            tmp_path / "log",
            SENTINEL_OWS_PROCESSES="2",
            SENTINEL_OWS_THREADS="1",
        ) as served,
        psycopg.connect(demo_catalogue) as connection,
        ThreadPoolExecutor(2) as clients,
    ):
        assert served.ows(MAP).status == 200
        victim = min(await_processes(served))
        connection.execute("LOCK TABLE scenes IN ACCESS EXCLUSIVE MODE")
        with alone(served, victim):
            lost = clients.submit(served.ows, MAP)
            await_query(connection)
            # The only turn is taken, and this one waits for it.
        waiting = clients.submit(served.ows, MAP | {"WIDTH": "65"})
        os.kill(victim, signal.SIGKILL)
        connection.rollback()
        with pytest.raises((OSError, HTTPException)):
            lost.result(START_SECONDS)
        with suppress(OSError, HTTPException):  # it may have come to the same process
            assert waiting.result(START_SECONDS).status == 200
        assert served.ows(MAP).status == 200


def await_query(connection: psycopg.Connection) -> None:
    """Wait until a search waits for a lock."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if connection.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND query LIKE '%search_scenes(%'"
        ).rowcount:
            return
        connection.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.02)
    raise AssertionError("no search waits")


class KeptConnections:
    """Clients that each keep a connection as long as the service does, and ask one at a time."""

    def __init__(self, served: Served, count: int) -> None:
        self._served = served
        address = served.url.removeprefix("http://")
        self._connections = [HTTPConnection(address, timeout=ANSWER_SECONDS) for _ in range(count)]

    def ask(self) -> list[int]:
        """Ask once over each; give by which process each was answered."""
        before = len(answered_by(self._served))
        for connection in self._connections:
            self._ask(connection)
        processes = answered_by(self._served)[before:]
        assert len(processes) == len(self._connections)
        return processes

    def _ask(self, connection: HTTPConnection) -> None:
        path = f"/ows?{urlencode(LEGEND)}"
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
        except OSError:  # it was of a process that is no more
            connection.close()
            connection.request("GET", path)
            answer = connection.getresponse()
        assert answer.status == HTTPStatus.OK
        answer.read()

    def await_even(self, processes: set[int]) -> None:
        """Ask until each process has as many of them as the other, and keeps them."""
        even = Counter(dict.fromkeys(processes, len(self._connections) // len(processes)))
        asked: list[list[int]] = []
        while len(asked) < ROUNDS:
            asked.append(self.ask())
            if Counter(asked[-1]) == even and asked[-1:] == asked[-2:-1]:
                return
        raise AssertionError(f"they did not come out even: {asked}")

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


def test_connections_that_are_kept_come_out_even(service: Served) -> None:
    first, second = processes(service)
    with closing(KeptConnections(service, 8)) as connections:
        # All come to one process first, as where the others are late.
        with alone(service, first):
            assert connections.ask() == [first] * 8
        connections.await_even({first, second})
        os.kill(first, signal.SIGKILL)
        (new,) = await_processes(service, first) - {second}
        with alone(service, new):
            assert service.ows(LEGEND).status == HTTPStatus.OK  # it takes connections
        connections.await_even({second, new})


def test_it_tells_how_many_processes_serve(service: Served) -> None:
    told = [line["message"] for line in service.log_lines() if "processes serve" in line["message"]]
    assert len(told) == 1
    where = r"on 127\.0\.0\.1, port \d+"
    assert re.match(rf"2 processes serve up to [1-9]\d* requests at once {where}$", told[0])


def test_nothing_that_a_fork_would_lose_is_begun_before_it(repository: Path) -> None:
    program = """
import os
from function.own_threads import compute_alone
compute_alone()
from function.composition import compose
from function.settings import Settings
compose(Settings(database_url="postgresql://nobody@localhost/nothing", processes=2))
print(len(os.listdir("/proc/self/task")))
print(*{os.readlink(f"/proc/self/fd/{fd.name}") for fd in os.scandir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{fd.name}")}, sep="\\n")
"""
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, check=True, capture_output=True, text=True
    ).stdout
    threads, *files = output.splitlines()
    assert threads == "1"
    assert not [file for file in files if file.startswith("socket:")]
