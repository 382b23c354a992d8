"""Decoding windows through GDAL equals cutting them out of the whole image."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from archives import local_archive
from rasterio.env import get_gdal_config
from scene_images import ImageMaker, natural

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.scene import Asset
from function.scenes.decoder import PixelWindow, reduced_size
from function.scenes.gdal import bound_block_cache, gdal_environment
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.low_pass import halve


@pytest.fixture
def make_image(tmp_path: Path) -> ImageMaker:
    return ImageMaker(tmp_path)


def test_window_is_cut_from_whole_image(make_image: ImageMaker) -> None:
    samples = natural(300, 401)
    asset = make_image(samples)
    window = PixelWindow(120, 100, 200, 180)
    decoded = GdalDecoder(local_archive()).decode(asset, window, 0)
    assert decoded.dtype == np.uint16
    np.testing.assert_array_equal(decoded, samples[np.newaxis, 100:280, 120:320])


def test_components_come_first(make_image: ImageMaker) -> None:
    samples = np.stack([natural(150, 140, seed, 0, 255) for seed in (1, 2, 3)]).astype(np.uint8)
    asset = make_image(samples, band="TCI")
    decoded = GdalDecoder(local_archive()).decode(asset, PixelWindow(10, 20, 100, 90), 0)
    np.testing.assert_array_equal(decoded, samples[:, 20:110, 10:110])


@pytest.mark.parametrize("reduction", [1, 2, 3, 4])
def test_lower_resolutions_of_the_file_are_used(make_image: ImageMaker, reduction: int) -> None:
    asset = make_image(natural(2100, 2090), tile=1024)
    with rasterio.open(asset.href, OVERVIEW_LEVEL=reduction - 1) as dataset:
        whole = dataset.read()
    assert whole.shape[1:] == (reduced_size(2100, reduction), reduced_size(2090, reduction))
    decoded = GdalDecoder(local_archive()).decode(asset, PixelWindow(30, 20, 90, 100), reduction)
    np.testing.assert_array_equal(decoded, whole[:, 20:120, 30:120])


@pytest.mark.parametrize("size", [(300, 401), (97, 61), (33, 17), (40, 17)])
def test_resolutions_gdal_does_not_offer_are_transformed_from_the_lowest(
    make_image: ImageMaker, size: tuple[int, int]
) -> None:
    samples = natural(*size, low=2000, high=6000)
    asset = make_image(samples, tile=1024)
    expected = samples[np.newaxis].astype(np.int32)
    for reduction in range(1, 5):
        expected = halve(expected)
        height, width = reduced_size(size[0], reduction), reduced_size(size[1], reduction)
        assert expected.shape == (1, height, width)
        decoder = GdalDecoder(local_archive())
        whole = decoder.decode(asset, PixelWindow(0, 0, width, height), reduction)
        np.testing.assert_array_equal(whole, expected)
        window = PixelWindow(width // 3, height // 3, width - width // 3, height - height // 3)
        part = decoder.decode(asset, window, reduction)
        np.testing.assert_array_equal(part, expected[(slice(None), *window.slices)])


def test_averages_geotiff(tmp_path: Path) -> None:
    samples = natural(101, 90)
    path = tmp_path / "B04.tif"
    grid = Grid("EPSG:32629", Affine(10, 0, 0, 0, -10, 0), 90, 101)
    with rasterio.open(
        path, "w", driver="GTiff", width=90, height=101, count=1, dtype="uint16",
        crs=grid.crs, transform=grid.transform,
    ) as dataset:  # fmt: skip
        dataset.write(samples, 1)
    asset = Asset("B04", str(path), grid, 1, 16)
    decoded = GdalDecoder(local_archive()).decode(asset, PixelWindow(2, 1, 20, 20), 2)
    blocks = samples[4:84, 8:88].reshape(20, 4, 20, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(decoded[0], blocks, atol=0.51)


def test_missing_file_is_named_without_its_directory(make_image: ImageMaker) -> None:
    asset = make_image(natural(40, 40))
    Path(asset.href).unlink()
    with pytest.raises(SceneUnreadableError, match=r"^B04_1\.jp2: No such file or directory$"):
        GdalDecoder(local_archive()).decode(asset, PixelWindow(0, 0, 10, 10), 0)


def test_what_gdal_says_is_for_operators(make_image: ImageMaker) -> None:
    asset = make_image(natural(40, 40))
    path = Path(asset.href)
    for content, message, notes in (
        (b"", f"{path.name} is empty", 0),
        (b"no image", f"{path.name} cannot be decoded", 1),
    ):
        path.write_bytes(content)
        with pytest.raises(SceneUnreadableError) as raised:
            GdalDecoder(local_archive()).decode(asset, PixelWindow(0, 0, 40, 40), 0)
        assert str(raised.value) == message
        said = getattr(raised.value, "__notes__", [])
        assert len(said) == notes
        assert all(f"GDAL says: '{path}' not recognized" in note for note in said)


def test_truncated_file_is_an_error(make_image: ImageMaker) -> None:
    asset = make_image(natural(600, 600))
    path = Path(asset.href)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SceneUnreadableError):
        GdalDecoder(local_archive()).decode(asset, PixelWindow(0, 0, 600, 600), 0)


def test_other_image_than_catalogued_is_an_error(make_image: ImageMaker) -> None:
    asset = make_image(natural(40, 40))
    other = replace(asset, grid=replace(asset.grid, width=41))
    with pytest.raises(SceneUnreadableError, match="another image"):
        GdalDecoder(local_archive()).decode(other, PixelWindow(0, 0, 10, 10), 0)


def test_replaced_file_is_read_anew(make_image: ImageMaker) -> None:
    first, second = natural(64, 64, seed=1), natural(64, 64, seed=2)
    asset, newer = make_image(first), make_image(second)
    decoder = GdalDecoder(local_archive())
    window = PixelWindow(0, 0, 64, 64)
    np.testing.assert_array_equal(decoder.decode(asset, window, 0)[0], first)
    Path(newer.href).replace(asset.href)
    np.testing.assert_array_equal(decoder.decode(asset, window, 0)[0], second)


def test_threads_share_a_decoder_with_few_open_files(make_image: ImageMaker) -> None:
    images = [natural(200, 200, seed) for seed in range(6)]
    assets = [make_image(samples) for samples in images]
    decoder = GdalDecoder(local_archive(), open_files=2)

    def read(index: int) -> bool:
        column = index % 90
        decoded = decoder.decode(assets[index % 6], PixelWindow(column, 40, 100, 100), 0)
        return np.array_equal(decoded[0], images[index % 6][40:140, column : column + 100])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(120)))
    decoder.close()


def test_the_block_cache_is_bounded_for_the_whole_process() -> None:
    before = get_gdal_config("GDAL_CACHEMAX")
    try:
        bound_block_cache(50 << 20)
        with gdal_environment():
            assert get_gdal_config("GDAL_CACHEMAX") == 50 << 20
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(get_gdal_config, "GDAL_CACHEMAX").result() == 50 << 20
    finally:
        bound_block_cache(before)
