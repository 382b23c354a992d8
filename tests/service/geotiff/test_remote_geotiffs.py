"""Windows of GeoTIFFs on a real web server: just their tiles, in one round, and kept."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from geotiff_site import (
    BANDS,
    PATIENCE,
    SIZE,
    Site,
    check,
    decode_all,
    replace_file,
    texture,
    wait_for,
    windows,
)

from function.deadline import Deadline
from function.errors import (
    ArchiveUnavailableError,
    SceneUnreadableError,
    ServiceStoppingError,
)
from function.scene import Asset
from function.scenes.access.archive import LARGE_AT_ONCE
from function.scenes.access.rounds import NEAR_GAP
from function.scenes.decoder import Need, PixelWindow, Wanted
from function.scenes.decoding import Decoding
from function.scenes.jpeg2000.boxes import FIRST_READ
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.remote_windows import LIKELY_BYTES

pytest_plugins = ["geotiff_fixtures"]


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


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> int:
    """Have windows be large of so many bytes, those of four tiles."""
    at_once = 4 * 256 * 256 * 2
    for module in ("window", "remote_blocks"):
        monkeypatch.setattr(f"function.scenes.geotiff.{module}.MOST_AT_ONCE", at_once)
    return at_once


def test_large_windows_are_fetched_part_by_part(
    site: Site, assets: Sequence[Asset], large: int
) -> None:
    wanted, counts = windows(assets, PixelWindow(0, 0, SIZE, SIZE)), DecodingCounts()
    with site.decoder() as decoder:
        for need in (Need.SOON, Need.PERHAPS):
            ahead = windows(assets, PixelWindow(0, 0, SIZE, SIZE), need)
            for ready in decoder.prepare(ahead, Deadline.after(PATIENCE)):
                ready.result(PATIENCE)
        # Their directories.
        assert len(site.server.take_asked()) == len(assets)
        check(site, wanted, decode_all(decoder, wanted, counts))
        asked = site.server.take_asked()
        assert max(each.part[1] for each in asked if each.part is not None) <= large
        stored = sum(site.path(asset).stat().st_size for asset in assets)
        assert stored / 2 < counts.snapshot()["bytes_needed"] < 2 * stored
        # While they are known, and where they have to be asked first.
        for seed in (8, 9):
            replace_file(site.path(assets[0]), texture(seed))
            check(site, wanted[:1], decode_all(decoder, wanted[:1]))


@pytest.mark.usefixtures("large")
def test_large_windows_keep_no_others_waiting(site: Site, assets: Sequence[Asset]) -> None:
    wanted = windows([*assets, *assets], PixelWindow(0, 0, SIZE, SIZE))
    with site.decoder(kept=1 << 24) as decoder, ThreadPoolExecutor(1) as workers:
        small = windows(assets, PixelWindow(5, 5, 9, 9))
        decode_all(decoder, small)
        site.server.take_asked()
        site.server.gather(1000)
        coming = decoder.prepare(wanted, Deadline.after(PATIENCE))
        wait_for(site, LARGE_AT_ONCE)
        decoding = Decoding(decoder, workers, Deadline.after(PATIENCE))
        (found,) = decoding.decode([small])
        assert not isinstance(found, SceneUnreadableError)
        check(site, small, found)
        site.server.release()
        check(site, wanted, [ready.result(PATIENCE)() for ready in coming])
    # A part of four tiles takes two reads at most.
    assert site.server.most_at_once <= LARGE_AT_ONCE * 2


@pytest.mark.usefixtures("large")
def test_a_large_window_that_nobody_wants_any_more_is_not_read_on(
    site: Site, assets: Sequence[Asset]
) -> None:
    wanted = windows([*assets, *assets], PixelWindow(0, 0, SIZE, SIZE))
    with site.decoder() as decoder:
        decode_all(decoder, windows(assets, PixelWindow(5, 5, 9, 9)))
        site.server.take_asked()
        site.server.gather(1000)
        coming = decoder.prepare(wanted, Deadline.after(PATIENCE))
        wait_for(site, LARGE_AT_ONCE)
        for ready in coming:
            assert ready.cancel()
        site.server.release()
        # Those that were begun are over when this is.
        check(site, wanted[:1], decode_all(decoder, wanted[:1]))
    parts = [each.path for each in site.server.take_asked()]
    alone = parts.count(f"/{BANDS[0]}.tif")
    assert len(parts) <= alone + LARGE_AT_ONCE * 2


@pytest.mark.usefixtures("large")
def test_large_windows_that_are_read_as_the_service_stops_say_so(
    site: Site, assets: Sequence[Asset]
) -> None:
    wanted = windows([*assets, *assets], PixelWindow(0, 0, SIZE, SIZE))
    with site.decoder() as decoder:
        decode_all(decoder, windows(assets, PixelWindow(5, 5, 9, 9)))
        site.server.gather(1000)
        coming = decoder.prepare(wanted, Deadline.after(PATIENCE))
        wait_for(site, LARGE_AT_ONCE)
    site.server.release()
    for ready in coming:
        with pytest.raises(ServiceStoppingError):
            ready.result(PATIENCE)()


@pytest.mark.usefixtures("large")
def test_a_large_window_ends_with_its_request(site: Site, assets: Sequence[Asset]) -> None:
    wanted = windows(assets[:1], PixelWindow(0, 0, SIZE, SIZE))
    with site.decoder(kept=1 << 26) as decoder:
        decode_all(decoder, wanted)
        # All of it is at hand.
        (coming,) = decoder.prepare(wanted, Deadline.after(0.0))
        with pytest.raises(ArchiveUnavailableError, match="was not read in time"):
            coming.result(PATIENCE)()
