"""Remote GeoTIFFs that are replaced, cut short, slow or missing while they are read."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import rasterio
import rasterio.shutil
from archive_server import Fault
from geotiff_site import (
    GRID,
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
from function.errors import ArchiveThrottledError, ArchiveUnavailableError, SceneUnreadableError
from function.scene import Asset
from function.scenes.decoder import PixelWindow

pytest_plugins = ["geotiff_fixtures"]


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


def test_who_waits_for_another_that_waits_has_time_to_go_on_without(
    site: Site, assets: Sequence[Asset]
) -> None:
    site.server.always = Fault.SILENCE
    with site.decoder() as decoder:
        (first,) = decoder.prepare(windows(assets[:1]), Deadline.after(PATIENCE))
        wait_for(site, 1)
        deadline = Deadline.after(6.0)
        (second,) = decoder.prepare(windows(assets[:1]), deadline)
        with pytest.raises(ArchiveUnavailableError, match="was not read in time"):
            second.result(PATIENCE)
        assert deadline.remaining() > 0
        assert not first.done()


def test_a_missing_file_is_named(site: Site, assets: Sequence[Asset]) -> None:
    site.path(assets[0]).unlink()
    with (
        site.decoder() as decoder,
        pytest.raises(SceneUnreadableError, match=r"^B02\.tif is not in the archive$"),
    ):
        decode_all(decoder, windows(assets[:1]))
