"""Remote scenes are foreseen by their masks: the same maps, in two rounds, nothing in vain."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from array_archive import (
    CLASSES,
    COLOUR,
    GRID,
    INDEX,
    NORTH,
    SIZE,
    WEST,
    Archive,
    ArrayDecoder,
    Images,
    read,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scene_images import UTM29

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite, LayerKind, Resampling
from function.raster import Raster
from function.scene import Asset, Scene
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Need, PixelWindow, Wanted
from function.scenes.decoding import Decoding
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.reader import SceneReader
from function.scenes.scene_queue import MOST_EXPECTED

FAR = "s3://archive/"
BAND = re.compile("_(B0|TCI)")
BANDS = ("B02", "B03", "B04", "B08")
VALUES = replace(INDEX, name="S2", kind=LayerKind.VALUES, bands=BANDS, expression=None)
PROBABLE = replace(INDEX, masked_probability=50.0)
CLOUDS = replace(INDEX, masked_classes=frozenset(), masked_clouds=frozenset({"opaque"}))
LAYERS = {
    "index": INDEX,
    "cubic": replace(INDEX, resampling=Resampling.CUBIC),
    "colour": COLOUR,
    "classes": replace(CLASSES, masked_classes=frozenset({0, 8, 9})),
    "values": VALUES,
    "probability": PROBABLE,
    "mask of L1C": CLOUDS,
}


class Site:
    """The same scenes near and far, and what reading them asked for."""

    def __init__(self, images: Sequence[Images], cloud_cover: float | None = 50.0) -> None:
        self.decoder = ArrayDecoder()
        archive = Archive(self.decoder)
        self.near = [
            replace(archive.scene(f"S{number:02}", each), cloud_cover=cloud_cover)
            for number, each in enumerate(images)
        ]
        self.far = [self._move(scene) for scene in self.near]

    def _move(self, scene: Scene) -> Scene:
        assets = tuple(
            replace(asset, href=f"{FAR}{asset.href}", nodata=None)
            if asset.band in {"CLDPRB", "MSK_CLASSI"}
            else replace(asset, href=f"{FAR}{asset.href}")
            for asset in scene.assets
        )
        for asset in assets:
            self.decoder.images[asset.href] = self.decoder.images[asset.href[len(FAR) :]]
        return replace(scene, assets=assets)

    def lose(self, *names: str) -> None:
        """Lose files, near and far."""
        for name in names:
            del self.decoder.images[name], self.decoder.images[f"{FAR}{name}"]

    def read(
        self,
        layer: ArchiveLayer,
        *,
        far: bool,
        grid: Grid = GRID,
        decoder: ArrayDecoder | None = None,
    ) -> Raster:
        self.decoder.decoded.clear()
        self.decoder.prepared.clear()
        with ThreadPoolExecutor(2) as workers:
            reader = SceneReader(decoder or self.decoder, workers)
            return read(reader, layer, self.far if far else self.near, True, grid)

    @property
    def files(self) -> list[str]:
        """What was decoded, near or far."""
        return sorted(name.removeprefix(FAR) for name in self.decoder.files)

    def rounds(self, *, large: bool = False) -> list[list[str]]:
        """What was fetched and had not been before, at once each.

        Of ``large`` maps bands are not fetched where they are only perhaps wanted.
        """
        known: set[str] = set()
        rounds = []
        for call in self.decoder.prepared:
            fetched = (
                name.rpartition("/")[2]
                for name in call
                if not (large and name.startswith("perhaps") and "B0" in name)
            )
            if new := [name for name in fetched if name not in known]:
                known.update(new)
                rounds.append(new)
        return rounds


def clouded(random: np.random.Generator, share: float) -> NDArray[np.uint8]:
    """Classes of 20 m with square clouds of all sizes over about a ``share``."""
    classes = np.full((60, 60), 4, np.uint8)
    while np.count_nonzero(classes == 9) < share * classes.size:
        row, column = random.integers(-10, 60, 2)
        size = int(random.integers(2, 25))
        classes[max(0, row) : row + size, max(0, column) : column + size] = 9
    return classes


def images(seed: int, share: float, gaps: bool) -> Images:
    random = np.random.default_rng(seed)
    made: Images = {
        band: random.integers(1100, 4000, (SIZE, SIZE)).astype(np.uint16) for band in BANDS
    }
    made["TCI"] = random.integers(1, 200, (3, SIZE, SIZE)).astype(np.uint8)
    made["SCL"] = clouded(random, share)
    made["CLDPRB"] = random.integers(0, 101, (1, SIZE, SIZE)).astype(np.uint8)
    made["MSK_CLASSI"] = (random.random((3, SIZE, SIZE)) < share).astype(np.uint8)
    if gaps:
        edge = int(random.integers(20, 60))
        for band in (*BANDS, "TCI"):
            made[band][..., :edge] = 0
        if random.random() < 0.5:
            made["SCL"][:, : edge // 2] = 0
    return made


def check_alike(near: Raster, far: Raster) -> None:
    np.testing.assert_array_equal(far.valid, near.valid)
    np.testing.assert_array_equal(far.bands, near.bands)
    assert far.scenes == near.scenes
    assert [each.replace(FAR, "") for each in far.warnings] == list(near.warnings)
    assert far.counts.scenes == near.counts.scenes


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@settings(max_examples=12)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.3, 0.8]),
    st.booleans(),
    st.sampled_from([10.0, 7.3, 31.0, 85.0]),
)
def test_maps_are_the_same_bit_for_bit(
    layer: ArchiveLayer, seed: int, share: float, gaps: bool, step: float
) -> None:
    site = Site([images(seed + number, share, gaps) for number in range(5)])
    size = int(900 / step)
    grid = Grid(UTM29, Affine(step, 0, WEST + 43.7, 0, -step, NORTH - 31.1), size, size)
    near = site.read(layer, far=False, grid=grid)
    files = site.files
    far = site.read(layer, far=True, grid=grid)
    check_alike(near, far)
    if gaps:
        # A mask may be looked at again for pixels that turned out not to have been measured.
        assert set(site.files) == set(files)
    else:
        assert site.files == files
        assert far.counts.samples == near.counts.samples


@pytest.mark.parametrize("layer", [LAYERS["index"], LAYERS["colour"], LAYERS["values"]])
@pytest.mark.parametrize(("share", "depth"), [(0.0, 3), (0.3, 6), (0.6, 12)])
def test_two_rounds_are_enough_where_it_is_as_cloudy_as_the_catalogue_says(
    layer: ArchiveLayer, share: float, depth: int
) -> None:
    site = Site([images(seed, share, False) for seed in range(depth)], 100 * share)
    raster = site.read(layer, far=True)
    assert raster.counts.scenes > 1 or not share
    assert len(site.rounds(large=True)) <= 2
    # Masks, and the bands of the first scene; then bands alone, and all of them are decoded.
    first, *later = site.rounds()
    assert all("SCL" in name or "S00" in name for name in first)
    assert {name for names in later for name in names} <= set(site.files)
    assert not any("SCL" in name for names in later for name in names)
    assert len(later) == (1 if share else 0)


def test_a_clear_scene_fetches_few_masks_and_decodes_none_of_them() -> None:
    site = Site([images(seed, 0.0, False) for seed in range(20)], cloud_cover=0.0)
    site.read(INDEX, far=True)
    assert site.files == ["S00_B04.jp2", "S00_B08.jp2", "S00_SCL.jp2"]
    (names,) = site.rounds()
    assert sorted(names) == [
        "S00_B04.jp2",
        "S00_B08.jp2",
        "S00_SCL.jp2",
        "S01_SCL.jp2",
        "S02_SCL.jp2",
        "S03_SCL.jp2",
    ]


def test_what_is_fetched_of_many_clouded_scenes_is_bounded() -> None:
    site = Site([images(seed, 1.0, False) for seed in range(50)], cloud_cover=None)
    raster = site.read(INDEX, far=True)
    assert not raster.valid.any()
    assert raster.counts.scenes == 50
    assert site.files == [f"S{number:02}_SCL.jp2" for number in range(50)]
    horizon = MOST_EXPECTED + 1
    for names in site.rounds():
        assert sum("SCL" in name for name in names) <= horizon
        assert sum("B0" in name for name in names) <= 2
    assert len(site.rounds()) == -(-50 // horizon)


def test_what_cannot_be_read_falls_through_alone() -> None:
    site = Site([images(seed, 0.5, False) for seed in range(6)])
    site.lose("S00_SCL.jp2", "S02_B08.jp2", "S03_SCL.jp2")
    near = site.read(INDEX, far=False)
    assert len(near.warnings) >= 2
    far = site.read(INDEX, far=True)
    check_alike(near, far)
    assert site.decoder.files.count(f"{FAR}S00_SCL.jp2") == 1


class Unlucky(ArrayDecoder):
    """Whatever is fetched ahead of its time fails."""

    def __init__(self, decoder: ArrayDecoder) -> None:
        super().__init__()
        self._decoder = decoder
        self.failed = 0

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> list[Future[Decode]]:
        ready = self._decoder.prepare(wanted, deadline, counts, ahead)
        for place, item in enumerate(wanted):
            if item.need is not Need.NOW:
                self.failed += 1
                ready[place] = Future()
                ready[place].set_exception(SceneUnreadableError("not now"))
        return ready


def test_what_fails_ahead_of_its_time_fails_nothing() -> None:
    site = Site([images(seed, 0.5, False) for seed in range(6)])
    near = site.read(INDEX, far=False)
    unlucky = Unlucky(site.decoder)
    check_alike(near, site.read(INDEX, far=True, decoder=unlucky))
    assert unlucky.failed > 10


@pytest.mark.parametrize("composite", [Composite.MEDIAN, Composite.MAX])
def test_a_wave_of_a_composite_takes_two_rounds(composite: Composite) -> None:
    site = Site([images(seed, 0.4, False) for seed in range(8)])
    layer = replace(PROBABLE, composite=composite)
    near = site.read(layer, far=False)
    check_alike(near, site.read(layer, far=True))
    masks, bands = site.rounds(large=True)
    assert sum("SCL" in name or "CLDPRB" in name for name in masks) == 16
    assert {name[-7:-4] for name in bands} == {"B04", "B08"}


def test_time_runs_out_while_masks_are_looked_at() -> None:
    site = Site([images(seed, 1.0, False) for seed in range(4)])
    with ThreadPoolExecutor(1) as workers:
        reader = SceneReader(site.decoder, workers)
        assert reader.read(INDEX, GRID, site.far, True, Deadline.after(-1.0)).late


class Transferring(ArrayDecoder):
    """What is wanted later is on its way until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: list[Future[Decode]] = []

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> list[Future[Decode]]:
        ready = super().prepare(wanted, deadline, counts, ahead)
        for place, item in enumerate(wanted):
            if item.need is not Need.NOW:
                ready[place] = Future()
                self.coming.append(ready[place])
        return ready


@pytest.fixture
def transferring() -> Transferring:
    return Transferring()


@pytest.fixture
def decoding(transferring: Transferring) -> Iterator[Decoding]:
    with ThreadPoolExecutor(1) as workers:
        yield Decoding(transferring, workers, Deadline.after(60.0))


@pytest.fixture
def asset(transferring: Transferring) -> Asset:
    scene = Archive(transferring).scene("A", {"B04": images(1, 0.0, False)["B04"]})
    return scene.assets[0]


def window(asset: Asset, need: Need = Need.NOW, side: int = 50) -> Wanted:
    return Wanted(asset, PixelWindow(10, 20, side, side), 0, need)


def test_what_is_on_its_way_is_not_fetched_twice(
    transferring: Transferring, decoding: Decoding, asset: Asset
) -> None:
    decoding.fetch([window(asset, Need.PERHAPS)])
    decoding.fetch([window(asset, Need.SOON, 30)])
    assert len(transferring.coming) == 1
    transferring.coming[0].set_result(lambda: np.zeros((1, 1, 1)))
    decoding.fetch([window(asset, Need.SOON, 30)])
    assert len(transferring.coming) == 2
    transferring.coming[1].set_exception(SceneUnreadableError("broke off"))
    ((samples,),) = decoding.decode([[window(asset)]])  # type: ignore[misc]
    np.testing.assert_array_equal(samples, transferring.images["A_B04.jp2"][:, 20:70, 10:60])


def test_what_is_not_asked_for_is_given_up(
    transferring: Transferring, decoding: Decoding, asset: Asset
) -> None:
    decoding.fetch([window(asset, Need.PERHAPS)])
    decoding.forget()
    assert transferring.coming[0].cancelled()


def test_what_is_kept_is_decoded_once_and_only_what_it_holds(
    transferring: Transferring, decoding: Decoding, asset: Asset
) -> None:
    ((samples,),) = decoding.decode([[window(asset)]])  # type: ignore[misc]
    for _ in range(2):
        decoding.kept.keep(window(asset), samples)
        ((part,),) = decoding.decode([[window(asset, side=30)]])  # type: ignore[misc]
        np.testing.assert_array_equal(part, samples[:, :30, :30])
    assert (decoding.windows, len(transferring.decoded)) == (1, 1)
    decoding.kept.keep(window(asset, side=30), samples[:, :30, :30])
    ((whole,),) = decoding.decode([[window(asset)]])  # type: ignore[misc]
    np.testing.assert_array_equal(whole, samples)
    assert decoding.windows == 2


def test_a_single_date_is_not_gone_through_twice() -> None:
    site = Site([images(1, 0.5, False)])
    site.read(INDEX, far=True)
    assert [len(call) for call in site.decoder.prepared] == [3, 2]
