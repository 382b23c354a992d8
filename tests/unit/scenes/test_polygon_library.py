"""Polygons of files: read once while a file is as it was, and failed for oneself alone."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from archives import local_archive

from function.deadline import Deadline
from function.errors import ArchiveUnavailableError, SceneUnreadableError
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.polygon_library import PolygonLibrary

MASK = (
    "<m:Mask xmlns:m='m' xmlns:g='g'><m:MaskFeature><m:maskType>{}</m:maskType><g:Polygon>"
    "<g:posList>0 0 9 0 9 9 0 0</g:posList></g:Polygon></m:MaskFeature></m:Mask>"
)
# No test waits so long.
PATIENCE = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "MSK_CLOUDS_B00.gml"
    path.write_text(MASK.format("OPAQUE"))
    return path


@pytest.fixture
def library() -> PolygonLibrary:
    return PolygonLibrary(local_archive(), 1 << 20)


def kinds(library: PolygonLibrary, path: Path) -> list[str]:
    polygons = library.read(str(path), Deadline.after(60.0), DecodingCounts())
    return [polygon.kind for polygon in polygons]


def replace_file(path: Path, content: str, nanoseconds: int) -> None:
    """Write another file in the place of one, so much younger."""
    moment = path.stat().st_mtime_ns + nanoseconds
    path.write_text(content)
    os.utime(path, ns=(moment, moment))


@pytest.mark.parametrize(("kind", "nanoseconds"), [("CIRRUS", 1), ("SNOW", 0)])
def test_a_file_that_is_replaced_is_read_anew(
    library: PolygonLibrary, path: Path, kind: str, nanoseconds: int
) -> None:
    assert kinds(library, path) == ["opaque"]
    replace_file(path, MASK.format(kind), nanoseconds)
    assert kinds(library, path) == [kind.lower()]
    assert kinds(library, path) == [kind.lower()]


def test_a_file_that_is_as_it_was_is_not_read_again(library: PolygonLibrary, path: Path) -> None:
    assert kinds(library, path) == ["opaque"]
    # Of the same size and time, so that reading it would tell.
    replace_file(path, MASK.format("CIRRUS"), 0)
    assert kinds(library, path) == ["opaque"]


def test_nothing_is_kept_of_a_broken_file(library: PolygonLibrary, path: Path) -> None:
    replace_file(path, MASK.format("OPAQUE").replace("</m:Mask>", "</m:Mist>"), 0)
    with pytest.raises(SceneUnreadableError, match=r"MSK_CLOUDS_B00\.gml is no well-formed XML"):
        kinds(library, path)
    replace_file(path, MASK.format("OPAQUE"), 0)
    assert kinds(library, path) == ["opaque"]
    path.unlink()
    with pytest.raises(SceneUnreadableError, match=r"MSK_CLOUDS_B00\.gml: No such file"):
        kinds(library, path)


def test_a_file_that_is_too_large_is_refused(
    library: PolygonLibrary, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("function.scenes.polygon_library.MAX_BYTES", 100)
    with pytest.raises(SceneUnreadableError, match="more than 100"):
        kinds(library, path)


class LingeringFuture(Future[bytes]):
    """Keeps whoever asks for its result until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = Event(), Event()

    def result(self, timeout: float | None = None) -> bytes:
        self.asked.set()
        self.let_go.wait()
        return super().result(timeout)


def test_what_a_request_cannot_fetch_is_not_anothers_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = Archive(AccessLimits(connections=2, timeout=60.0, tries=1, kept_bytes=0))
    failing, sound = LingeringFuture(), Future[bytes]()
    fetches = iter((failing, sound))
    monkeypatch.setattr(archive, "fetch_all", lambda *_: next(fetches))
    library = PolygonLibrary(archive, 1 << 20)
    first, second = (
        library.fetch("http://host/a.gml", Deadline.after(60.0), DecodingCounts()) for _ in range(2)
    )
    with ThreadPoolExecutor(1) as network:
        network.submit(failing.set_exception, ArchiveUnavailableError("a.gml is late"))
        try:
            assert failing.asked.wait(PATIENCE)
            sound.set_result(MASK.format("OPAQUE").encode())
            assert [polygon.kind for polygon in second.result(PATIENCE)] == ["opaque"]
        finally:
            failing.let_go.set()
    with pytest.raises(ArchiveUnavailableError, match=r"^a\.gml is late$"):
        first.result(PATIENCE)
    archive.close()
