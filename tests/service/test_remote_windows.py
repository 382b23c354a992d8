"""Windows of images on a real web server: the same samples, in one round, whatever happens."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from archive_server import ArchiveServer, Fault, serving_files
from numpy.typing import NDArray

from function.codestream_record import CodestreamRecord
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
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.access.failures import FileMissingError
from function.scenes.access.rounds import NEAR_GAP
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.decoding import Decoding
from function.scenes.encoding import band_profile, write_jpeg2000
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.image_header import read_image_header
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.remote_windows import LIKELY_BYTES
from function.scenes.reader import SceneReader
from function.scenes.whole_files import WholeFiles

SIZE = 1300
BANDS = ("B02", "B03", "B04")
# Meets all four tiles of 1024.
CORNER = PixelWindow(900, 930, 256, 256)
PATIENCE = 60.0
SOON = Need.SOON


class MemoryStore:
    """Keeps codestream indexes in memory."""

    def __init__(self) -> None:
        self.records: dict[str, CodestreamRecord] = {}

    def load(self, assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
        hrefs = {asset.href for asset in assets}
        return {href: record for href, record in self.records.items() if href in hrefs}

    def keep(self, asset: Asset, record: CodestreamRecord) -> None:
        self.records[asset.href] = record


class Site:
    """Images on a server, and decoders that read them there."""

    def __init__(self, server: ArchiveServer, openjpeg: OpenJpeg) -> None:
        self.server = server
        self.store = MemoryStore()
        self._openjpeg = openjpeg

    def asset(self, path: Path) -> Asset:
        header = read_image_header(str(path))
        return Asset("B04", self.server.href(path), header.grid, header.components, header.bits)

    @contextmanager
    def decoder(
        self, kept: int = 0, tiles: int = 0, connections: int = 64, tries: int = 1
    ) -> Iterator[PacketDecoder]:
        archive = Archive(AccessLimits(connections, PATIENCE, tries, kept))
        with ThreadPoolExecutor(1) as workers:
            yield PacketDecoder(
                self._openjpeg,
                GdalDecoder(archive),
                archive,
                workers,
                Caches(tiles, 1 << 24),
                self.store,
            )
            archive.close()

    def index(self, assets: Sequence[Asset]) -> None:
        """Have the indexes of all files made."""
        with self.decoder() as decoder:
            for asset in assets:
                decoder.decode(asset, PixelWindow(0, 0, 1, 1), 0)
        assert self.store.records.keys() >= {asset.href for asset in assets}
        self.server.take_asked()


def texture(seed: int) -> NDArray[np.uint16]:
    random = np.random.default_rng(seed)
    field = random.standard_normal((SIZE // 10, SIZE // 10)).repeat(10, 0).repeat(10, 1)
    return (3000 + 400 * field + 90 * random.standard_normal((SIZE, SIZE))).astype(np.uint16)[None]


GRID = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), SIZE, SIZE)
PROFILE = band_profile(10, 15)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("images")
    for seed, band in enumerate(BANDS):
        write_jpeg2000(directory / f"{band}.jp2", texture(seed), GRID, PROFILE)
    return directory


@pytest.fixture
def site(images: Path, tmp_path: Path, openjpeg: OpenJpeg) -> Iterator[Site]:
    for path in images.iterdir():
        os.link(path, tmp_path / path.name)
    with serving_files(tmp_path) as server:
        yield Site(server, openjpeg)


@pytest.fixture
def assets(site: Site) -> list[Asset]:
    return [site.asset(site.server.directory / f"{band}.jp2") for band in BANDS]


def local(site: Site, asset: Asset) -> Path:
    return site.server.directory / Path(asset.href).name


def whole(path: Path) -> Samples:
    with rasterio.open(path) as dataset:
        samples: Samples = dataset.read()
    return samples


def decode_all(
    decoder: PacketDecoder, wanted: Sequence[Wanted], counts: DecodingCounts | None = None
) -> list[Samples]:
    coming = decoder.prepare(wanted, Deadline.after(PATIENCE), counts)
    return [future.result(PATIENCE)() for future in coming]


def windows(
    assets: Sequence[Asset], window: PixelWindow = CORNER, need: Need = Need.NOW
) -> list[Wanted]:
    return [Wanted(asset, window, 0, need) for asset in assets]


def check(site: Site, wanted: Sequence[Wanted], decoded: Sequence[Samples]) -> None:
    for item, samples in zip(wanted, decoded, strict=True):
        expected = whole(local(site, item.asset))[(slice(None), *item.window.slices)]
        np.testing.assert_array_equal(samples, expected)


def count_reads(site: Site, wanted: Sequence[Wanted]) -> int:
    """Count the reads that windows take of a decoder that has nothing at hand but indexes."""
    with site.decoder() as decoder:
        decode_all(decoder, wanted)
    return len(site.server.take_asked())


def test_a_wave_comes_in_one_round_of_just_what_it_needs(
    site: Site, assets: Sequence[Asset]
) -> None:
    site.index(assets)
    wanted = windows(assets)
    reads = count_reads(site, wanted)
    # Four tiles of three bands, and each has packets here and there.
    assert reads > 12
    # None is answered before all have come.
    site.server.gather(reads)
    counts = DecodingCounts()
    with site.decoder() as decoder:
        check(site, wanted, decode_all(decoder, wanted, counts))
    asked = site.server.take_asked()
    assert site.server.most_at_once == len(asked) == reads
    figures = counts.snapshot()
    assert figures["fetches"] == reads
    sizes = [each.part[1] for each in asked if each.part is not None]
    assert figures["bytes_fetched"] == sum(sizes)
    # What is fetched beyond what is needed lies in gaps that cost less than another read.
    assert 0 <= sum(sizes) - figures["bytes_needed"] < NEAR_GAP * reads
    assert (figures["indexes_loaded"], figures["indexes_built"]) == (len(BANDS), 0)
    assert {each.if_match for each in asked} == {
        record.state.stamp for record in site.store.records.values()
    }


def test_few_connections_are_given_fewer_and_larger_reads(
    site: Site, assets: Sequence[Asset]
) -> None:
    site.index(assets)
    wanted = windows(assets)
    reads = count_reads(site, wanted)
    counts = DecodingCounts()
    with site.decoder(connections=4) as decoder:
        check(site, wanted, decode_all(decoder, wanted, counts))
    assert site.server.most_at_once <= reads
    assert len(site.server.take_asked()) <= reads // 2


def test_waiting_for_the_network_occupies_no_thread_that_decodes(
    site: Site, assets: Sequence[Asset]
) -> None:
    site.index(assets)
    wanted = windows(assets)
    reads = count_reads(site, wanted)
    site.server.gather(reads + 1)
    with (
        site.decoder() as decoder,
        ThreadPoolExecutor(1) as workers,
        ThreadPoolExecutor(1) as caller,
    ):
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        coming = caller.submit(decoding.decode, [wanted])
        while site.server.at_once < reads:
            assert workers.submit(int).result(PATIENCE) == 0
        assert workers.submit(int).result(PATIENCE) == 0
        assert not coming.done()
        site.server.release()
        (samples,) = coming.result(PATIENCE)
    assert not isinstance(samples, SceneUnreadableError)
    check(site, wanted, samples)


def test_what_is_likely_comes_along_and_is_not_read_again(
    site: Site, assets: Sequence[Asset]
) -> None:
    site.index(assets)
    first, later = assets[:1], assets[1:]
    narrower = PixelWindow(960, 1000, 100, 90)
    reads = count_reads(site, windows(assets))
    site.server.gather(reads)
    with site.decoder(kept=1 << 24) as decoder, ThreadPoolExecutor(2) as workers:
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        (found,) = decoding.decode([windows(first) + windows(later, need=Need.PERHAPS)])
        assert not isinstance(found, SceneUnreadableError)
        check(site, windows(first), found)
        (found,) = decoding.decode([windows(later, narrower)])
        assert not isinstance(found, SceneUnreadableError)
        check(site, windows(later, narrower), found)
    assert len(site.server.take_asked()) == reads
    assert decoding.windows == len(BANDS)


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


def test_what_is_likely_and_large_waits(site: Site, assets: Sequence[Asset]) -> None:
    site.index(assets)
    large = PixelWindow(0, 0, 1000, 1000)
    counts = DecodingCounts()
    with site.decoder() as decoder:
        decode_all(decoder, windows(assets[:1], large), counts)
        assert counts.snapshot()["bytes_needed"] > LIKELY_BYTES
        site.server.take_asked()
        decoder.prepare(
            windows(assets[:1], large, need=Need.PERHAPS), Deadline.after(PATIENCE), counts
        )
    assert site.server.take_asked() == []


def test_tiles_that_are_decoded_already_are_not_fetched(
    site: Site, assets: Sequence[Asset]
) -> None:
    site.index(assets)
    with site.decoder(tiles=1 << 26) as decoder:
        decode_all(decoder, windows(assets))
        assert site.server.take_asked()
        check(site, windows(assets), decode_all(decoder, windows(assets)))
    assert site.server.take_asked() == []


def test_an_image_without_an_index_is_read_and_indexed_at_once(
    site: Site, assets: Sequence[Asset]
) -> None:
    counts = DecodingCounts()
    with site.decoder(kept=1 << 24) as decoder:
        check(site, windows(assets), decode_all(decoder, windows(assets), counts))
    assert counts.snapshot()["indexes_built"] == len(BANDS)
    for asset in assets:
        record, status = site.store.records[asset.href], local(site, asset).stat()
        assert record.state.size == status.st_size
        assert record.state.stamp == f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    # The start, each of four tile-parts, the window.
    by_file = {asset.href: 0 for asset in assets}
    for each in site.server.take_asked():
        by_file[site.server.url + each.path] += 1
    assert set(by_file.values()) <= set(range(5, 20))


@pytest.mark.parametrize("conditional", [True, False])
def test_a_replaced_image_is_indexed_anew_and_never_shown_wrong(
    site: Site, assets: Sequence[Asset], conditional: bool
) -> None:
    site.server.conditional = conditional
    with site.decoder(kept=1 << 24, tiles=1 << 24) as decoder:
        check(site, windows(assets), decode_all(decoder, windows(assets)))
        for asset in assets:
            replace_file(local(site, asset), texture(9))
        elsewhere = windows(assets, PixelWindow(100, 800, 300, 300))
        check(site, elsewhere, decode_all(decoder, elsewhere))
        check(site, windows(assets), decode_all(decoder, windows(assets)))
    for asset in assets:
        assert site.store.records[asset.href].state.size == local(site, asset).stat().st_size


def replace_file(path: Path, samples: NDArray[np.uint16]) -> None:
    partial = path.with_suffix(".partial.jp2")
    write_jpeg2000(partial, samples, GRID, PROFILE)
    partial.replace(path)


def test_an_index_of_another_file_does_no_harm(site: Site, assets: Sequence[Asset]) -> None:
    site.index(assets)
    first, second = (site.store.records[asset.href] for asset in assets[:2])
    site.store.records[assets[0].href] = replace(second, state=first.state)
    with site.decoder() as decoder:
        check(site, windows(assets), decode_all(decoder, windows(assets)))
    assert site.store.records[assets[0].href] == first


def test_a_throttled_read_is_no_broken_image(site: Site, assets: Sequence[Asset]) -> None:
    site.index(assets)
    site.server.always = Fault.SLOW_DOWN
    with site.decoder() as decoder:
        with pytest.raises(ArchiveThrottledError):
            decode_all(decoder, windows(assets))
        with pytest.raises(ArchiveThrottledError):
            decoder.decode(assets[0], CORNER, 0)
        site.store.records.clear()
    with site.decoder() as decoder, pytest.raises(ArchiveThrottledError):
        decode_all(decoder, windows(assets))


def test_an_image_that_breaks_off_while_it_is_indexed(site: Site, assets: Sequence[Asset]) -> None:
    site.server.faults.extend([None, None, Fault.CUT_SHORT])
    with site.decoder() as decoder:
        with pytest.raises(ArchiveUnavailableError, match="broke off"):
            decode_all(decoder, windows(assets[:1]))
        assert site.store.records == {}
        check(site, windows(assets[:1]), decode_all(decoder, windows(assets[:1])))


def without_packet_lengths(source: Path, target: Path) -> None:
    with rasterio.open(source) as dataset, rasterio.Env(GDAL_PAM_ENABLED="NO"):
        rasterio.shutil.copy(
            dataset, target, driver="JP2OpenJPEG", REVERSIBLE="YES", QUALITY="100", PLT="NO"
        )


@pytest.fixture
def others(site: Site) -> list[Asset]:
    """Images that are not read packet by packet: one without PLT, a GeoTIFF."""
    directory = site.server.directory
    without_packet_lengths(directory / "B02.jp2", directory / "unfit.jp2")
    rasterio.shutil.copy(directory / "B02.jp2", directory / "band.tif", driver="GTiff")
    return [site.asset(directory / name) for name in ("unfit.jp2", "band.tif")]


def test_what_is_not_read_packet_by_packet_is_read_whole(
    site: Site, others: Sequence[Asset]
) -> None:
    for reduction in (0, 1):
        for asset in others:
            counts = DecodingCounts()
            window = PixelWindow(200, 300, 140, 150)
            expected = GdalDecoder(Archive(AccessLimits(1, 1.0, 1, 0))).decode(
                replace(asset, href=str(local(site, asset))), window, reduction
            )
            with site.decoder() as decoder:
                (found,) = decode_all(decoder, [Wanted(asset, window, reduction)], counts)
            np.testing.assert_array_equal(found, expected)
            assert counts.snapshot()["windows_unfit"] == 1
            assert counts.snapshot()["bytes_fetched"] >= local(site, asset).stat().st_size


def test_a_throttled_read_for_gdal_is_no_broken_image(site: Site, others: Sequence[Asset]) -> None:
    site.index(others)
    for asset in others:
        with site.decoder() as decoder:
            # The start of the file is read, and then no more.
            site.server.faults.append(None)
            site.server.always = Fault.SLOW_DOWN
            with pytest.raises(ArchiveThrottledError):
                decode_all(decoder, windows([asset]))
        site.server.faults.clear()


def test_reading_whole_ends_with_the_time_of_the_request(
    site: Site, others: Sequence[Asset]
) -> None:
    site.index(others)
    for asset in others:
        with site.decoder() as decoder:
            # The start is read to know the file, and again to read it whole; then comes nothing.
            site.server.faults.extend([None, None, Fault.SILENCE])
            (coming,) = decoder.prepare(windows([asset]), Deadline.after(1.0))
            with pytest.raises(ArchiveUnavailableError, match="did not answer in time"):
                coming.result(PATIENCE)()
            site.server.faults.clear()
            check(site, windows([asset]), decode_all(decoder, windows([asset])))


def test_whole_files_come_one_by_one_and_nobody_waits_longer_than_there_is_time(
    site: Site, others: Sequence[Asset]
) -> None:
    archive = Archive(AccessLimits(4, PATIENCE, 1, 0))
    files = WholeFiles(archive)
    first, second = others
    with files.open(first.href, Deadline.after(PATIENCE)) as (lend, _):
        site.server.take_asked()
        with (
            pytest.raises(ArchiveUnavailableError, match=r"band\.tif has to be read whole"),
            files.open(second.href, Deadline.after(0.05)),
        ):
            pytest.fail("two files were in memory at once")
        assert site.server.take_asked() == []
        with lend(0) as dataset:
            assert dataset.shape == (SIZE, SIZE)
    with files.open(second.href, Deadline.after(PATIENCE)) as (lend, _), lend(0) as dataset:
        assert dataset.driver == "GTiff"
    archive.close()


def test_a_header_takes_one_read(site: Site, assets: Sequence[Asset]) -> None:
    archive = Archive(AccessLimits(1, PATIENCE, 1, 1 << 20))
    for asset in assets:
        remote = read_image_header(asset.href, archive)
        assert remote == read_image_header(str(local(site, asset)))
        assert remote.grid == GRID
        assert [each.part for each in site.server.take_asked()] == [(0, 32_768)]
    archive.close()
