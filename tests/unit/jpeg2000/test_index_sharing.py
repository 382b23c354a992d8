"""Who makes an index that several want at once, and how long others wait for it."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from archives import local_archive
from codestreams import MemorySource
from index_stores import WHOLE, MemoryStore, Samples, asset_of, image, record_of

from function.deadline import Deadline
from function.errors import ArchiveUnavailableError
from function.scenes.decoder import Wanted
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.byte_source import LocalByteSource
from function.scenes.jpeg2000.cache import Claim
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.errors import TruncatedError
from function.scenes.jpeg2000.index_library import IndexLibrary, NoStore, _Entry
from function.scenes.jpeg2000.openjpeg import OpenJpeg


def test_many_at_once_make_an_index_once(tmp_path: Path, openjpeg: OpenJpeg) -> None:
    store = MemoryStore()
    asset, samples = image(tmp_path)
    together = threading.Barrier(8, timeout=60.0)

    def decode(decoder: PacketDecoder, _: int) -> Samples:
        together.wait()
        decoder.prepare([Wanted(asset, WHOLE, 0)], Deadline.after(60.0))
        return decoder.decode(asset, WHOLE, 0).astype(np.int64)

    with ThreadPoolExecutor(8) as callers, ThreadPoolExecutor(2) as pool:
        decoder = PacketDecoder(
            openjpeg, GdalDecoder(local_archive()), local_archive(), pool, Caches(0, 1 << 20), store
        )
        for found in callers.map(partial(decode, decoder), range(8)):
            np.testing.assert_array_equal(found, samples)
        assert decoder.counts.snapshot()["indexes_built"] == 1
    assert store.kept == [asset.href]
    assert store.loads == [[asset.href]]


def test_many_files_are_asked_for_at_once_and_once(tmp_path: Path) -> None:
    assets = [image(tmp_path / str(number), number)[0] for number in range(3)]
    store = MemoryStore()
    store.records = {asset.href: record_of(asset) for asset in assets[:2]}
    library, counts = IndexLibrary(store, 1 << 20), DecodingCounts()
    library.load([*assets, assets[0]], counts)
    library.load(assets, counts)
    for asset in assets:
        with LocalByteSource(Path(asset.href)) as source:
            found = library.find(asset, source, Deadline.after(60.0), counts)
            assert found.to_record() == record_of(asset)
    assert store.loads == [[asset.href for asset in assets]]
    assert counts.snapshot() == {"indexes_loaded": 2, "indexes_built": 1}


class BrokenSource(MemorySource):
    """A file of which reading takes until it is released, and then fails."""

    def __init__(self) -> None:
        super().__init__(b"\x00" * 100)
        self.asked, self.released = threading.Event(), threading.Event()

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        self.asked.set()
        assert self.released.wait(60)
        raise TruncatedError(f"the file ends before {ranges}")


def test_who_only_wants_to_know_shares_neither_the_failure_nor_the_wait_of_who_asks_the_file(
    tmp_path: Path,
) -> None:
    library, source, counts = IndexLibrary(NoStore(), 1 << 20), BrokenSource(), DecodingCounts()
    asset = asset_of(tmp_path / "broken.jp2")
    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(library.find, asset, source, Deadline.after(60.0), counts)
        assert source.asked.wait(60)
        assert library.known(asset, Deadline.after(0.0), counts) is None
        knowing = pool.submit(library.known, asset, Deadline.after(60.0), counts)
        source.released.set()
        assert knowing.result(60) is None
        with pytest.raises(TruncatedError):
            asking.result(60)


class UnansweredSource(MemorySource):
    """A file that does not answer, of which its reader hears when it is released."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked, self.released = threading.Event(), threading.Event()

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        self.asked.set()
        assert self.released.wait(60)
        raise ArchiveUnavailableError(f"no answer in time for {ranges}")


def test_who_waits_for_an_index_makes_it_where_the_maker_runs_out_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = IndexLibrary(NoStore(), 1 << 20)
    claimed = threading.Semaphore(0)
    claim = library._entries.claim

    def tell(href: str) -> Claim[_Entry]:
        given = claim(href)
        claimed.release()
        return given

    monkeypatch.setattr(library._entries, "claim", tell)
    asset, _ = image(tmp_path)
    data = Path(asset.href).read_bytes()
    source, counts = UnansweredSource(data), [DecodingCounts() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        asking = pool.submit(library.find, asset, source, Deadline.after(60.0), counts[0])
        assert source.asked.wait(60)
        waiting = [
            pool.submit(library.find, asset, MemorySource(data), Deadline.after(60.0), each)
            for each in counts[1:]
        ]
        # One of what the store has and one of the index by who makes it; all others wait.
        for _ in range(4):
            assert claimed.acquire(timeout=60)
        source.released.set()
        with pytest.raises(ArchiveUnavailableError):
            asking.result(60)
        found = [each.result(60) for each in waiting]
    assert found[0].index is not None
    assert found[0] is found[1]
    assert sum(each.snapshot()["indexes_built"] for each in counts[1:]) == 1


def test_who_waits_for_an_index_waits_no_longer_than_there_is_time(tmp_path: Path) -> None:
    library, counts = IndexLibrary(NoStore(), 1 << 20), DecodingCounts()
    asset, _ = image(tmp_path)
    data = Path(asset.href).read_bytes()
    source = UnansweredSource(data)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(library.find, asset, source, Deadline.after(60.0), counts)
        assert source.asked.wait(60)
        with pytest.raises(ArchiveUnavailableError, match=r"^image\.j2k was not indexed in time$"):
            library.find(asset, MemorySource(data), Deadline.after(0.05), counts)
        source.released.set()
        with pytest.raises(ArchiveUnavailableError, match="no answer"):
            asking.result(60)
