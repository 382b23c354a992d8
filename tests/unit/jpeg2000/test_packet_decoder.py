"""The whole Decoder on real products, against GDAL's own."""

import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from archives import local_archive
from codestreams import Encoding, encode, texture

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.grid import Grid
from function.scene import Asset
from function.scenes.allowance import Allowance
from function.scenes.decoder import (
    Decode,
    Decoder,
    PixelWindow,
    Samples,
    Wanted,
    reduced_size,
)
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.low_pass import halve

PRODUCT = "data/sentinel-2/S2A_MSIL2A*/GRANULE/*/"
REAL_FILES = [
    "IMG_DATA/R60m/*_B04_60m.jp2",
    "IMG_DATA/R60m/*_B8A_60m.jp2",  # cut off at about 9 bit a pixel by ESA's rate control
    "IMG_DATA/R60m/*_TCI_60m.jp2",  # three components, colour transform
    "IMG_DATA/R20m/*_SCL_20m.jp2",
    "IMG_DATA/R10m/*_AOT_10m.jp2",
    "QI_DATA/MSK_CLASSI_B00.jp2",
    "QI_DATA/MSK_QUALIT_B05.jp2",  # eight components, five levels
    "QI_DATA/MSK_CLDPRB_20m.jp2",
]


class Refusing:
    """A decoder that must not be asked."""

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,  # noqa: ARG002
        counts: DecodingCounts | None = None,  # noqa: ARG002
        ahead: Allowance | None = None,  # noqa: ARG002
    ) -> list[Future[Decode]]:
        raise AssertionError(f"another decoder was prepared for {wanted}")

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,  # noqa: ARG002
    ) -> Samples:
        raise AssertionError(f"{window} at {reduction} of {asset.href} was left to another decoder")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def make_decoder(
    codestreams: CodestreamDecoder, other: Decoder, pool: ThreadPoolExecutor
) -> PacketDecoder:
    return PacketDecoder(codestreams, other, local_archive(), pool, Caches(1 << 24, 1 << 22))


def asset_of(path: Path) -> Asset:
    with rasterio.open(path) as dataset:
        grid = Grid("EPSG:32629", dataset.transform, dataset.width, dataset.height)
        bits = 8 if dataset.dtypes[0] == "uint8" else 15
        return Asset("B04", str(path), grid, dataset.count, bits)


def plain_asset(path: Path, samples: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Asset:
    components, height, width = samples.shape
    return Asset(
        "B04", str(path), Grid("EPSG:32629", Affine.identity(), width, height), components, 8
    )


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("pattern", REAL_FILES)
def test_real_files_equal_gdal(
    shared: Path, codestreams: CodestreamDecoder, pool: ThreadPoolExecutor, pattern: str
) -> None:
    (path,) = shared.glob(PRODUCT + pattern)
    asset = asset_of(path)
    decoder = make_decoder(codestreams, Refusing(), pool)
    gdal = GdalDecoder(local_archive())
    choose = random.Random(pattern)  # noqa: S311  windows, not secrets
    for reduction in range(7):
        width = reduced_size(asset.grid.width, reduction)
        height = reduced_size(asset.grid.height, reduction)
        for _ in range(4):
            left, top = choose.randrange(width), choose.randrange(height)
            window = PixelWindow(
                left,
                top,
                min(choose.randint(1, 300), width - left),
                min(choose.randint(1, 300), height - top),
            )
            found, expected = (d.decode(asset, window, reduction) for d in (decoder, gdal))
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
    gdal.close()
    assert decoder.counts.snapshot()["indexes_built"] == 1


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_many_threads_on_one_pool(
    shared: Path, codestreams: CodestreamDecoder, pool: ThreadPoolExecutor
) -> None:
    """Callers that fill the pool on which their tiles are decoded do not wait for ever."""
    (path,) = shared.glob(PRODUCT + "IMG_DATA/R60m/*_B04_60m.jp2")
    asset = asset_of(path)
    decoder = make_decoder(codestreams, Refusing(), pool)
    windows = [PixelWindow(100 * (n % 4), 90, 500, 400) for n in range(16)]
    found = list(pool.map(lambda window: decoder.decode(asset, window, 0), windows, timeout=60))
    with rasterio.open(path) as dataset:
        whole = dataset.read()
    for window, samples in zip(windows, found, strict=True):
        np.testing.assert_array_equal(samples, whole[(slice(None), *window.slices)])
    assert decoder.counts.snapshot()["indexes_built"] == 1


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_what_does_not_fit_goes_to_the_other_decoder(
    tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor
) -> None:
    samples = texture(1, 90, 70, 8)
    path = encode(tmp_path, samples, Encoding(more=("-POC", "T1=0,0,1,3,1,LRCP/T1=3,0,1,5,1,RLCP")))
    image = tmp_path / "image.tif"
    with rasterio.open(
        image, "w", "GTiff", 70, 90, 1, crs="EPSG:32629", dtype="uint8", transform=Affine.scale(10)
    ) as dataset:
        dataset.write(samples.astype(np.uint8))
    decoder = make_decoder(openjpeg, GdalDecoder(local_archive()), pool)
    for asset in (plain_asset(path, samples), plain_asset(image, samples)):
        found = decoder.decode(asset, PixelWindow(10, 20, 30, 40), 0)
        np.testing.assert_array_equal(found, samples[:, 20:60, 10:40])
    assert decoder.counts.snapshot()["windows_unfit"] == 2


def test_another_image_than_the_catalogued_is_refused(
    tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor
) -> None:
    path = encode(tmp_path, texture(1, 90, 70, 8), Encoding())
    asset = plain_asset(path, texture(1, 90, 71, 8))
    with pytest.raises(SceneUnreadableError, match=r"image\.j2k is another image"):
        make_decoder(openjpeg, Refusing(), pool).decode(asset, PixelWindow(0, 0, 5, 5), 0)


def test_a_missing_file_is_named(
    tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor
) -> None:
    asset = plain_asset(tmp_path / "absent.jp2", texture(1, 9, 9, 8))
    with pytest.raises(SceneUnreadableError, match=r"^absent\.jp2: No such file"):
        make_decoder(openjpeg, Refusing(), pool).decode(asset, PixelWindow(0, 0, 5, 5), 0)


def test_a_replaced_file_is_indexed_anew(
    tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor
) -> None:
    decoder = make_decoder(openjpeg, Refusing(), pool)
    for seed in (1, 2):
        samples = texture(1, 60, 60, 8, seed=seed)
        path = encode(tmp_path, samples, Encoding(resolutions=2))
        os.utime(path, (seed, seed))
        found = decoder.decode(plain_asset(path, samples), PixelWindow(0, 0, 60, 60), 0)
        np.testing.assert_array_equal(found, samples)


def test_no_file_stays_open(tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor) -> None:
    samples = texture(1, 60, 60, 8)
    asset = plain_asset(encode(tmp_path, samples, Encoding(resolutions=2)), samples)
    decoder = make_decoder(openjpeg, Refusing(), pool)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for column in range(20):
        decoder.decode(asset, PixelWindow(column, 0, 20, 20), 0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("offset", [(0, 0), (1, 1), (3, 5), (6, 4)])
def test_reduced_samples_are_counted_from_the_images_own_corner(
    tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor, offset: tuple[int, int]
) -> None:
    samples = (
        texture(1, 61, 70, 8) // 2 + 64
    )  # clear of the ends of the range, where values are cut
    asset = plain_asset(encode(tmp_path, samples, Encoding(offset=offset)), samples)
    decoder = make_decoder(openjpeg, Refusing(), pool)
    expected = samples.astype(np.int32)
    for reduction in range(4):
        window = PixelWindow(0, 0, reduced_size(70, reduction), reduced_size(61, reduction))
        np.testing.assert_array_equal(decoder.decode(asset, window, reduction), expected)
        expected = halve(expected)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("offset", [(0, 0), (1, 1), (3, 5), (6, 4)])
def test_gdal_counts_reduced_samples_from_the_images_own_corner_too(
    tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor, offset: tuple[int, int]
) -> None:
    samples = texture(1, 361, 370, 8) // 2 + 64
    more = ("-POC", "T1=0,0,1,2,1,LRCP/T1=2,0,1,3,1,RLCP")
    path = encode(tmp_path, samples, Encoding(offset=offset, resolutions=3, more=more))
    asset = plain_asset(path, samples)
    decoder = make_decoder(openjpeg, GdalDecoder(local_archive()), pool)
    expected = samples.astype(np.int32)
    for reduction in range(4):
        window = PixelWindow(0, 0, reduced_size(370, reduction), reduced_size(361, reduction))
        np.testing.assert_array_equal(decoder.decode(asset, window, reduction), expected)
        expected = halve(expected)
    assert decoder.counts.snapshot()["windows_unfit"] == 4


def test_signed_samples_below_the_lowest_resolution_stay_signed(
    tmp_path: Path, openjpeg: OpenJpeg, pool: ThreadPoolExecutor
) -> None:
    samples = texture(1, 61, 70, 12, signed=True) // 2
    encoding = Encoding(bits=12, signed=True, resolutions=2)
    asset = replace(plain_asset(encode(tmp_path, samples, encoding), samples), bits=12)
    found = make_decoder(openjpeg, Refusing(), pool).decode(asset, PixelWindow(0, 0, 18, 16), 2)
    assert found.min() < 0
    np.testing.assert_array_equal(found, halve(halve(samples.astype(np.int32))))
