"""Archives that take connections and never answer: what is drawn all the same, and when."""

import re
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import psycopg
import pytest
from archive_server import ArchiveServer, Fault, serving_files
from pictures import decode_picture
from serving import START_SECONDS, Served, run_command, serve, stop

from function.codestream_record import FileState
from function.deadline import Deadline
from function.errors import ArchiveUnavailableError
from function.scenes.access.archive import AccessLimits, Archive, Parts
from function.scenes.jpeg2000.counts import DecodingCounts

# No test waits so long.
PATIENCE = 60.0
STATE = FileState(10, '"a"')
MOVE = """
UPDATE scenes
SET assets = jsonb_set(
    assets::jsonb,
    '{root}',
    to_jsonb(regexp_replace(assets::jsonb ->> 'root', '^.*/(?=[^/]+[.]SAFE/)', %s))
)::text
WHERE name LIKE %s
"""
# 100 metres a pixel. The first cell alone has the columns before 80, the second those from 178 on.
WEST, EAST, SIZE = "32UNE", "32UPE", 256
FIRST, SECOND = slice(0, 80), slice(178, SIZE)
MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_TRUE_COLOR",
    "CRS": "EPSG:32632",
    "BBOX": "592000,5967000,617600,5985000",
    "WIDTH": str(SIZE),
    "HEIGHT": "180",
    "FORMAT": "image/png",
    "TRANSPARENT": "TRUE",
}
IN_EAST = MAP | {"BBOX": "610000,5970000,615000,5975000"}


@pytest.fixture
def servers(demo_products: Sequence[Path]) -> Iterator[tuple[ArchiveServer, ArchiveServer]]:
    """Two hosts of the demo's products, of which the second does not answer."""
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(serving_files(demo_products[0].parent)) for _ in range(2)
        )
        second.always = Fault.SILENCE
        yield first, second


@pytest.fixture
def service(
    servers: tuple[ArchiveServer, ArchiveServer],
    module_catalogue_url: str,
    demo_products: Sequence[Path],
    tmp_path: Path,
) -> Iterator[Served]:
    """A service over two cells, each on a host of its own."""
    run_command("ingest", *map(str, demo_products), SENTINEL_OWS_DATABASE_URL=module_catalogue_url)
    with psycopg.connect(module_catalogue_url) as connection:
        for server, cell in zip(servers, (WEST, EAST), strict=True):
            connection.execute(MOVE, (f"{server.url}/", f"%{cell}%"))
    with serve(
        module_catalogue_url,
        tmp_path / "log",
        SENTINEL_OWS_DEADLINE_SECONDS="8",
        SENTINEL_OWS_ARCHIVE_TIMEOUT_SECONDS="1",
        SENTINEL_OWS_ARCHIVE_TRIES="100",
    ) as service:
        yield service


def test_what_answers_is_drawn_and_what_does_not_is_named(
    service: Served, demo_service: Served, servers: tuple[ArchiveServer, ArchiveServer]
) -> None:
    expected = demo_service.ows(MAP)
    reply = service.ows(MAP)
    assert reply.status == 200, reply.body
    # Those of two days, of which the second was not asked for in vain once more.
    warnings = reply.headers["x-sentinel-ows-warning"]
    assert warnings.count(EAST) >= 2
    assert ".jp2 did not answer in time" in warnings
    assert ".jp2 does not answer" in warnings
    assert len({asked.path.split("/")[1] for asked in servers[1].take_asked()}) == 1
    assert EAST not in reply.headers["x-sentinel-ows-scenes"]
    colours, opacity = decode_picture(reply.body)
    np.testing.assert_array_equal(
        colours[:, :, FIRST], decode_picture(expected.body)[0][:, :, FIRST]
    )
    assert opacity[:, FIRST].all()
    assert not opacity[:, SECOND].any()

    alone = service.ows(IN_EAST)
    assert alone.status == 502
    assert re.search(rb"archive of T32UPE_\w+\.jp2 (did|does) not answer", alone.body), alone.body

    servers[1].always = None
    end = time.monotonic() + START_SECONDS
    while (reply := service.ows(MAP)).body != expected.body:
        assert time.monotonic() < end, reply.headers
        time.sleep(0.1)
    assert "x-sentinel-ows-warning" not in reply.headers


def test_a_request_in_flight_is_told_that_the_service_stops(
    service: Served, servers: tuple[ArchiveServer, ArchiveServer]
) -> None:
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(service.ows, IN_EAST)
        while not servers[1].at_once:
            threading.Event().wait(0.01)
        service.process.send_signal(signal.SIGINT)
        reply = answer.result(START_SECONDS)
    assert reply.status == 503
    assert b"the service is stopping" in reply.body
    assert reply.headers["retry-after"] == "5"
    assert stop(service) == 0
    lines = service.log_lines()
    (told,) = (line for line in lines if line.get("status") == 503)
    assert told["error"] == "ServiceStoppingError"
    assert {line["level"] for line in lines} <= {"INFO", "WARNING"}
    assert not any("exception" in line for line in lines)


@contextmanager
def reading(
    connections: int = 8, pause: float = 0.0, timeout: float = PATIENCE
) -> Iterator[Archive]:
    tries = 1 if timeout < PATIENCE else 1000
    with closing(Archive(AccessLimits(connections, timeout, tries, 0, pause))) as archive:
        yield archive


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[ArchiveServer]:
    with serving_files(tmp_path) as server:
        server.always = Fault.SILENCE
        yield server


def test_a_read_leaves_time_to_go_on_without_it(silent: ArchiveServer) -> None:
    href = f"{silent.url}/image.jp2"

    def fetch(archive: Archive, deadline: Deadline) -> None:
        parts = [Parts(href, STATE, [(0, 10)])]
        (coming,) = archive.fetch(parts, deadline, DecodingCounts())
        coming.result(PATIENCE)

    def open_file(archive: Archive, deadline: Deadline) -> None:
        with archive.open(href, deadline) as file:
            file.size()

    def read_all(archive: Archive, deadline: Deadline) -> None:
        archive.read_all(href, 10, deadline)

    def read(way: int) -> float:
        deadline = Deadline.after(6.0)
        with (
            reading() as archive,
            pytest.raises(
                ArchiveUnavailableError, match=r"image\.jp2 did not answer in time"
            ) as raised,
        ):
            (fetch, open_file, read_all)[way](archive, deadline)
        assert silent.url.endswith(raised.value.__notes__[0])
        return deadline.remaining()

    with ThreadPoolExecutor(3) as readers:
        assert min(readers.map(read, range(3))) > 0


def test_a_silent_host_takes_no_connection_of_another(
    silent: ArchiveServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("answering")
    (directory / "file.xml").write_bytes(b"<metadata/>")
    with serving_files(directory) as answering, reading(connections=1) as archive:
        parts = [Parts(f"{silent.url}/image.jp2", STATE, [(0, 10)])]
        (coming,) = archive.fetch(parts, Deadline.after(PATIENCE), DecodingCounts())
        while not silent.at_once:
            threading.Event().wait(0.01)
        assert archive.read_all(f"{answering.url}/file.xml", 11) == b"<metadata/>"
        assert not coming.done()
        assert coming.cancel()


def test_a_silent_host_is_not_waited_for_again(silent: ArchiveServer) -> None:
    (silent.directory / "file.xml").write_bytes(b"<metadata/>")
    href = f"{silent.url}/file.xml"
    with reading(pause=PATIENCE, timeout=0.5) as archive:
        with pytest.raises(ArchiveUnavailableError, match=r"file\.xml did not answer in time"):
            archive.read_all(href, 11)
        silent.always = None
        assert len(silent.take_asked()) == 1
        with pytest.raises(ArchiveUnavailableError, match=r"file\.xml does not answer"):
            archive.read_all(f"{href}?signature=another", 11)
        assert silent.take_asked() == []
    with reading() as archive:
        assert archive.read_all(href, 11) == b"<metadata/>"


def test_a_host_that_refuses_is_asked_again_at_once(silent: ArchiveServer) -> None:
    (silent.directory / "file.xml").write_bytes(b"<metadata/>")
    with reading(pause=PATIENCE, timeout=0.5) as archive:
        for fault in (Fault.RESET, Fault.INTERNAL_ERROR, Fault.CUT_SHORT):
            silent.faults.append(fault)
            with pytest.raises(ArchiveUnavailableError):
                archive.read_all(f"{silent.url}/file.xml", 11)
        silent.always = None
        assert archive.read_all(f"{silent.url}/file.xml", 11) == b"<metadata/>"
