"""Scenes read side by side and in parts: waiting, sharing, failing, counting."""

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from array_archive import (
    GRID,
    INDEX,
    NORTH,
    SIZE,
    WEST,
    Archive,
    ArrayDecoder,
    bands,
    ndvi,
    plain,
    read,
)
from scene_images import UTM29

from function.deadline import Deadline
from function.grid import Grid
from function.layer import Resampling
from function.raster import ReadCounts
from function.scene import Asset
from function.scenes import reader as module
from function.scenes import sheet
from function.scenes.decoder import PixelWindow, Samples
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.reader import SceneReader


@pytest.fixture
def decoder() -> ArrayDecoder:
    return ArrayDecoder()


@pytest.fixture
def archive(decoder: ArrayDecoder) -> Archive:
    return Archive(decoder)


@pytest.fixture(scope="module")
def workers() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as pool:
        yield pool


@pytest.fixture
def reader(decoder: ArrayDecoder, workers: Executor) -> SceneReader:
    return SceneReader(decoder, workers)


def test_time_is_checked_before_each_scene(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    scenes = [archive.scene("A", bands(2000, 3000))]
    raster = reader.read(INDEX, GRID, scenes, False, Deadline.after(-1.0))
    assert raster.late
    assert not raster.valid.any()
    assert decoder.prepared == []


def test_waiting_ends_with_the_deadline_and_queued_work_is_given_up(archive: Archive) -> None:
    release = threading.Event()

    class SlowDecoder(ArrayDecoder):
        def decode(
            self,
            asset: Asset,
            window: PixelWindow,
            reduction: int,
            counts: DecodingCounts | None = None,  # noqa: ARG002
        ) -> Samples:
            self.decoded.append((asset.href, window, reduction))
            release.wait(60.0)
            return np.ones((1, window.height, window.width), np.uint16)

    slow = SlowDecoder()
    with ThreadPoolExecutor(1) as pool:
        reader = SceneReader(slow, pool)
        scene = archive.scene("A", bands(2000, 3000))
        raster = reader.read(INDEX, GRID, [scene], False, Deadline.after(1.0))
        release.set()
    assert raster.late
    assert slow.files == ["A_B04.jp2"]


def test_neighbours_are_read_at_once(archive: Archive, decoder: ArrayDecoder) -> None:
    together = threading.Barrier(4, timeout=60.0)

    class MeetingDecoder(ArrayDecoder):
        def decode(
            self,
            asset: Asset,
            window: PixelWindow,
            reduction: int,
            counts: DecodingCounts | None = None,
        ) -> Samples:
            together.wait()
            return decoder.decode(asset, window, reduction, counts)

    # The second begins a tenth before the first ends.
    scenes = [
        archive.scene("WEST", bands(2000, 3000)),
        archive.scene("EAST", bands(2000, 4000), west=WEST + 10 * (SIZE - 12)),
    ]
    grid = Grid(UTM29, Affine(10, 0, WEST, 0, -10, NORTH), 2 * SIZE - 12, SIZE)
    with ThreadPoolExecutor(4) as workers:
        raster = read(SceneReader(MeetingDecoder(), workers), INDEX, scenes, grid=grid)
    assert raster.scenes == ("WEST", "EAST")
    assert raster.valid.all()
    np.testing.assert_allclose(raster.bands[0][:, :SIZE], ndvi(2000, 3000), rtol=1e-6)
    np.testing.assert_allclose(raster.bands[0][:, SIZE:], ndvi(2000, 4000), rtol=1e-6)


def test_neighbours_are_prepared_for_at_once(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    scl = plain(4, SIZE // 2).astype(np.uint8)
    scenes = [
        archive.scene("WEST", {**bands(2000, 3000), "SCL": scl}),
        archive.scene("EAST", {**bands(2000, 4000), "SCL": scl}, west=WEST + 10 * SIZE),
    ]
    grid = Grid(UTM29, Affine(10, 0, WEST, 0, -10, NORTH), 2 * SIZE, SIZE)
    read(reader, INDEX, scenes, cloud_mask=True, grid=grid)
    assert decoder.prepared == [
        [
            "WEST_SCL.jp2",
            "EAST_SCL.jp2",
            "perhaps WEST_B04.jp2",
            "perhaps WEST_B08.jp2",
            "perhaps EAST_B04.jp2",
            "perhaps EAST_B08.jp2",
        ],
        ["WEST_B04.jp2", "WEST_B08.jp2", "EAST_B04.jp2", "EAST_B08.jp2"],
    ]


def test_what_decoding_took_is_told(archive: Archive, decoder: ArrayDecoder) -> None:
    class CountingDecoder(ArrayDecoder):
        def decode(
            self,
            asset: Asset,
            window: PixelWindow,
            reduction: int,
            counts: DecodingCounts | None = None,
        ) -> Samples:
            assert counts is not None
            counts.add(tiles_decoded=2, tiles_kept=3, fetches=1, bytes_fetched=50)
            counts.add(indexes_built=1)
            counts.add(windows_unfit=1, retries=2)
            return decoder.decode(asset, window, reduction, counts)

    with ThreadPoolExecutor(2) as workers:
        reader = SceneReader(CountingDecoder(), workers)
        for _ in range(2):  # each request's own
            raster = read(reader, INDEX, [archive.scene("A", bands(2000, 3000))])
            assert raster.counts == ReadCounts(
                scenes=1,
                skipped=0,
                windows=2,
                samples=2 * SIZE * SIZE,
                tiles_decoded=4,
                tiles_kept=6,
                fetches=2,
                bytes_fetched=100,
                retries=4,
                indexes_built=2,
                windows_unfit=2,
            )


def test_error_of_one_scene_leaves_those_read_with_it_alone(
    reader: SceneReader, archive: Archive
) -> None:
    step = 10 * SIZE
    broken = frozenset({"B08"})
    scenes = [
        archive.scene("A", bands(2000, 3000)),
        archive.scene("B", bands(2000, 4000), west=WEST + step, missing=broken),
        archive.scene("C", {"B04": plain(2000)}, west=WEST + 2 * step),
        archive.scene("D", bands(2000, 5000), west=WEST + 3 * step),
    ]
    grid = Grid(UTM29, Affine(10, 0, WEST, 0, -10, NORTH), 4 * SIZE, SIZE)
    raster = read(reader, INDEX, scenes, grid=grid)
    assert raster.scenes == ("A", "D")
    assert raster.warnings == ("B: B_B08.jp2 cannot be decoded", "C: the scene has no B08")
    assert raster.valid[:, :SIZE].all()
    assert raster.valid[:, 3 * SIZE :].all()
    assert not raster.valid[:, SIZE : 3 * SIZE].any()


def test_large_grid_is_filled_in_parts(
    reader: SceneReader,
    archive: Archive,
    decoder: ArrayDecoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PART", 50)
    upper = bands(2000, 3000)
    upper["B04"][:, 100:] = 0
    broken = archive.scene("X", bands(2000, 3000), missing=frozenset({"B04"}))
    scenes = [broken, archive.scene("A", upper), archive.scene("B", bands(2000, 5000))]
    raster = read(reader, INDEX, scenes)
    np.testing.assert_allclose(raster.bands[0][:, :100], ndvi(2000, 3000), rtol=1e-6)
    np.testing.assert_allclose(raster.bands[0][:, 100:], ndvi(2000, 5000), rtol=1e-6)
    assert raster.scenes == ("A", "B")
    assert raster.warnings == ("X: X_B04.jp2 cannot be decoded",)
    assert (raster.counts.scenes, raster.counts.skipped) == (3, 0)
    assert all(window.width <= 52 for _, window, _ in decoder.decoded)
    assert {window.column for href, window, _ in decoder.decoded if href[0] == "B"} == {99}


def test_many_requests_share_one_reader(reader: SceneReader, archive: Archive) -> None:
    scenes = [archive.scene("A", bands(2000, 3000)), archive.scene("B", bands(2000, 4000))]

    def one(number: int) -> bool:
        order = scenes if number % 2 else scenes[::-1]
        raster = read(reader, INDEX, order)
        return raster.scenes == (order[0].name,) and bool(raster.valid.all())

    with ThreadPoolExecutor(6) as requests:
        assert all(requests.map(one, range(40)))


@pytest.mark.parametrize("method", list(Resampling))
@pytest.mark.parametrize("step", [10.0, 7.3, 31.0])
def test_a_map_made_in_parts_is_the_map_made_at_once(
    reader: SceneReader,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    method: Resampling,
    step: float,
) -> None:
    random = np.random.default_rng(5)
    red, infrared = random.integers(3000, 4000, (2, SIZE, SIZE)).astype(np.uint16)
    red[30:38, 40:90] = 0
    infrared[100:, 20:24] = 0
    classes = np.full((60, 60), 4, np.uint8)
    classes[5:20, 30:50] = 9
    # Rows between the clouds and the nodata in which no pixel is left to fill.
    scenes = [
        archive.scene("A", {"B04": red, "B08": infrared, "SCL": classes}),
        archive.scene("B", {**bands(2000, 5000), "SCL": np.full((60, 60), 4, np.uint8)}),
    ]
    layer = replace(INDEX, resampling=method)
    size = int(900 / step)
    grid = Grid(UTM29, Affine(step, 0, WEST + 43.7, 0, -step, NORTH - 31.1), size, size)
    whole = read(reader, layer, scenes, True, grid)
    assert whole.scenes == ("A", "B")
    monkeypatch.setattr(sheet, "PART_PIXELS", 3 * size)
    parts = read(reader, layer, scenes, True, grid)
    np.testing.assert_array_equal(parts.valid, whole.valid)
    np.testing.assert_allclose(parts.bands, whole.bands, atol=2e-4)
    assert parts.scenes == whole.scenes
