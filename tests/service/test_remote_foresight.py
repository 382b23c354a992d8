"""What is fetched ahead from a real web server: once, and no more than is allowed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from archive_server import Fault
from remote_images import (
    CORNER,
    GRID,
    PATIENCE,
    SIZE,
    SOON,
    Site,
    check,
    count_reads,
    decode_all,
    local,
    replace_file,
    serving_images,
    texture,
    windows,
    write_images,
)

from function.deadline import Deadline
from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
)
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind
from function.scene import Asset, Scene
from function.scenes import decoding as decoding_module
from function.scenes.access.failures import FileMissingError
from function.scenes.decoder import Need, PixelWindow
from function.scenes.decoding import Decoding
from function.scenes.encoding import band_profile, write_jpeg2000
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.reader import SceneReader


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("images"))


@pytest.fixture
def site(images: Path, tmp_path: Path, openjpeg: OpenJpeg) -> Iterator[Site]:
    with serving_images(images, tmp_path, openjpeg) as site:
        yield site


@pytest.fixture
def assets(site: Site) -> list[Asset]:
    return site.bands()


@pytest.mark.parametrize("kept", [0, 100_000, 1 << 24])
def test_what_was_fetched_ahead_is_fetched_once_whatever_is_kept(
    site: Site, assets: Sequence[Asset], kept: int
) -> None:
    site.index(assets)
    reads = count_reads(site, windows(assets))
    narrower = PixelWindow(960, 1000, 100, 90)
    site.server.gather(reads)
    with site.decoder(kept=kept) as decoder, ThreadPoolExecutor(2) as workers:
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        assert decoding.fetch(
            windows(assets[:1], need=Need.PERHAPS) + windows(assets[1:], need=SOON)
        )
        for window, asset in zip((narrower, CORNER, narrower), assets, strict=True):
            (found,) = decoding.decode([windows([asset], window)])
            assert not isinstance(found, SceneUnreadableError)
            check(site, windows([asset], window), found)
    sizes = [each.part[1] for each in site.server.take_asked() if each.part is not None]
    assert len(sizes) == reads
    assert decoding.counts.snapshot()["bytes_fetched"] == sum(sizes)


def scenes_with_clouds(site: Site, assets: Sequence[Asset]) -> list[Scene]:
    """Scenes of one band each, of which every one has something that the others have not."""
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    footprint = "MULTIPOLYGON(((9 50, 13 50, 13 56, 9 56, 9 50)))"
    grid = Grid(GRID.crs, Affine(20, 0, 600_000, 0, -20, 6_000_000), SIZE // 2, SIZE // 2)
    scenes = []
    for number, asset in enumerate(assets):
        classes = np.full((1, SIZE // 2, SIZE // 2), 9, np.uint8)
        for start in (0, 10, 20):
            classes[:, start + 20 * number :: 70] = 4
        path = site.server.directory / f"SCL{number}.jp2"
        write_jpeg2000(path, classes, grid, band_profile(20, 8))
        scenes.append(
            Scene(
                "s", str(number), moment, moment, "S2A", "", "", 1, "", 60.0, footprint,
                (asset, replace(site.asset(path), band="SCL")),
            )
        )  # fmt: skip
    return scenes


def test_a_map_fetches_nothing_twice_whatever_is_kept(site: Site, assets: Sequence[Asset]) -> None:
    scenes = scenes_with_clouds(site, assets)
    site.index([asset for scene in scenes for asset in scene.assets])
    layer = ArchiveLayer(
        "B04", "s", LayerKind.INDEX, ("B04",), expression="B04", masked_classes=frozenset({9})
    )
    grid = Grid(GRID.crs, Affine(10, 0, 608_000, 0, -10, 5_992_000), 256, 256)
    rasters = []
    for kept in (1 << 24, 100_000, 0):
        with site.decoder(kept=kept, tries=1) as decoder, ThreadPoolExecutor(2) as workers:
            reader = SceneReader(decoder, workers)
            rasters.append(reader.read(layer, grid, scenes, True, Deadline.after(PATIENCE)))
        sizes = [each.part[1] for each in site.server.take_asked() if each.part is not None]
        assert sum(sizes) == rasters[-1].counts.bytes_fetched
    first, *others = rasters
    assert len(first.scenes) == len(scenes)
    for raster in others:
        np.testing.assert_array_equal(raster.bands, first.bands)
        assert raster.counts == first.counts


def test_no_more_is_fetched_ahead_than_is_allowed(
    site: Site, assets: Sequence[Asset], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.index(assets)
    counts = DecodingCounts()
    with site.decoder() as decoder, ThreadPoolExecutor(1) as workers:
        decode_all(decoder, windows(assets[:2]), counts)
        site.server.take_asked()
        monkeypatch.setattr(decoding_module, "MOST_AHEAD", counts.snapshot()["bytes_needed"])
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        assert not decoding.fetch(windows(assets, need=SOON))
        assert not decoding.fetch(windows(assets[2:], need=Need.PERHAPS))
        (found,) = decoding.decode([windows(assets[:2])])
        assert not isinstance(found, SceneUnreadableError)
        assert {site.server.url + each.path for each in site.server.take_asked()} == {
            asset.href for asset in assets[:2]
        }
        decoding.forget()
        assert decoding.fetch(windows(assets[2:], need=SOON))


@pytest.mark.parametrize(
    ("fault", "kind", "tries"),
    [
        (Fault.SLOW_DOWN, ArchiveThrottledError, 2),
        (Fault.RESET, ArchiveUnavailableError, 2),
        (Fault.FORBIDDEN, ArchiveDeniedError, 1),
        (None, FileMissingError, 1),
    ],
)
@pytest.mark.parametrize("along", [False, True])
def test_what_failed_ahead_is_not_asked_for_again(
    site: Site,
    assets: Sequence[Asset],
    along: bool,
    fault: Fault | None,
    kind: type[SceneUnreadableError],
    tries: int,
) -> None:
    site.index(assets)
    small = PixelWindow(100, 100, 20, 20)
    failing, sound = assets[:2]
    site.server.failing = f"/{local(site, failing).name}"
    if fault is None:
        local(site, failing).unlink()
    site.server.always = fault
    with site.decoder(tries=2, tiles=1 << 24) as decoder, ThreadPoolExecutor(1) as workers:
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        if along:
            decoding.decode([windows([sound], small) + windows([failing], small, Need.PERHAPS)])
        else:
            decoding.fetch(windows([failing], small, Need.PERHAPS))
            decoding.decode([windows([sound], small)])
            # Known to have failed by now, unless it is still being tried.
            decoding.fetch(windows([failing], small, SOON))
        (failed, found) = decoding.decode(
            [windows([failing, sound], small), windows([sound], small)]
        )
        assert type(failed) is kind
        assert not isinstance(found, SceneUnreadableError)
        check(site, windows([sound], small), found)
    asked = Counter((each.path, each.part) for each in site.server.take_asked())
    assert max(asked.values()) == tries
    assert {path for path, _ in asked} == {f"/{local(site, each).name}" for each in assets[:2]}


def test_what_was_replaced_meanwhile_is_looked_at_anew(site: Site, assets: Sequence[Asset]) -> None:
    site.index(assets)
    replace_file(local(site, assets[0]), texture(9))
    with site.decoder() as decoder, ThreadPoolExecutor(1) as workers:
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        decoding.fetch(windows(assets[:1], need=SOON))
        (found,) = decoding.decode([windows(assets[:1])])
        assert not isinstance(found, SceneUnreadableError)
        check(site, windows(assets[:1]), found)
