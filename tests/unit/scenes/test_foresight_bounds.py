"""What foresight holds is bounded; what does not fit is read as if nothing was foreseen."""

from concurrent.futures import ThreadPoolExecutor

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
    Images,
    bands,
    plain,
    read,
)
from scene_images import UTM29

from function.grid import Grid
from function.raster import Raster
from function.scene import Asset, Scene
from function.scenes import decoding as module
from function.scenes.allowance import Allowance
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.kept_windows import KeptWindows
from function.scenes.reader import SceneReader
from function.scenes.scene_queue import WAVE

# Of 20 m.
MASK_BYTES = (SIZE // 2) ** 2
DATES = 8


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes that are kept, each time that there are more."""
    known: list[int] = []
    keep = KeptWindows.keep

    def counted(windows: KeptWindows, item: Wanted, samples: Samples) -> None:
        keep(windows, item, samples)
        known.append(windows.bytes_kept)

    monkeypatch.setattr(KeptWindows, "keep", counted)
    return known


class Far:
    """An archive that is far away, and what is asked of it."""

    def __init__(self) -> None:
        self.decoder = ArrayDecoder()
        self._archive = Archive(self.decoder)

    def scene(self, name: str, images: Images, west: float = WEST) -> Scene:
        return self._archive.scene(f"s3://archive/{name}", images, west=west)

    def read(self, scenes: list[Scene], grid: Grid = GRID) -> Raster:
        self.decoder.decoded.clear()
        self.decoder.prepared.clear()
        with ThreadPoolExecutor(2) as workers:
            return read(SceneReader(self.decoder, workers), INDEX, scenes, True, grid)

    def ahead(self, *words: str) -> list[str]:
        """What was fetched before it was wanted."""
        return [name for call in self.decoder.prepared for name in call if name.startswith(words)]


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
def dates(far: Far) -> list[Scene]:
    """Scenes of one place, each without clouds in strips of its own: all are needed."""
    scenes = []
    for date in range(DATES):
        classes = np.full((SIZE // 2, SIZE // 2), 9, np.uint8)
        classes[:, date::DATES] = 4
        scenes.append(far.scene(f"D{date}", {**bands(2000, 3000 + date), "SCL": classes}))
    return scenes


def test_masks_are_kept_as_far_as_there_is_room_and_none_is_decoded_in_vain(
    far: Far, dates: list[Scene], kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = far.read(dates)
    files = sorted(far.decoder.files)
    # Their windows are smaller by what the first ones fill at the edge.
    assert DATES * MASK_BYTES >= max(kept) > (DATES - 1) * MASK_BYTES
    kept.clear()
    limit = 7 * MASK_BYTES // 2
    monkeypatch.setattr(module, "MOST_KEPT", limit)
    raster = far.read(dates)
    assert len(kept) == 3
    assert max(kept) <= limit
    np.testing.assert_array_equal(raster.bands, expected.bands)
    np.testing.assert_array_equal(raster.valid, expected.valid)
    assert sorted(far.decoder.files) == files
    assert {name[-11:] for name in far.ahead("soon")} == {
        f"/D{date}_B{band}.jp2" for date in range(3) for band in ("04", "08")
    }


def test_foresight_ends_where_no_more_may_be_fetched_ahead(
    far: Far, dates: list[Scene], kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = far.read(dates)
    files = sorted(far.decoder.files)
    assert len(far.ahead("soon")) == 2 * DATES
    kept.clear()
    monkeypatch.setattr(module, "MOST_AHEAD", 1000)
    raster = far.read(dates)
    np.testing.assert_array_equal(raster.bands, expected.bands)
    assert sorted(far.decoder.files) == files
    assert far.ahead("soon") == []
    assert kept == []
    # One after another, each with its bands in the same round.
    calls = [call for call in far.decoder.prepared[1:] if any("SCL" in name for name in call)]
    assert [len(call) for call in calls] == [3] * DATES


def test_nothing_is_foreseen_of_neighbours(far: Far, kept: list[int]) -> None:
    count = WAVE + 3
    classes = np.full((SIZE // 2, SIZE // 2), 4, np.uint8)
    step = 10 * (SIZE - 12)
    scenes = [
        far.scene(f"N{number}", {**bands(2000, 3000), "SCL": classes}, west=WEST + number * step)
        for number in range(count)
    ]
    grid = Grid(UTM29, Affine(10, 0, WEST, 0, -10, NORTH), count * (SIZE - 12), SIZE)
    raster = far.read(scenes, grid)
    assert raster.valid.all()
    assert kept == []
    # Of each wave the masks and perhaps the bands, then the bands.
    assert [len(call) for call in far.decoder.prepared] == [3 * WAVE, 2 * WAVE, 9, 6]
    scenes.append(far.scene("OLD", {**bands(2000, 4000), "SCL": classes}))
    far.read(scenes, grid)
    assert max(kept) > WAVE * MASK_BYTES


@pytest.fixture
def asset(far: Far) -> Asset:
    return far.scene("A", {"B04": plain(2000)}).assets[0]


def window(asset: Asset, side: int, reduction: int = 0) -> Wanted:
    return Wanted(asset, PixelWindow(10, 20, side, side), reduction, Need.PERHAPS)


def samples(side: int) -> Samples:
    return np.arange(side * side, dtype=np.uint16).reshape(1, side, side)


def test_windows_are_kept_once_and_up_to_a_limit(asset: Asset) -> None:
    windows = KeptWindows(2 * 900)
    assert windows.has_room([window(asset, 30)])
    assert not windows.has_room([window(asset, 30), window(asset, 1, 1)])
    for side in (20, 30, 29):
        windows.keep(window(asset, side), samples(side))
        assert windows.bytes_kept == 2 * side * side
    windows.keep(window(asset, 8, 1), samples(8))
    assert windows.take(window(asset, 8, 1)) is None
    assert windows.take(window(asset, 30)) is None
    found = windows.take(window(asset, 7))
    assert found is not None
    np.testing.assert_array_equal(found, samples(29)[:, :7, :7])
    assert windows.bytes_kept == 0
    assert windows.take(window(asset, 7)) is None
    windows.keep(window(asset, 8, 1), samples(8))
    windows.clear()
    assert (windows.bytes_kept, windows.take(window(asset, 8, 1))) == (0, None)


def test_an_allowance_ends_with_what_does_not_fit() -> None:
    allowance = Allowance(100)
    assert allowance.take(60)
    assert allowance.take(40)
    assert not allowance.used_up
    assert not allowance.take(1)
    assert allowance.used_up
    assert not allowance.take(0)
