"""Windows of GeoTIFFs on a real web server: just their tiles, in one round, whatever happens."""

import os
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from archive_server import ArchiveServer, Fault, serving_files
from numpy.typing import NDArray

from function.deadline import Deadline
from function.errors import ArchiveThrottledError, ArchiveUnavailableError, SceneUnreadableError
from function.grid import Grid
from function.scene import Asset
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.access.rounds import NEAR_GAP
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.decoding import Decoding
from function.scenes.encoding import band_profile, write_jpeg2000
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.geotiff.decoder import BlockDecoder
from function.scenes.jpeg2000.boxes import FIRST_READ
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.remote_windows import LIKELY_BYTES

SIZE = 1300
GRID = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), SIZE, SIZE)
BANDS = ("B02", "B03", "B04")
# Meets four tiles of 256.
CORNER = PixelWindow(700, 730, 150, 140)
PATIENCE = 60.0
OPTIONS = {"DEFLATE": {"COMPRESS": "DEFLATE", "PREDICTOR": "2"}, "NONE": {"COMPRESS": "NONE"}}


class Site:
    """Images on a server, and decoders that read them there."""

    def __init__(self, server: ArchiveServer, openjpeg: OpenJpeg) -> None:
        self.server = server
        self._openjpeg = openjpeg

    @contextmanager
    def decoder(
        self, kept: int = 0, connections: int = 64, directories: int = 1 << 24
    ) -> Iterator[BlockDecoder]:
        archive = Archive(AccessLimits(connections, PATIENCE, 1, kept))
        with ThreadPoolExecutor(1) as workers:
            packets = PacketDecoder(
                self._openjpeg, GdalDecoder(archive), archive, workers, Caches(0, 1 << 24)
            )
            yield BlockDecoder(packets, archive, directories)
            archive.close()

    def path(self, asset: Asset) -> Path:
        return self.server.directory / Path(asset.href).name


def texture(seed: int) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(1, 9999, (1, SIZE, SIZE)).astype(np.uint16)


def write(path: Path, samples: NDArray[np.uint16], compression: str = "DEFLATE") -> None:
    """Write a cloud-optimised GeoTIFF with overviews."""
    plain = path.with_suffix(".plain.tif")
    options = {"driver": "GTiff", "crs": GRID.crs, "transform": GRID.transform}
    with rasterio.Env(GDAL_PAM_ENABLED="NO"):
        with rasterio.open(
            plain, "w", width=SIZE, height=SIZE, count=len(samples), dtype="uint16", **options
        ) as dataset:
            dataset.write(samples)
        creation = {"COMPRESS": compression, "PREDICTOR": "YES" if compression != "NONE" else "NO"}
        rasterio.shutil.copy(plain, path, driver="COG", BLOCKSIZE="256", **creation)
    plain.unlink()


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("images")
    for seed, band in enumerate(BANDS):
        write(directory / f"{band}.tif", texture(seed))
    return directory


@pytest.fixture
def site(images: Path, tmp_path: Path, openjpeg: OpenJpeg) -> Iterator[Site]:
    for path in images.iterdir():
        os.link(path, tmp_path / path.name)
    with serving_files(tmp_path) as server:
        yield Site(server, openjpeg)


@pytest.fixture
def assets(site: Site) -> list[Asset]:
    return [asset_of(site, f"{band}.tif") for band in BANDS]


def asset_of(site: Site, name: str) -> Asset:
    return Asset("B04", site.server.href(site.server.directory / name), GRID, 1, 16)


def windows(
    assets: Sequence[Asset], window: PixelWindow = CORNER, need: Need = Need.NOW
) -> list[Wanted]:
    return [Wanted(asset, window, 0, need) for asset in assets]


def decode_all(
    decoder: BlockDecoder, wanted: Sequence[Wanted], counts: DecodingCounts | None = None
) -> list[Samples]:
    coming = decoder.prepare(wanted, Deadline.after(PATIENCE), counts)
    return [future.result(PATIENCE)() for future in coming]


def check(site: Site, wanted: Sequence[Wanted], decoded: Sequence[Samples]) -> None:
    for item, samples in zip(wanted, decoded, strict=True):
        with rasterio.open(site.path(item.asset)) as dataset:
            expected = dataset.read()[(slice(None), *item.window.slices)]
        np.testing.assert_array_equal(samples, expected)


def replace_file(path: Path, samples: NDArray[np.uint16]) -> None:
    partial = path.with_suffix(".partial.tif")
    write(partial, samples, "NONE")
    partial.replace(path)


def test_files_that_are_known_come_in_one_round_of_just_their_tiles(
    site: Site, assets: Sequence[Asset]
) -> None:
    with site.decoder() as decoder:
        decode_all(decoder, windows(assets, PixelWindow(0, 0, 1, 1)))
        site.server.take_asked()
        check(site, windows(assets), decode_all(decoder, windows(assets)))
        reads = len(site.server.take_asked())
        # None is answered before all have come.
        site.server.gather(reads)
        counts = DecodingCounts()
        check(site, windows(assets), decode_all(decoder, windows(assets), counts))
    asked = site.server.take_asked()
    assert site.server.most_at_once == len(asked) == reads
    figures = counts.snapshot()
    assert figures["fetches"] == reads
    fetched = sum(each.part[1] for each in asked if each.part is not None)
    assert figures["bytes_fetched"] == fetched
    assert 0 <= fetched - figures["bytes_needed"] < NEAR_GAP * reads
    # Four tiles of each band, of noise that hardly shrinks.
    assert figures["bytes_needed"] < len(BANDS) * 4 * 256 * 256 * 2
    assert all(each.if_match is not None for each in asked)


def test_files_that_are_not_known_take_two_rounds(site: Site, assets: Sequence[Asset]) -> None:
    with site.decoder() as decoder, ThreadPoolExecutor(1) as caller:
        site.server.gather(1000)
        coming = caller.submit(decode_all, decoder, windows(assets))
        wait_for(site, len(assets))
        starts = site.server.take_asked()
        assert [each.part for each in starts] == [(0, FIRST_READ)] * len(assets)
        site.server.release(hold_next=True)
        # Two rows of tiles lie too far apart to be read as one.
        wait_for(site, 2 * len(assets))
        site.server.release()
        check(site, windows(assets), coming.result(PATIENCE))
    assert len(site.server.take_asked()) == 2 * len(assets)


def wait_for(site: Site, requests: int) -> None:
    deadline = Deadline.after(PATIENCE)
    while site.server.at_once < requests:
        deadline.check("read")


def test_directories_are_read_once_for_all_who_ask(site: Site, assets: Sequence[Asset]) -> None:
    wanted = windows([assets[0]] * 3, PixelWindow(0, 0, 5, 5)) + windows(assets[:1])
    with site.decoder() as decoder:
        check(site, wanted, decode_all(decoder, wanted))
    starts = [each for each in site.server.take_asked() if each.part == (0, FIRST_READ)]
    assert len(starts) == 1


def test_directories_are_kept_as_far_as_there_is_room(site: Site, assets: Sequence[Asset]) -> None:
    with site.decoder(directories=0) as decoder:
        for _ in range(2):
            check(site, windows(assets), decode_all(decoder, windows(assets)))
    starts = [each for each in site.server.take_asked() if each.part == (0, FIRST_READ)]
    assert len(starts) == 2 * len(assets)


@pytest.mark.parametrize("reduction", [1, 2, 3, 4])
def test_a_reduced_window_is_that_of_the_local_file(
    site: Site, assets: Sequence[Asset], reduction: int
) -> None:
    window, counts = PixelWindow(3, 5, 60, 50), DecodingCounts()
    local = [replace(asset, href=str(site.path(asset))) for asset in assets]
    wanted = [Wanted(asset, window, reduction) for asset in assets]
    with site.decoder() as decoder:
        for samples, asset in zip(decode_all(decoder, wanted, counts), local, strict=True):
            np.testing.assert_array_equal(samples, decoder.decode(asset, window, reduction))
    # Reduced by 4 and less, a map of 60 samples takes no more tiles than a map of as many pixels.
    most = 9 if reduction < 3 else 25
    assert counts.snapshot()["bytes_needed"] <= len(assets) * most * 256 * 256 * 2


def test_what_is_likely_comes_along_and_is_not_read_again(
    site: Site, assets: Sequence[Asset]
) -> None:
    first, later = assets[:1], assets[1:]
    # Two tiles of each band; of four there would be too much to be likely.
    around, narrower = PixelWindow(700, 700, 60, 160), PixelWindow(710, 730, 40, 100)
    with site.decoder(kept=1 << 24) as decoder, ThreadPoolExecutor(2) as workers:
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        (found,) = decoding.decode([windows(first) + windows(later, around, Need.PERHAPS)])
        assert not isinstance(found, SceneUnreadableError)
        check(site, windows(first), found)
        (found,) = decoding.decode([windows(later, narrower)])
        assert not isinstance(found, SceneUnreadableError)
        check(site, windows(later, narrower), found)
    # The start and two rows of tiles of each file.
    asked = sorted(each.path for each in site.server.take_asked())
    assert asked == sorted([f"/{band}.tif" for band in BANDS] * 3)


def test_what_is_needed_soon_is_fetched_however_large(site: Site, assets: Sequence[Asset]) -> None:
    large = PixelWindow(0, 0, 1000, 1000)
    with site.decoder(kept=1 << 26) as decoder:
        for ready in decoder.prepare(windows(assets, large, Need.SOON), Deadline.after(PATIENCE)):
            ready.result(PATIENCE)
        assert site.server.take_asked()
        check(site, windows(assets, large), decode_all(decoder, windows(assets, large)))
    assert site.server.take_asked() == []


def test_what_is_likely_and_large_waits(site: Site, assets: Sequence[Asset]) -> None:
    large, counts = PixelWindow(0, 0, 1000, 1000), DecodingCounts()
    with site.decoder() as decoder:
        decode_all(decoder, windows(assets[:1], large), counts)
        assert counts.snapshot()["bytes_needed"] > LIKELY_BYTES
        site.server.take_asked()
        wanted = windows(assets[:1], large, Need.PERHAPS)
        for ready in decoder.prepare(wanted, Deadline.after(PATIENCE), counts):
            ready.result(PATIENCE)
    assert site.server.take_asked() == []


@pytest.mark.parametrize("conditional", [True, False])
def test_a_replaced_file_is_asked_again_and_never_shown_wrong(
    site: Site, assets: Sequence[Asset], conditional: bool
) -> None:
    site.server.conditional = conditional
    with site.decoder(kept=1 << 24) as decoder:
        check(site, windows(assets), decode_all(decoder, windows(assets)))
        for asset in assets:
            replace_file(site.path(asset), texture(9))
        elsewhere = windows(assets, PixelWindow(100, 800, 300, 300))
        check(site, elsewhere, decode_all(decoder, elsewhere))
        check(site, windows(assets), decode_all(decoder, windows(assets)))


def test_a_file_that_is_replaced_while_it_is_read_is_asked_again(
    site: Site, assets: Sequence[Asset]
) -> None:
    wanted = windows(assets[:1])
    with site.decoder() as decoder, ThreadPoolExecutor(1) as caller:
        site.server.gather(1000)
        coming = caller.submit(decode_all, decoder, wanted)
        wait_for(site, 1)
        site.server.release(hold_next=True)
        # Its tiles are asked for.
        wait_for(site, 2)
        replace_file(site.path(assets[0]), texture(9))
        site.server.release()
        check(site, wanted, coming.result(PATIENCE))


def test_a_file_that_is_mended_is_read(site: Site, assets: Sequence[Asset]) -> None:
    asset, path = assets[0], site.path(assets[0])
    sound = path.read_bytes()
    other = path.with_suffix(".other.tif")
    with rasterio.open(path) as dataset, rasterio.open(
        other, "w", driver="GTiff", width=7, height=7, count=1, dtype="uint16",
        crs=GRID.crs, transform=GRID.transform,
    ) as target:  # fmt: skip
        target.write(dataset.read()[:, :7, :7])
    other.replace(path)
    with site.decoder() as decoder:
        for _ in range(2):
            with pytest.raises(SceneUnreadableError, match=r"^B02\.tif is another image"):
                decode_all(decoder, windows([asset]))
        path.unlink()
        path.write_bytes(sound)
        check(site, windows([asset]), decode_all(decoder, windows([asset])))


def test_a_file_that_was_cut_short_says_so(site: Site, assets: Sequence[Asset]) -> None:
    path = site.path(assets[0])
    data = path.read_bytes()
    path.unlink()
    for length, message in (
        (100, "ends before byte"),
        (len(data) // 2, "a block beyond its end"),
    ):
        path.write_bytes(data[:length])
        with (
            site.decoder() as decoder,
            pytest.raises(SceneUnreadableError, match=rf"B02\.tif cannot be decoded.*{message}"),
        ):
            decode_all(decoder, windows(assets[:1], PixelWindow(0, 0, SIZE, SIZE)))


def with_signed_width(data: bytes) -> bytes:
    """Have the width be a number with a sign, which libtiff takes as well."""
    entry = struct.pack("<HH", 256, 3)
    # The first is that of the image, whose directory comes first.
    assert entry in data[:1000]
    return data.replace(entry, struct.pack("<HH", 256, 8), 1)


def test_what_does_not_fit_is_read_whole_and_counted(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "unfit.tif"
    options = {"driver": "GTiff", "crs": GRID.crs, "transform": GRID.transform}
    with rasterio.open(
        path, "w", width=SIZE, height=SIZE, count=1, dtype="uint16", tiled=True, **options
    ) as dataset:
        dataset.write(texture(1))
    path.write_bytes(with_signed_width(path.read_bytes()))
    asset, counts = asset_of(site, "unfit.tif"), DecodingCounts()
    with site.decoder() as decoder:
        check(site, windows([asset]), decode_all(decoder, windows([asset]), counts))
        assert counts.snapshot()["windows_unfit"] == 1
        assert counts.snapshot()["bytes_fetched"] >= path.stat().st_size
        check(site, windows([asset]), decode_all(decoder, windows([asset]), counts))
    assert counts.snapshot()["windows_unfit"] == 2


def test_large_windows_are_fetched_part_by_part(
    site: Site, assets: Sequence[Asset], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = 4 * 256 * 256 * 2
    for module in ("window", "remote_blocks"):
        monkeypatch.setattr(f"function.scenes.geotiff.{module}.MOST_AT_ONCE", at_once)
    wanted, counts = windows(assets, PixelWindow(0, 0, SIZE, SIZE)), DecodingCounts()
    with site.decoder() as decoder:
        for ready in decoder.prepare(wanted, Deadline.after(PATIENCE)):
            ready.result(PATIENCE)
        # Their directories.
        assert len(site.server.take_asked()) == len(assets)
        check(site, wanted, decode_all(decoder, wanted, counts))
        asked = site.server.take_asked()
        assert max(each.part[1] for each in asked if each.part is not None) <= at_once
        stored = sum(site.path(asset).stat().st_size for asset in assets)
        assert stored / 2 < counts.snapshot()["bytes_needed"] < 2 * stored
        replace_file(site.path(assets[0]), texture(9))
        with pytest.raises(SceneUnreadableError, match=r"^B02\.tif was replaced"):
            decode_all(decoder, wanted[:1])
        check(site, wanted[:1], decode_all(decoder, wanted[:1]))


def test_what_did_not_fit_is_asked_anew_after_a_while(
    site: Site, assets: Sequence[Asset], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, counts = site.path(assets[0]), DecodingCounts()
    sound = path.read_bytes()
    path.unlink()
    path.write_bytes(with_signed_width(sound))
    with site.decoder() as decoder:
        check(site, windows(assets[:1]), decode_all(decoder, windows(assets[:1]), counts))
        path.write_bytes(sound)
        check(site, windows(assets[:1]), decode_all(decoder, windows(assets[:1]), counts))
        assert counts.snapshot()["windows_unfit"] == 2
        monkeypatch.setattr("function.scenes.geotiff.library.UNFIT_SECONDS", 0.0)
        check(site, windows(assets[:1]), decode_all(decoder, windows(assets[:1]), counts))
    assert counts.snapshot()["windows_unfit"] == 2


def test_a_jpeg2000_file_by_any_name_is_read_packet_by_packet(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "band.jp2"
    write_jpeg2000(path, texture(5), GRID, band_profile(10, 15))
    path.rename(tmp_path / "band")
    counts = DecodingCounts()
    with site.decoder() as decoder:
        wanted = windows([asset_of(site, "band")])
        check(site, wanted, decode_all(decoder, wanted, counts))
    assert counts.snapshot()["windows_unfit"] == 0
    assert counts.snapshot()["indexes_built"] == 1


def test_a_throttled_read_is_no_broken_image(site: Site, assets: Sequence[Asset]) -> None:
    with site.decoder() as decoder:
        for answered in (0, 1):
            site.server.faults.extend([None] * answered)
            site.server.always = Fault.SLOW_DOWN
            with pytest.raises(ArchiveThrottledError):
                decode_all(decoder, windows(assets[:1]))
        site.server.always = None
        check(site, windows(assets), decode_all(decoder, windows(assets)))


def test_reading_ends_with_the_time_of_the_request(site: Site, assets: Sequence[Asset]) -> None:
    with site.decoder() as decoder:
        for answered in (0, 1):
            site.server.faults.extend([*[None] * answered, Fault.SILENCE, Fault.SILENCE])
            (coming,) = decoder.prepare(windows(assets[:1]), Deadline.after(0.5))
            with pytest.raises(ArchiveUnavailableError, match="did not answer in time"):
                coming.result(PATIENCE)()
            site.server.faults.clear()
        check(site, windows(assets), decode_all(decoder, windows(assets)))


def test_a_missing_file_is_named(site: Site, assets: Sequence[Asset]) -> None:
    site.path(assets[0]).unlink()
    with (
        site.decoder() as decoder,
        pytest.raises(SceneUnreadableError, match=r"^B02\.tif is not in the archive$"),
    ):
        decode_all(decoder, windows(assets[:1]))


def test_what_does_not_fit_is_not_fetched_ahead(site: Site, assets: Sequence[Asset]) -> None:
    path = site.path(assets[0])
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(with_signed_width(data))
    with site.decoder() as decoder:
        for need in (Need.SOON, Need.PERHAPS):
            wanted = windows(assets[:1], need=need)
            for ready in decoder.prepare(wanted, Deadline.after(PATIENCE)):
                ready.result(PATIENCE)
    assert [each.part for each in site.server.take_asked()] == [(0, FIRST_READ)]
