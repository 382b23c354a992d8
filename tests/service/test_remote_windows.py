"""Windows of images on a real web server: the same samples, in one round, whatever happens."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from archive_server import Fault
from remote_images import (
    BANDS,
    CORNER,
    GRID,
    PATIENCE,
    SIZE,
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
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
)
from function.scene import Asset
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.access.rounds import NEAR_GAP
from function.scenes.decoder import Need, PixelWindow, Wanted
from function.scenes.decoding import Decoding
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.image_header import read_image_header
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.remote_windows import LIKELY_BYTES
from function.scenes.low_pass import halve
from function.scenes.whole_files import AT_ONCE, WholeFiles


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


def test_what_is_transformed_in_parts_comes_in_one_round_too(site: Site) -> None:
    path = site.server.directory / "one_level.jp2"
    samples = np.concatenate([texture(seed) for seed in range(3)])
    with rasterio.open(
        path, "w", driver="JP2OpenJPEG", count=3, width=SIZE, height=SIZE, dtype="uint16",
        crs=GRID.crs, transform=GRID.transform, RESOLUTIONS="1", PLT="YES", REVERSIBLE="YES",
        QUALITY="100",
    ) as image:  # fmt: skip
        image.write(samples)
    asset = site.asset(path)
    site.index([asset])
    wanted = [Wanted(asset, PixelWindow(0, 0, SIZE // 4, SIZE // 4), 2)]
    reads = count_reads(site, wanted)
    assert reads > 1
    site.server.gather(reads)
    counts = DecodingCounts()
    with site.decoder() as decoder:
        (found,) = decode_all(decoder, wanted, counts)
    np.testing.assert_array_equal(found, halve(halve(samples.astype(np.int32))))
    assert counts.snapshot()["windows"] > 1
    asked = [each.part for each in site.server.take_asked() if each.part is not None]
    assert len(asked) == reads
    assert sum(length for _, length in asked) < path.stat().st_size


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


def test_who_waits_for_an_index_has_time_to_go_on_without(
    site: Site, assets: Sequence[Asset]
) -> None:
    site.server.always = Fault.SILENCE
    with site.decoder() as decoder:
        (first,) = decoder.prepare(windows(assets[:1]), Deadline.after(PATIENCE))
        while not site.server.at_once:
            threading.Event().wait(0.01)
        deadline = Deadline.after(8.0)
        (second,) = decoder.prepare(windows(assets[:1]), deadline)
        with pytest.raises(ArchiveUnavailableError, match="was not indexed in time"):
            second.result(PATIENCE)()
        assert deadline.remaining() > 0
        assert not first.done()


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


def test_a_whole_file_is_fetched_part_by_part(site: Site) -> None:
    """For what has come is held twice until it is in place."""
    path = site.server.directory / "large.tif"
    side = 4400
    samples = np.add.outer(np.arange(side), np.arange(side)).astype(np.uint16)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, width=side, height=side, dtype="uint16",
        crs=GRID.crs, transform=GRID.transform,
    ) as image:  # fmt: skip
        image.write(samples, 1)
    size = path.stat().st_size
    assert size > AT_ONCE
    archive = Archive(AccessLimits(64, PATIENCE, 1, 0))
    with (
        WholeFiles(archive).open(site.server.href(path), Deadline.after(PATIENCE)) as (lend, _),
        lend(0) as dataset,
    ):
        np.testing.assert_array_equal(dataset.read(1), samples)
    archive.close()
    parts = [each.part for each in site.server.take_asked() if each.part is not None]
    before = [part for part in parts if part[0] < AT_ONCE]
    assert parts[: len(before)] == before
    assert sum(length for _, length in before) == AT_ONCE
    assert sum(length for _, length in parts) == size


def test_a_header_takes_one_read(site: Site, assets: Sequence[Asset]) -> None:
    archive = Archive(AccessLimits(1, PATIENCE, 1, 1 << 20))
    for asset in assets:
        remote = read_image_header(asset.href, archive)
        assert remote == read_image_header(str(local(site, asset)))
        assert remote.grid == GRID
        assert [each.part for each in site.server.take_asked()] == [(0, 32_768)]
    archive.close()
