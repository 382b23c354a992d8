"""Ranges read from a real web server: how many reads they take, and what may go wrong."""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, serving_files

from function.codestream_record import FileState
from function.deadline import Deadline
from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
    ServiceStoppingError,
    with_notes,
)
from function.scenes.access.archive import AccessLimits, Archive, Parts
from function.scenes.access.failures import FileReplacedError, NoPartsError
from function.scenes.access.stores import MOST_STORES
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import TruncatedError

SIZE = 4_000_000
TRIES = 3
# No test waits so long; only what is to time out is given less.
PATIENCE = 60.0
Range = tuple[int, int]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ArchiveServer]:
    with serving_files(tmp_path) as server:
        yield server


def write(server: ArchiveServer, name: str = "image.jp2", seed: int = 0) -> bytes:
    data = bytes((seed + 7 * number + number // 251) % 256 for number in range(251 * 64))
    data = (data * (SIZE // len(data) + 1))[:SIZE]
    (server.directory / name).write_bytes(data)
    return data


@contextmanager
def reading(
    connections: int = 8, timeout: float = PATIENCE, tries: int = TRIES, kept: int = 0
) -> Iterator[Archive]:
    archive = Archive(AccessLimits(connections, timeout, tries, kept))
    yield archive
    archive.close()


def state_of(archive: Archive, href: str) -> FileState:
    with archive.open(href) as file:
        _, size, stamp = file.identity
        return FileState(size, stamp)


def fetch(
    archive: Archive,
    href: str,
    state: FileState,
    ranges: Sequence[Range],
    counts: DecodingCounts | None = None,
    deadline: Deadline | None = None,
) -> list[bytes]:
    (coming,) = archive.fetch(
        [Parts(href, state, ranges)],
        deadline or Deadline.after(PATIENCE),
        counts or DecodingCounts(),
    )
    return coming.result(PATIENCE).read_ranges(ranges)


def cut(data: bytes, ranges: Sequence[Range]) -> list[bytes]:
    return [data[offset : offset + length] for offset, length in ranges]


def parts(server: ArchiveServer) -> list[Range | None]:
    """What was asked for since the last time, in the order of the file."""
    return sorted((each.part for each in server.take_asked()), key=lambda part: part or (-1, 0))


def test_all_parts_of_all_files_come_in_one_round(server: ArchiveServer) -> None:
    files = {f"{number}.jp2": write(server, f"{number}.jp2", number) for number in range(3)}
    ranges = [(0, 1000), (1_000_000, 70_000), (1_080_000, 5), (2_999_000, 1000)]
    with reading(connections=9) as archive:
        hrefs = [f"{server.url}/{name}" for name in files]
        states = [state_of(archive, href) for href in hrefs]
        server.take_asked()
        # None is answered before all have come.
        server.gather(9)
        counts = DecodingCounts()
        coming = archive.fetch(
            [Parts(href, state, ranges) for href, state in zip(hrefs, states, strict=True)],
            Deadline.after(PATIENCE),
            counts,
        )
        for file, data in zip(coming, files.values(), strict=True):
            assert file.result(PATIENCE).read_ranges(ranges) == cut(data, ranges)
    asked = server.take_asked()
    assert sorted((each.path, each.part) for each in asked) == sorted(
        (f"/{name}", part)
        for name in files
        for part in [(0, 1000), (1_000_000, 80_005), (2_999_000, 1000)]
    )
    assert counts.snapshot() == {"fetches": 9, "bytes_fetched": 3 * 82_005}
    assert {each.if_match for each in asked} == {states[0].stamp, states[1].stamp, states[2].stamp}


def test_no_more_connections_than_allowed_and_no_fewer(server: ArchiveServer) -> None:
    data = write(server)
    # Too far apart to be joined.
    ranges = [(650_000 * number, 100) for number in range(6)]
    with reading(connections=2) as archive:
        state = state_of(archive, f"{server.url}/image.jp2")
        server.take_asked()
        server.gather(2)
        assert fetch(archive, f"{server.url}/image.jp2", state, ranges) == cut(data, ranges)
    assert server.most_at_once == 2
    assert parts(server) == ranges


def test_a_file_of_which_nothing_is_known_takes_one_read_more(server: ArchiveServer) -> None:
    data = write(server)
    counts = DecodingCounts()
    with reading() as archive, archive.open(f"{server.url}/image.jp2", counts=counts) as file:
        assert file.size() == SIZE
        assert file.read_ranges([(10, 20)]) == [data[10:30]]
        assert file.read_ranges([(50_000, 9), (60_000, 7)]) == [
            data[50_000:50_009],
            data[60_000:60_007],
        ]
        with pytest.raises(TruncatedError, match=r"image\.jp2 ends before byte 4000001"):
            file.read_ranges([(SIZE - 1, 2)])
    assert parts(server) == [(0, 32_768), (50_000, 10_007)]
    assert counts.snapshot() == {"fetches": 2, "bytes_fetched": 42_775}


def test_a_file_shorter_than_its_first_read(server: ArchiveServer) -> None:
    (server.directory / "short.jp2").write_bytes(b"short")
    (server.directory / "empty.jp2").write_bytes(b"")
    with reading() as archive:
        with archive.open(f"{server.url}/short.jp2") as file:
            assert file.size() == 5
            assert file.read_ranges([(1, 4)]) == [b"hort"]
        with (
            archive.open(f"{server.url}/empty.jp2") as file,
            pytest.raises(TruncatedError, match=r"^empty\.jp2 is empty$"),
        ):
            file.size()


def test_what_was_fetched_is_not_fetched_again(server: ArchiveServer) -> None:
    data = write(server)
    href = f"{server.url}/image.jp2"
    with reading(kept=SIZE) as archive:
        state = state_of(archive, href)
        server.take_asked()
        assert fetch(archive, href, state, [(100_000, 50_000)]) == [data[100_000:150_000]]
        for wanted in ([(110_000, 10)], [(100_000, 50_000)], [(0, 100), (149_999, 1)]):
            assert fetch(archive, href, state, wanted) == cut(data, wanted)
        assert parts(server) == [(100_000, 50_000)]
        wanted = [(90_000, 100_000)]
        assert fetch(archive, href, state, wanted) == cut(data, wanted)
        assert parts(server) == [(90_000, 10_000), (150_000, 40_000)]


PASSING = [
    Fault.SLOW_DOWN,
    Fault.TOO_MANY_REQUESTS,
    Fault.INTERNAL_ERROR,
    Fault.RESET,
    Fault.CUT_SHORT,
    Fault.OTHER_RANGE,
    Fault.SHORT_RANGE,
]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(server: ArchiveServer, fault: Fault) -> None:
    data = write(server)
    href, counts = f"{server.url}/image.jp2", DecodingCounts()
    with reading() as archive:
        state = state_of(archive, href)
        server.take_asked()
        server.faults.extend([fault, fault])
        assert fetch(archive, href, state, [(5, 9000)], counts) == [data[5:9005]]
    assert parts(server) == [(5, 9000)] * 3
    assert counts.snapshot() == {"fetches": 3, "retries": 2, "bytes_fetched": 9000}


def test_silence_is_broken_off_and_tried_again(server: ArchiveServer) -> None:
    data = write(server)
    href, counts = f"{server.url}/image.jp2", DecodingCounts()
    with reading() as archive:
        state = state_of(archive, href)
    with reading(timeout=1.0, tries=10) as archive:
        server.faults.append(Fault.SILENCE)
        assert fetch(archive, href, state, [(5, 9000)], counts) == [data[5:9005]]
    assert counts.snapshot()["retries"] >= 1


@pytest.mark.parametrize(
    ("fault", "error", "message", "reads"),
    [
        (Fault.SLOW_DOWN, ArchiveThrottledError, "allows no more reads for now", TRIES),
        (Fault.TOO_MANY_REQUESTS, ArchiveThrottledError, "allows no more reads for now", TRIES),
        (Fault.INTERNAL_ERROR, ArchiveUnavailableError, "answered with status 500", TRIES),
        (Fault.RESET, ArchiveUnavailableError, "cannot be reached", TRIES),
        (Fault.CUT_SHORT, ArchiveUnavailableError, "broke off", TRIES),
        (Fault.OTHER_RANGE, ArchiveUnavailableError, "gave another part of it", TRIES),
        (Fault.SHORT_RANGE, ArchiveUnavailableError, "gave another part of it", TRIES),
        (Fault.SILENCE, ArchiveUnavailableError, "did not answer in time", TRIES),
        (Fault.WHOLE_FILE, NoPartsError, "answers no requests for parts of files", 1),
        (Fault.FORBIDDEN, ArchiveDeniedError, "does not let image.jp2 be read", 1),
    ],
)
def test_what_does_not_pass_is_named(
    server: ArchiveServer, fault: Fault, error: type[Exception], message: str, reads: int
) -> None:
    write(server)
    href = f"{server.url}/image.jp2"
    with reading() as archive:
        state = state_of(archive, href)
    server.always, counts = fault, DecodingCounts()
    timeout = 0.5 if fault is Fault.SILENCE else PATIENCE
    with reading(timeout=timeout) as archive, pytest.raises(SceneUnreadableError) as raised:
        fetch(archive, href, state, [(5, 9000)], counts)
    assert raised.type is error
    assert message in str(raised.value)
    assert "image.jp2" in str(raised.value)
    # Nothing of the archive's own address or answer is told to a client.
    assert server.url not in str(raised.value)
    assert counts.snapshot()["fetches"] == reads


def test_an_operator_is_told_the_host_and_the_cause(
    server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(server)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    host = server.url.removeprefix("http://")
    with reading(tries=1) as archive:

        def told(href: str, fault: Fault | None = None) -> str:
            server.always = fault
            with pytest.raises(SceneUnreadableError) as raised:
                archive.read_all(href, SIZE)
            return with_notes(raised.value)

        signed = f"http://user:password@{host}/image.jp2?sig=secret"
        archive_of = "the archive of image.jp2"
        throttled = f"{archive_of} allows no more reads for now ({host}: SlowDown)"
        assert told(signed, Fault.SLOW_DOWN) == throttled
        reset = f"{archive_of} cannot be reached ({host}: Connection reset by peer)"
        assert told(signed, Fault.RESET) == reset
        bucketless = f"{archive_of} has no such bucket ({host}: NoSuchBucket none)"
        assert told("s3://none/image.jp2", Fault.NO_BUCKET) == bucketless
        assert told(f"https://{host}/image.jp2").startswith(
            f"{archive_of} cannot be reached ({host}: InvalidMessage"
        )
        assert told(f"http://{host}/absent.jp2") == "absent.jp2 is not in the archive"


def test_a_file_that_is_not_there_is_named_at_once(server: ArchiveServer) -> None:
    with (
        reading() as archive,
        archive.open(f"{server.url}/absent.jp2") as file,
        pytest.raises(SceneUnreadableError, match=r"^absent\.jp2 is not in the archive$"),
    ):
        file.size()
    assert len(server.take_asked()) == 1


def test_a_signed_address_is_asked_as_it_is_written_and_not_told(server: ArchiveServer) -> None:
    data = write(server)
    query = "st=2026-11-23T04%3A26%3A52Z&sig=a%2Bb%3D"
    with reading() as archive:
        for number in range(MOST_STORES + 2):
            assert archive.read_all(f"{server.url}/image.jp2?{query}{number}", SIZE) == data
        with pytest.raises(SceneUnreadableError, match=r"^absent\.jp2 is not in the archive$"):
            archive.read_all(f"{server.url}/absent.jp2?{query}", SIZE)
    asked = [each.path for each in server.take_asked()]
    assert asked[:2] == [f"/image.jp2?{query}0", f"/image.jp2?{query}1"]
    assert asked[-1] == f"/absent.jp2?{query}"


def test_the_aws_variables_are_heeded(
    server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bucket in ("one", "two"):
        (server.directory / bucket).mkdir()
        (server.directory / bucket / "file.xml").write_bytes(bucket.encode())
    (server.directory / "file.xml").write_bytes(b"virtual")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with reading() as archive:
        # The bucket in the path.
        assert archive.read_all("s3://one/file.xml", SIZE) == b"one"
        assert archive.read_all("s3://two/file.xml", SIZE) == b"two"
    assert all(
        asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
        and "x-amz-request-payer" not in asked.headers
        for asked in server.take_asked()
    )
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    monkeypatch.setenv("AWS_REQUEST_PAYER", "requester")
    with reading() as archive:
        # The bucket in the host, which the endpoint names.
        assert archive.read_all("s3://one/file.xml", SIZE) == b"virtual"
    (asked,) = server.take_asked()
    assert asked.headers["x-amz-request-payer"] == "requester"
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    with reading() as archive:
        assert archive.read_all("s3://one/file.xml", SIZE) == b"virtual"
    (asked,) = server.take_asked()
    assert "authorization" not in asked.headers


def test_an_empty_aws_variable_is_as_none(
    server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.directory / "bucket").mkdir()
    (server.directory / "bucket" / "file.xml").write_bytes(b"content")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for rest in ("ENDPOINT_URL_S3", "SESSION_TOKEN", "REQUEST_PAYER", "SKIP_SIGNATURE"):
        monkeypatch.setenv(f"AWS_{rest}", "")
    with reading() as archive:
        assert archive.read_all("s3://bucket/file.xml", SIZE) == b"content"
    (asked,) = server.take_asked()
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
    assert "x-amz-security-token" not in asked.headers


def test_an_archive_that_is_away_is_named(server: ArchiveServer) -> None:
    url = server.url
    server.server_close()
    counts = DecodingCounts()
    with (
        reading() as archive,
        archive.open(f"{url}/image.jp2", counts=counts) as file,
        pytest.raises(
            ArchiveUnavailableError, match=r"archive of image\.jp2 cannot be reached"
        ) as raised,
    ):
        file.size()
    assert raised.value.__notes__ == [f"{url.removeprefix('http://')}: Connection refused"]
    assert counts.snapshot() == {"fetches": TRIES, "retries": TRIES - 1}


def test_the_deadline_ends_waiting_and_tries(server: ArchiveServer) -> None:
    write(server)
    href, counts = f"{server.url}/image.jp2", DecodingCounts()
    with reading(tries=1000) as archive:
        state = state_of(archive, href)
        server.always = Fault.SILENCE
        with pytest.raises(ArchiveUnavailableError, match="did not answer in time"):
            fetch(archive, href, state, [(0, 10)], counts, Deadline.after(1.0))
        server.closing.set()
        assert counts.snapshot() == {"fetches": 1}
        server.always = Fault.SLOW_DOWN
        with pytest.raises(ArchiveThrottledError):
            fetch(archive, href, state, [(0, 10)], counts, Deadline.after(2.0))
        # Pauses of a quarter of a second at least.
        assert 2 <= counts.snapshot()["fetches"] <= 10


def test_the_first_failure_gives_up_the_other_parts(server: ArchiveServer) -> None:
    write(server)
    href = f"{server.url}/image.jp2"
    ranges = [(650_000 * number, 100) for number in range(6)]
    with reading(connections=1) as archive:
        state = state_of(archive, href)
        server.take_asked()
        server.always = Fault.FORBIDDEN
        with pytest.raises(ArchiveDeniedError):
            fetch(archive, href, state, ranges)
    # The next may be on its way before the first is known to have failed.
    assert len(server.take_asked()) <= 2


def test_a_cancelled_fetch_stops(server: ArchiveServer) -> None:
    write(server)
    href, counts = f"{server.url}/image.jp2", DecodingCounts()
    with reading() as archive:
        state = state_of(archive, href)
        server.always = Fault.SILENCE
        (coming,) = archive.fetch([Parts(href, state, [(0, 10)])], Deadline.after(PATIENCE), counts)
        while not server.most_at_once or counts.snapshot()["fetches"] == 0:
            threading.Event().wait(0.01)
        assert coming.cancel()
        with pytest.raises(CancelledError):
            coming.result(0)
        server.always = None
        server.closing.set()
        assert fetch(archive, href, state, [(0, 10)], counts)
    assert counts.snapshot()["retries"] == 0


def test_what_is_fetched_as_the_service_stops_says_so(server: ArchiveServer) -> None:
    write(server)
    href = f"{server.url}/image.jp2"
    with reading() as archive:
        state = state_of(archive, href)
        server.always = Fault.SILENCE
        wanted = [Parts(href, state, [(0, 10)])]
        (coming,) = archive.fetch(wanted, Deadline.after(PATIENCE), DecodingCounts())
        while not server.at_once:
            threading.Event().wait(0.01)
    with pytest.raises(ServiceStoppingError, match="the service is stopping"):
        coming.result(0)
    with pytest.raises(ServiceStoppingError):
        archive.fetch(wanted, Deadline.after(PATIENCE), DecodingCounts())
    with pytest.raises(ServiceStoppingError):
        archive.wait(int)


@pytest.mark.parametrize(("tagged", "conditional"), [(True, True), (True, False), (False, True)])
def test_a_replaced_file_is_noticed(server: ArchiveServer, tagged: bool, conditional: bool) -> None:
    server.tagged, server.conditional = tagged, conditional
    data = write(server, seed=1)
    path = server.directory / "image.jp2"
    os.utime(path, (1000, 1000))
    href = f"{server.url}/image.jp2"
    with reading(kept=SIZE) as archive:
        state = state_of(archive, href)
        assert fetch(archive, href, state, [(5, 9)]) == [data[5:14]]
        replaced = write(server, seed=2)
        os.utime(path, (2000, 2000))
        server.take_asked()
        with pytest.raises(FileReplacedError, match=r"image\.jp2 was replaced in the archive"):
            fetch(archive, href, state, [(90_000, 9)])
        assert len(server.take_asked()) == 1
        fresh = state_of(archive, href)
        assert fresh != state
        assert fetch(archive, href, fresh, [(5, 9)]) == [replaced[5:14]]


def test_a_file_that_became_shorter_was_replaced(server: ArchiveServer) -> None:
    server.conditional = False
    write(server)
    href = f"{server.url}/image.jp2"
    with reading() as archive:
        state = state_of(archive, href)
        (server.directory / "image.jp2").write_bytes(b"short")
        with pytest.raises(FileReplacedError):
            fetch(archive, href, state, [(90_000, 9)])
