"""Masks of polygons on a real web server: fetched together and ahead of time, given up in time."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from archive_server import ArchiveServer, Fault, serving_files

from function.deadline import Deadline
from function.errors import ArchiveUnavailableError
from function.grid import Grid
from function.scene import Asset
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.decoder import Decode, Need, PixelWindow, Wanted
from function.scenes.decoding import Decoding
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.polygon_masks import AHEAD, PolygonMasks

GRID = Grid("EPSG:32632", Affine(60, 0, 600_000, 0, -60, 6_000_000), 100, 100)
MASK = (
    "<m:Mask xmlns:m='m' xmlns:g='g'><m:MaskFeature><m:maskType>OPAQUE</m:maskType><g:Polygon>"
    "<g:posList>{0} 6000000 {1} 6000000 {1} 5999000 {0} 5999000 {0} 6000000</g:posList>"
    "</g:Polygon></m:MaskFeature></m:Mask>"
)
COUNT = AHEAD + 2
WHOLE = PixelWindow(0, 0, 100, 100)
# No test waits so long, and a server that is silent is so for longer.
PATIENCE = 20.0
ENOUGH = 1 << 20
# More than one mask takes, less than two.
FOR_ONE = 1000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ArchiveServer]:
    with serving_files(tmp_path) as server:
        yield server


@contextmanager
def reading(
    connections: int = 16, kept: int = ENOUGH, tries: int = 1
) -> Iterator[tuple[PolygonMasks, Archive]]:
    archive = Archive(AccessLimits(connections, 60.0, tries, 0))
    yield PolygonMasks(GdalDecoder(archive), archive, kept), archive
    archive.close()


def write(server: ArchiveServer, number: int = 0, pixels: int = 10) -> Asset:
    """Write a mask of a cloud so many ``pixels`` wide, five more to the east for each number."""
    path = server.directory / f"MSK_{number}.gml"
    west = 600_000 + 300 * number
    new = path.with_suffix(".new")
    new.write_text(MASK.format(west, west + 60 * pixels))
    new.replace(path)
    return Asset("MSK_CLASSI", server.href(path), GRID, 3, 8, nodata=None)


def begin(
    masks: PolygonMasks,
    asset: Asset,
    counts: DecodingCounts | None = None,
    seconds: float = PATIENCE,
) -> "Future[Decode]":
    (coming,) = masks.prepare([Wanted(asset, WHOLE, 0)], Deadline.after(seconds), counts)
    return coming


def width(coming: "Future[Decode]") -> int:
    """Count the columns that are drawn, of which the polygon's edge touches one more."""
    return int(coming.result(PATIENCE)()[0].any(axis=0).sum()) - 1


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = Deadline.after(PATIENCE)
    while not condition():
        deadline.check("read")
        time.sleep(0.01)


def test_polygons_come_together_and_are_not_read_again(server: ArchiveServer) -> None:
    assets = [write(server, number) for number in range(COUNT)]
    with reading() as (masks, _), ThreadPoolExecutor(2) as workers:
        decoding = Decoding(masks, workers, Deadline.after(60.0))
        narrow = PixelWindow(0, 0, 60, 30)
        # None is answered before all that may be fetched ahead have come.
        server.gather(AHEAD)
        decoding.fetch([Wanted(asset, WHOLE, 0, Need.PERHAPS) for asset in assets])
        drawn = decoding.decode([[Wanted(asset, narrow, 0)] for asset in assets[:AHEAD]])
        assert len(server.take_asked()) == AHEAD
        for number, found in enumerate(drawn):
            assert isinstance(found, list)
            left, right = 5 * number, 5 * number + 10
            expected = np.zeros((30, 60), np.uint8)
            expected[: 1000 // 60 + 1, left : right + 1] = 1
            np.testing.assert_array_equal(found[0][0], expected)
        # The others are fetched when they are wanted.
        server.gather(COUNT - AHEAD)
        decoding.decode([[Wanted(asset, narrow, 0)] for asset in assets[AHEAD:]])
        assert len(server.take_asked()) == COUNT - AHEAD


def test_a_silent_archive_holds_no_thread_and_is_given_up(server: ArchiveServer) -> None:
    server.always = Fault.SILENCE
    with reading(connections=1) as (masks, archive):
        coming = begin(masks, write(server))
        wait_until(lambda: server.at_once == 1)
        # The only thread that may wait is free, and the only connection once nobody wants it.
        assert archive.wait(int).result(PATIENCE) == 0
        assert coming.cancel()
        server.always = None
        assert width(begin(masks, write(server, 1))) == 10


def test_a_deadline_ends_reading_for_its_own_request_alone(server: ArchiveServer) -> None:
    asset = write(server)
    server.always = Fault.SILENCE
    with reading(connections=1) as (masks, _):
        with pytest.raises(ArchiveUnavailableError, match=r"MSK_0\.gml did not answer in time"):
            begin(masks, asset, seconds=0.2).result(PATIENCE)
        server.always = None
        assert width(begin(masks, asset)) == 10


def test_one_request_waits_for_no_other_that_wants_the_same(server: ArchiveServer) -> None:
    asset = write(server)
    server.faults.append(Fault.SILENCE)
    with reading() as (masks, _):
        first = begin(masks, asset)
        wait_until(lambda: server.at_once == 1)
        assert width(begin(masks, asset)) == 10
        assert not first.done()
        server.take_asked()
        assert width(begin(masks, asset)) == 10
        assert server.take_asked() == []


def test_reads_and_tries_are_counted_for_the_request(server: ArchiveServer) -> None:
    asset = write(server)
    server.faults.append(Fault.INTERNAL_ERROR)
    size = (server.directory / "MSK_0.gml").stat().st_size
    with reading(tries=2) as (masks, _), ThreadPoolExecutor(1) as workers:
        decodings = [Decoding(masks, workers, Deadline.after(PATIENCE)) for _ in range(2)]
        for decoding in decodings:
            (drawn,) = decoding.decode([[Wanted(asset, WHOLE, 0)]])
            assert isinstance(drawn, list)
        assert [dict(each.counts.snapshot()) for each in decodings] == [
            {"fetches": 2, "retries": 1, "bytes_fetched": size},
            {},
        ]


def test_what_is_replaced_is_seen_after_a_while(
    server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = write(server)
    with reading() as (masks, _):
        assert width(begin(masks, asset)) == 10
        write(server, pixels=20)
        assert width(begin(masks, asset)) == 10
        assert len(server.take_asked()) == 1
        monkeypatch.setattr("function.scenes.polygon_library.FRESH_SECONDS", -1.0)
        assert width(begin(masks, asset)) == 20
        assert len(server.take_asked()) == 1
        monkeypatch.undo()
        assert width(begin(masks, asset)) == 20
        assert server.take_asked() == []


@pytest.mark.parametrize(("kept", "reads"), [(ENOUGH, 2), (FOR_ONE, 3), (0, 5)])
def test_polygons_are_kept_up_to_a_size(server: ArchiveServer, kept: int, reads: int) -> None:
    first, second = write(server), write(server, 1)
    with reading(kept=kept) as (masks, _):
        for asset in (first, first, second, second, first):
            assert width(begin(masks, asset)) == 10
    assert len(server.take_asked()) == reads
