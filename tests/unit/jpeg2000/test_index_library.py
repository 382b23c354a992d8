"""Where an index comes from: memory, the store, the file; and that it is never another file's."""

import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from archives import local_archive
from codestreams import encode, texture
from index_stores import TILED, WHOLE, MemoryStore, Samples, asset_of, image, record_of

from function.codestream_record import CodestreamRecord, FileState
from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scene import Asset
from function.scenes.decoder import PixelWindow, Wanted
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.byte_source import LocalByteSource
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.index_library import IndexLibrary
from function.scenes.jpeg2000.index_record import index_file, read_record, state_of
from function.scenes.jpeg2000.openjpeg import OpenJpeg

# Another order of packets in one tile: what is read packet by packet has one order for all.
POC = "T1=0,0,1,2,1,LRCP/T1=2,0,1,3,1,RLCP"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


Decode = Callable[[Asset], tuple[Samples, Mapping[str, int]]]


@pytest.fixture
def decode(openjpeg: OpenJpeg, store: MemoryStore) -> Decode:
    """Decodes a whole image, with nothing at hand from earlier; tells what that took."""

    def decode(asset: Asset) -> tuple[Samples, Mapping[str, int]]:
        with ThreadPoolExecutor(1) as pool:
            decoder = PacketDecoder(
                openjpeg,
                GdalDecoder(local_archive()),
                local_archive(),
                pool,
                Caches(0, 1 << 20),
                store,
            )
            decoder.prepare([Wanted(asset, WHOLE, 0)], Deadline.after(60.0))
            samples = decoder.decode(asset, WHOLE, 0)
            return samples.astype(np.int64), decoder.counts.snapshot()

    return decode


def test_what_is_stored_is_not_made(tmp_path: Path, store: MemoryStore, decode: Decode) -> None:
    asset, samples = image(tmp_path)
    store.records[asset.href] = record_of(asset)
    found, figures = decode(asset)
    np.testing.assert_array_equal(found, samples)
    assert (figures["indexes_loaded"], figures["indexes_built"]) == (1, 0)
    assert store.kept == []


def test_what_is_missing_is_made_and_stored(
    tmp_path: Path, store: MemoryStore, decode: Decode
) -> None:
    asset, samples = image(tmp_path)
    for built in (1, 0):
        found, figures = decode(asset)
        np.testing.assert_array_equal(found, samples)
        assert figures["indexes_built"] == built
    assert store.kept == [asset.href]
    assert store.records[asset.href] == record_of(asset)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_does_not_fit_is_stored_with_the_reason(
    tmp_path: Path, store: MemoryStore, decode: Decode
) -> None:
    asset, samples = image(tmp_path, encoding=replace(TILED, more=("-POC", POC)))
    for built in (1, 0):
        found, figures = decode(asset)
        np.testing.assert_array_equal(found, samples)
        assert figures["indexes_built"] == built
        assert figures["windows_unfit"] == 1
    record = store.records[asset.href]
    assert (record.packets, record.unfit) == (None, "a tile with a coding of its own")
    assert store.kept == [asset.href]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: replace(record, version=99),
        lambda record: replace(record, packets=record.packets[:-1]),
        lambda record: replace(record, packets=b""),
        lambda record: replace(record, state=FileState(record.state.size, "1")),
        lambda record: replace(record, state=FileState(1, record.state.stamp)),
        lambda record: replace(record, packets=None, unfit="once", state=FileState(1, "1")),
    ],
    ids=["version", "cut", "empty", "stamp", "size", "unfit before"],
)
def test_what_does_not_hold_is_made_anew(
    tmp_path: Path,
    store: MemoryStore,
    decode: Decode,
    spoil: Callable[[CodestreamRecord], CodestreamRecord],
) -> None:
    asset, samples = image(tmp_path)
    store.records[asset.href] = spoil(record_of(asset))
    found, figures = decode(asset)
    np.testing.assert_array_equal(found, samples)
    assert figures["indexes_built"] == 1
    assert store.records[asset.href] == record_of(asset)


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_index_of_another_file_gives_no_wrong_pixel(
    tmp_path: Path, store: MemoryStore, decode: Decode, seed: int
) -> None:
    """Even where size and time of the two are the same, by the headers of their tile-parts."""
    asset, samples = image(tmp_path / "one")
    other, _ = image(tmp_path / "other", seed)
    state = record_of(asset).state
    store.records[asset.href] = replace(record_of(other), state=state)
    found, figures = decode(asset)
    np.testing.assert_array_equal(found, samples)
    assert figures["indexes_built"] == 1
    assert store.records[asset.href] == record_of(asset)


def test_the_index_of_another_image_gives_no_wrong_pixel(
    tmp_path: Path, store: MemoryStore, decode: Decode
) -> None:
    asset, samples = image(tmp_path / "one")
    (tmp_path / "wider").mkdir()
    wider = encode(tmp_path / "wider", texture(1, 60, 90, 8), TILED)
    store.records[asset.href] = replace(
        record_of(asset_of(wider, 90)), state=record_of(asset).state
    )
    found, figures = decode(asset)
    np.testing.assert_array_equal(found, samples)
    assert figures["indexes_built"] == 1


def test_a_damaged_file_is_not_indexed_again_and_again(
    tmp_path: Path, openjpeg: OpenJpeg, store: MemoryStore
) -> None:
    asset, samples = image(tmp_path)
    record = record_of(asset)
    path = Path(asset.href)
    path.write_bytes(path.read_bytes()[: record.state.size // 2])
    with LocalByteSource(Path(asset.href)) as source:
        store.records[asset.href] = replace(record, state=state_of(source))
    with ThreadPoolExecutor(1) as pool:
        decoder = PacketDecoder(
            openjpeg, GdalDecoder(local_archive()), local_archive(), pool, Caches(0, 1 << 20), store
        )
        for _ in range(3):
            with pytest.raises(SceneUnreadableError, match="cannot be decoded"):
                decoder.decode(asset, WHOLE, 0)
            found = decoder.decode(asset, PixelWindow(0, 0, 32, 20), 0)
            np.testing.assert_array_equal(found, samples[:, :20, :32])
        assert decoder.counts.snapshot()["indexes_built"] == 1
    assert store.kept == []


def test_a_replaced_file_is_indexed_anew_while_the_service_runs(
    tmp_path: Path, openjpeg: OpenJpeg, store: MemoryStore
) -> None:
    with ThreadPoolExecutor(1) as pool:
        decoder = PacketDecoder(
            openjpeg,
            GdalDecoder(local_archive()),
            local_archive(),
            pool,
            Caches(1 << 20, 1 << 20),
            store,
        )
        for seed in (1, 2, 3):
            asset, samples = image(tmp_path, seed)
            os.utime(asset.href, (seed, seed))
            for _ in range(2):
                found = decoder.decode(asset, WHOLE, 0)
                np.testing.assert_array_equal(found, samples)
            assert store.records[asset.href].state.stamp == f"{seed}000000000"
        assert decoder.counts.snapshot()["indexes_built"] == 3


def test_a_store_that_fails_is_asked_again(tmp_path: Path) -> None:
    asset, _ = image(tmp_path)

    class Failing(MemoryStore):
        def load(self, assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
            super().load(assets)
            raise RuntimeError("a flaw in the store")

    failing = Failing()
    library, counts = IndexLibrary(failing, 1 << 20), DecodingCounts()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            library.load([asset], counts)
    assert len(failing.loads) == 2


def test_what_is_not_kept_in_memory_is_loaded_again(tmp_path: Path, store: MemoryStore) -> None:
    asset, _ = image(tmp_path)
    store.records[asset.href] = record_of(asset)
    library, counts = IndexLibrary(store, 0), DecodingCounts()
    library.load([asset], counts)
    with LocalByteSource(Path(asset.href)) as source:
        assert library.find(asset, source, Deadline.after(60.0), counts).to_record() == record_of(
            asset
        )
    assert counts.snapshot() == {"indexes_loaded": 2}


def test_a_record_reads_back(tmp_path: Path) -> None:
    asset, _ = image(tmp_path)
    with LocalByteSource(Path(asset.href)) as source:
        made = index_file(source)
        status = Path(asset.href).stat()
        assert made.state == FileState(status.st_size, str(status.st_mtime_ns))
    read = read_record(made.to_record())
    assert read is not None
    assert read.equals(made)
    assert (made.trusted, read.trusted) == (True, False)


def test_only_the_value_that_is_meant_is_discarded() -> None:
    cache: ByteBoundedCache[str, list[int]] = ByteBoundedCache(100, len)
    first, second = [1, 2], [1, 2]
    cache.get("key", lambda: first)
    cache.discard("key", second)
    assert cache.get("key", lambda: second) is first
    cache.discard("key", first)
    assert cache.bytes_kept == 0
    assert cache.get("key", lambda: second) is second
    cache.discard("another", first)
