"""Remote files that are not read tile by tile go to other decoders, whole."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
import rasterio
import rasterio.shutil
from geotiff_site import (
    GRID,
    PATIENCE,
    SIZE,
    Site,
    asset_of,
    check,
    decode_all,
    texture,
    windows,
)

from function.deadline import Deadline
from function.scene import Asset
from function.scenes.decoder import Need
from function.scenes.encoding import band_profile, write_jpeg2000
from function.scenes.jpeg2000.boxes import FIRST_READ
from function.scenes.jpeg2000.counts import DecodingCounts

pytest_plugins = ["geotiff_fixtures"]


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
        # It fits now, and is asked no more.
        site.server.take_asked()
        check(site, windows(assets[:1]), decode_all(decoder, windows(assets[:1]), counts))
    assert (0, FIRST_READ) not in [each.part for each in site.server.take_asked()]


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
