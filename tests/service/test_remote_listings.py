"""Directories and small files of an archive on disk, on S3 and on a web server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Fault, serving_files
from s3_server import PAGE, make_bucket, serving_s3, settings_of

from function.deadline import Deadline
from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
)
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.access.failures import FileTooLargeError
from function.scenes.access.listing import Listing, ListingTooLongError
from function.scenes.jpeg2000.counts import DecodingCounts

# No test waits so long; only what is to time out is given less.
PATIENCE = 60.0
TRIES = 2
FILES = {
    "day/S2A.SAFE/manifest.safe": b"<a/>",
    "day/S2B.SAFE/manifest.safe": b"<b/>",
    "day/a b%20#?ü.xml": b"<metadata/>",
    "day/empty.xml": b"",
    "other.xml": b"<c/>",
}
NAME = "day/a b%20#?ü.xml"


@contextmanager
def reading(timeout: float = PATIENCE) -> Iterator[Archive]:
    archive = Archive(AccessLimits(2, timeout, TRIES, 0))
    yield archive
    archive.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ArchiveServer]:
    with serving_files(tmp_path) as server:
        yield server


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_s3(tmp_path_factory.mktemp("s3") / "log") as endpoint:
        client = make_bucket(endpoint, "small")
        # As some clients make a directory.
        client.put_object(Bucket="small", Key="day/", Body=b"")
        for key, body in FILES.items():
            client.put_object(Bucket="small", Key=key, Body=body)
        client.put_object(Bucket="small", Key="odd//file.xml", Body=b"")
        for number in range(2 * PAGE + 1):
            client.put_object(Bucket="small", Key=f"pages/{number}.xml", Body=b"")
        yield endpoint


@pytest.fixture(params=["s3", "disk"])
def top(
    request: pytest.FixtureRequest,
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """The address of the same files in a bucket and on disk."""
    if request.param == "disk":
        for name, body in FILES.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(body)
        return str(tmp_path)
    point_to(endpoint, monkeypatch)
    return "s3://small"


def point_to(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_of(endpoint).items():
        monkeypatch.setenv(name, value)


def test_a_directory_is_listed_level_by_level(top: str) -> None:
    with reading() as archive:
        for href in (f"{top}/day", f"{top}/day/"):
            assert archive.list(href, 4) == Listing(
                (f"{top}/day/S2A.SAFE/", f"{top}/day/S2B.SAFE/"),
                (f"{top}/{NAME}", f"{top}/day/empty.xml"),
            )
        assert archive.list(f"{top}/day/S2A.SAFE/", 1).files == (
            f"{top}/day/S2A.SAFE/manifest.safe",
        )


def test_what_is_listed_can_be_read(top: str) -> None:
    with reading() as archive:
        listing = archive.list(f"{top}/day/", 10)
        (below,) = archive.list(listing.directories[0], 10).files
        found = {href: archive.read_all(href, 100) for href in (*listing.files, below)}
    assert found == {
        f"{top}/{name}": FILES[name]
        for name in (NAME, "day/empty.xml", "day/S2A.SAFE/manifest.safe")
    }


def test_a_listing_has_a_limit(top: str) -> None:
    with (
        reading() as archive,
        pytest.raises(ListingTooLongError, match=r"^day holds more than 3 entries$"),
    ):
        archive.list(f"{top}/day/", 3)


def test_a_file_that_is_read_whole_has_a_limit(top: str) -> None:
    with reading() as archive:
        assert archive.read_all(f"{top}/{NAME}", 11) == b"<metadata/>"
        with pytest.raises(FileTooLargeError, match=r"has 11 bytes, more than 10$"):
            archive.read_all(f"{top}/{NAME}", 10)


def test_what_is_not_there_is_named(top: str) -> None:
    with reading() as archive:
        with pytest.raises(SceneUnreadableError, match=r"^absent"):
            archive.list(f"{top}/absent/", 10)
        with pytest.raises(SceneUnreadableError, match=r"^absent\.xml"):
            archive.read_all(f"{top}/absent.xml", 10)


def test_a_listing_goes_on_from_page_to_page(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(endpoint, monkeypatch)
    with reading() as archive:
        listing = archive.list("s3://small/pages", 100)
    assert listing == Listing(
        (), tuple(f"s3://small/pages/{number}.xml" for number in range(2 * PAGE + 1))
    )


def test_an_absent_bucket_and_keys_that_are_no_paths_are_named(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(endpoint, monkeypatch)
    with reading() as archive:
        with pytest.raises(SceneUnreadableError, match=r"^the archive of day has no such bucket"):
            archive.list("s3://absent/day/", 10)
        with pytest.raises(SceneUnreadableError, match=r"^odd holds what has no proper path$"):
            archive.list("s3://small/odd/", 10)


def test_missing_rights_are_named(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    with (
        reading() as archive,
        pytest.raises(ArchiveDeniedError, match=r"does not let other\.xml be read"),
    ):
        archive.read_all("s3://small/other.xml", 10)


@pytest.mark.parametrize(
    ("fault", "error", "message", "tries"),
    [
        (Fault.SLOW_DOWN, ArchiveThrottledError, "allows no more reads for now", TRIES),
        (Fault.TOO_MANY_REQUESTS, ArchiveThrottledError, "allows no more reads for now", TRIES),
        (Fault.INTERNAL_ERROR, ArchiveUnavailableError, "answered with status 500", TRIES),
        (Fault.RESET, ArchiveUnavailableError, "cannot be reached", TRIES),
        (Fault.SILENCE, ArchiveUnavailableError, "did not answer in time", TRIES),
        (Fault.FORBIDDEN, ArchiveDeniedError, "does not let day be read", 1),
    ],
)
def test_a_listing_that_fails_is_named(
    server: ArchiveServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    error: type[Exception],
    message: str,
    tries: int,
) -> None:
    point_to(server.url, monkeypatch)
    server.always, counts = fault, DecodingCounts()
    timeout = 0.5 if fault is Fault.SILENCE else PATIENCE
    with reading(timeout) as archive, pytest.raises(SceneUnreadableError) as raised:
        archive.list("s3://small/day/", 10, counts=counts)
    assert raised.type is error
    assert message in str(raised.value)
    assert server.url not in str(raised.value)
    assert counts.snapshot()["fetches"] == tries


def test_the_deadline_ends_waiting(server: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(server.url, monkeypatch)
    server.always = Fault.SILENCE
    with reading() as archive:
        with pytest.raises(ArchiveUnavailableError, match="day did not answer in time"):
            archive.list("s3://small/day/", 10, Deadline.after(0.2))
        with pytest.raises(ArchiveUnavailableError, match=r"x\.xml did not answer in time"):
            archive.read_all(f"{server.url}/x.xml", 10, Deadline.after(0.2))


def test_small_files_of_a_web_server_take_one_read(server: ArchiveServer) -> None:
    (server.directory / "a b.xml").write_bytes(b"<metadata/>")
    (server.directory / "empty.xml").write_bytes(b"")
    with reading() as archive:
        assert archive.read_all(f"{server.url}/a%20b.xml", 11) == b"<metadata/>"
        assert archive.read_all(f"{server.url}/empty.xml", 11) == b""
        assert len(server.take_asked()) == 2
        with pytest.raises(SceneUnreadableError, match=r"^day lies on a web server"):
            archive.list(f"{server.url}/day/", 10)
    assert server.take_asked() == []
