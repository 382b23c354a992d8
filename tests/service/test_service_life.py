"""The service's life: it starts, loses its database and finds it again, and stops in good order."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
from lxml import etree
from psycopg.sql import SQL, Identifier
from serving import PROGRAM, START_SECONDS, Served, await_status, serve, stop

from function.database.cluster import PrivateCluster

MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_TRUE_COLOR",
    "STYLES": "",
    "CRS": "EPSG:3857",
    "BBOX": "1170000,7152000,1175100,7158800",
    "WIDTH": "300",
    "HEIGHT": "400",
    "FORMAT": "image/png",
}


@contextmanager
def held_up(database_url: str, table: str) -> Iterator[psycopg.Connection]:
    """Keep every query of ``table`` waiting until the end of the block."""
    with psycopg.connect(database_url) as connection:
        connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(Identifier(table)))
        yield connection
        connection.rollback()


def await_waiting_query(connection: psycopg.Connection, form: str) -> None:
    """Wait until a query waits that is LIKE ``form``: others, in the background, may wait too."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        found = connection.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database() AND query LIKE %s",
            (form,),
        ).rowcount
        if found:
            return
        # Within a transaction the activity is seen as it was at first.
        connection.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.02)
    raise AssertionError(f"no query like {form} waits")


def await_refusal(served: Served) -> None:
    """Wait until nobody can connect any more."""
    address = urlsplit(served.url)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection((address.hostname, address.port), START_SECONDS).close()
        except ConnectionError:
            return
        time.sleep(0.02)
    raise AssertionError("clients can still connect")


def test_a_request_in_flight_is_answered_after_sigterm(demo_catalogue: str, tmp_path: Path) -> None:
    with serve(demo_catalogue, tmp_path / "log") as served, ThreadPoolExecutor(1) as client:
        expected = served.ows(MAP)
        with held_up(demo_catalogue, "scenes") as connection:
            answer = client.submit(served.ows, MAP)
            await_waiting_query(connection, "SET LOCAL statement_timeout%search_scenes(%")
            served.process.send_signal(signal.SIGTERM)
            await_refusal(served)
            assert served.process.poll() is None
            assert not answer.done()
        reply = answer.result(START_SECONDS)
        assert reply.status == 200
        assert reply.body == expected.body
        assert stop(served) == 0


def test_clients_slow_to_send_keep_nobody_waiting(demo_catalogue: str, tmp_path: Path) -> None:
    with serve(demo_catalogue, tmp_path / "log") as served, ExitStack() as slow:
        port = urlsplit(served.url).port
        for _ in range(8):
            client = slow.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(b"GET /ows HTTP/1.1\r\n")
        assert served.ask("/health/live").status == 200
        assert served.ows(MAP).status == 200


def test_a_layer_that_waits_for_its_database_keeps_no_probe_waiting(
    demo_catalogue: str, tmp_path: Path
) -> None:
    with serve(demo_catalogue, tmp_path / "log") as served, ThreadPoolExecutor(1) as client:
        with held_up(demo_catalogue, "grid_cells") as connection:
            answer = client.submit(served.ows, MAP | {"LAYERS": "GRID_CELLS"})
            await_waiting_query(connection, "%grid_cells%")
            assert served.ask("/health/live").status == 200
            assert served.ask("/health/ready").status == 200
            assert not answer.done()
        assert answer.result(START_SECONDS).status == 200


@pytest.mark.parametrize("signal_sent", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_when_nothing_is_asked(
    demo_catalogue: str, tmp_path: Path, signal_sent: signal.Signals
) -> None:
    with serve(demo_catalogue, tmp_path / "log") as served:
        served.process.send_signal(signal_sent)
        assert stop(served) == 0


def test_a_request_ends_with_its_deadline(demo_catalogue: str, tmp_path: Path) -> None:
    with serve(demo_catalogue, tmp_path / "log", SENTINEL_OWS_DEADLINE_SECONDS="1") as served:
        with held_up(demo_catalogue, "scenes"):
            reply = served.ows(MAP)
        assert reply.status == 504
        assert_reported(reply.body)
        # A machine that is busy may take longer than a second for the first map.
        await_status(served, f"/ows?{urlencode(MAP)}", 200)


def test_the_database_goes_away_and_comes_back(
    cluster: PrivateCluster, demo_catalogue: str, tmp_path: Path
) -> None:
    with serve(demo_catalogue, tmp_path / "log") as served:
        before = served.ows(MAP)
        assert before.status == 200
        cluster.stop()
        try:
            await_status(served, "/health/ready", 503)
            assert served.ask("/health/live").status == 200
            away = served.ows(MAP)
            assert away.status == 503
            assert int(away.headers["retry-after"]) > 0
            assert_reported(away.body)
            assert b"catalogue" in away.body
        finally:
            cluster.start()
        await_status(served, "/health/ready", 200)
        assert served.ows(MAP).body == before.body
        assert not any("exception" in line for line in requests_of(served) if line["status"] < 500)


def test_any_wsgi_server_can_run_it(demo_catalogue: str, tmp_path: Path) -> None:
    gunicorn = str(Path(PROGRAM).with_name("gunicorn"))
    # gunicorn listens on PORT unless told otherwise; its control socket wants a home directory.
    command = (gunicorn, "--threads=2", "--no-control-socket", "function.wsgi:application()")
    with serve(demo_catalogue, tmp_path / "log", command=command) as served:
        reply = served.ows(MAP)
        assert reply.status == 200
        assert reply.content_type == "image/png"
        (line,) = [line for line in served.log.read_text().splitlines() if "/ows" in line]
        assert json.loads(line)["trace_id"] == reply.headers["traceresponse"].split("-")[1]
        assert stop(served) == 0


def test_a_service_without_a_catalogue_is_alive_but_not_ready(
    cluster: PrivateCluster, database_url: str, tmp_path: Path
) -> None:
    assert cluster.url != database_url
    with serve(database_url, tmp_path / "log", ready=503) as served:
        reply = served.ask("/health/ready")
        assert reply.status == 503
        assert b"set up" in reply.body
        assert served.ask("/health/live").status == 200
        assert served.ows(MAP).status == 503


def requests_of(served: Served) -> list[dict[str, int]]:
    return [line for line in served.log_lines() if "status" in line]


def assert_reported(body: bytes) -> None:
    report = etree.fromstring(body)
    assert etree.QName(report).localname == "ServiceExceptionReport"
    assert report.get("version") == "1.3.0"
