"""A window read by its blocks has the very samples that GDAL reads of the whole file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from archives import local_archive
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.enums import Resampling
from tiff_files import BytesSource, asset_of, open_tiff, read_blocks, read_whole, write_tiff

from function.scenes.decoder import PixelWindow, Wanted, reduced_size
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.geotiff.window import BlockWindow

REDUCTIONS = range(5)
# WebP and JPEG are of 8 bit alone; NBITS and predictors do not go together.
LOSSY = frozenset({"JPEG", "WEBP"})
PREDICTED = frozenset({"DEFLATE", "LZW", "ZSTD"})


@dataclass(frozen=True)
class Make:
    """How a file is made."""

    samples: NDArray[np.generic]
    options: dict[str, str]
    overviews: tuple[int, ...]
    method: Resampling
    nodata: int | None
    cloud_optimised: bool


@st.composite
def makes(draw: st.DrawFn) -> Make:
    """Draw an image, and the options of GDAL's driver to write it with."""
    compression = draw(st.sampled_from(["NONE", "DEFLATE", "LZW", "ZSTD", "PACKBITS", "LERC",
                                        "LZMA", "JPEG", "WEBP"]))  # fmt: skip
    kinds = ["uint8"] if compression in LOSSY else ["uint8", "uint16", "int16", "float32"]
    kind = np.dtype(draw(st.sampled_from(kinds)))
    components = draw(st.sampled_from([3, 4] if compression == "WEBP" else [1, 2, 3, 4]))
    options = {
        "COMPRESS": compression,
        "BIGTIFF": draw(st.sampled_from(["YES", "NO"])),
        "ENDIANNESS": draw(st.sampled_from(["LITTLE", "BIG"])),
        "INTERLEAVE": draw(st.sampled_from(["PIXEL", "BAND"])),
        "SPARSE_OK": draw(st.sampled_from(["TRUE", "FALSE"])),
    }
    if compression == "WEBP":
        options["INTERLEAVE"] = "PIXEL"
    if compression in PREDICTED:
        # libtiff itself mistakes floating point in big-endian files for what it predicts.
        floating = kind.kind == "f" and options["ENDIANNESS"] == "LITTLE"
        options["PREDICTOR"] = draw(st.sampled_from(["1", "2", "3"] if floating else ["1", "2"]))
    elif kind == np.uint16 and compression != "LERC":
        options["NBITS"] = draw(st.sampled_from(["12", "15", "16"]))
    sides = st.integers(1, 6).map(lambda times: str(16 * times))
    if draw(st.booleans()):
        options |= {"TILED": "YES", "BLOCKXSIZE": draw(sides), "BLOCKYSIZE": draw(sides)}
    else:
        rows = ["16"] if compression == "JPEG" else ["1", "3", "8", "1000"]
        options["BLOCKYSIZE"] = draw(st.sampled_from(rows))
    if compression == "JPEG" and components == 3 and options["INTERLEAVE"] == "PIXEL":
        options["PHOTOMETRIC"] = draw(st.sampled_from(["RGB", "YCBCR"]))
    shape = components, draw(st.integers(1, 200)), draw(st.integers(1, 200))
    random = np.random.default_rng(draw(st.integers(0, 9)))
    samples = random.integers(0, 250 if kind.itemsize == 1 else 4000, shape).astype(kind)
    nodata = draw(st.sampled_from([None, 0, 7]))
    samples[:, : shape[1] // 2, : shape[2] // 2] = nodata or 0
    # rasterio makes no two overviews of one pixel.
    possible = [factor for factor in (2, 4, 8, 16) if factor <= max(shape[1:])]
    factors = draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    method = draw(st.sampled_from([Resampling.average, Resampling.nearest]))
    # COG's driver cannot halve a side of one pixel.
    optimised = compression in PREDICTED and components in (1, 3) and min(shape[1:]) >= 16
    optimised = optimised and draw(st.booleans())
    return Make(samples, options, tuple(factors), method, nodata, optimised)


def write(make: Make, directory: Path) -> Path:
    path = directory / "image.tif"
    path.unlink(missing_ok=True)
    write_tiff(path, make.samples, make.options, make.overviews, make.nodata, make.method)
    if not make.cloud_optimised:
        return path
    copy = directory / "optimised.tif"
    copy.unlink(missing_ok=True)
    creation = {"BLOCKSIZE": "128", "COMPRESS": "LZW", "OVERVIEW_COUNT": "3"}
    with rasterio.Env(GDAL_PAM_ENABLED="NO"):
        rasterio.shutil.copy(path, copy, driver="COG", **creation)
    return copy


@st.composite
def spans(draw: st.DrawFn, size: int) -> tuple[int, int]:
    start = draw(st.integers(0, size - 1))
    return start, draw(st.integers(1, size - start))


@settings(max_examples=100, deadline=None)
@given(make=makes(), data=st.data())
def test_windows_are_those_of_the_whole_file(
    tmp_path_factory: pytest.TempPathFactory, make: Make, data: st.DataObject
) -> None:
    path = write(make, tmp_path_factory.getbasetemp())
    asset = asset_of(path, make.nodata)
    whole = read_whole(path)
    local = GdalDecoder(local_archive())
    for reduction in REDUCTIONS:
        height, width = (reduced_size(size, reduction) for size in whole.shape[1:])
        row, rows = data.draw(spans(height))
        column, columns = data.draw(spans(width))
        window = PixelWindow(column, row, columns, rows)
        found = read_blocks(path.read_bytes(), asset, window, reduction)
        assert found.dtype == whole.dtype
        if reduction == 0:
            np.testing.assert_array_equal(found, whole[(slice(None), *window.slices)])
        np.testing.assert_array_equal(found, local.decode(asset, window, reduction))
        everything = local.decode(asset, PixelWindow(0, 0, width, height), reduction)
        np.testing.assert_array_equal(found, everything[(slice(None), *window.slices)])
    local.close()


def test_only_the_blocks_of_a_window_are_read(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    samples = np.random.default_rng(1).integers(0, 9999, (1, 300, 290)).astype(np.uint16)
    write_tiff(path, samples, {"TILED": "YES", "BLOCKXSIZE": "64", "BLOCKYSIZE": "64"}, (2, 4))
    source = BytesSource(path.read_bytes())
    file = open_tiff(source)
    asset, tile = asset_of(path), 64 * 64 * 2
    assert [level.shape for level in file.levels] == [(300, 290), (150, 145), (75, 73)]
    for window, reduction, blocks in (
        (PixelWindow(64, 128, 64, 64), 0, 1),
        (PixelWindow(63, 127, 66, 66), 0, 9),
        (PixelWindow(0, 0, 290, 300), 0, 25),
        (PixelWindow(60, 60, 10, 10), 1, 4),
        (PixelWindow(0, 0, 145, 150), 1, 9),
    ):
        source.read.clear()
        plan = BlockWindow.plan(Wanted(asset, window, reduction), file)
        plan.decode(lambda _: source)
        assert sum(length for _, length in source.read) == blocks * tile


LAYOUTS = {
    "tiles": {"TILED": "YES", "BLOCKXSIZE": "64", "BLOCKYSIZE": "64"},
    "strips": {"BLOCKYSIZE": "7"},
}


@pytest.mark.parametrize("interleave", ["PIXEL", "BAND"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("at_once", [1, 20_000, 100_000])
def test_large_windows_are_read_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, layout: str, interleave: str
) -> None:
    monkeypatch.setattr("function.scenes.geotiff.window.MOST_AT_ONCE", at_once)
    path = tmp_path / "image.tif"
    samples = np.random.default_rng(6).integers(1, 9999, (2, 300, 290)).astype(np.uint16)
    # Blocks that are absent.
    samples[:, :130, 100:260] = 0
    options = LAYOUTS[layout] | {"INTERLEAVE": interleave, "SPARSE_OK": "TRUE"}
    write_tiff(path, samples, options, (2,), nodata=0)
    asset, source = asset_of(path, 0), BytesSource(path.read_bytes())
    file, local = open_tiff(source), GdalDecoder(local_archive())
    reads: list[int] = []

    def read(part: BlockWindow) -> BytesSource:
        reads.append(part.bytes_needed)
        return source

    for reduction in REDUCTIONS:
        full = PixelWindow(0, 0, reduced_size(290, reduction), reduced_size(300, reduction))
        for window in (full, PixelWindow(3, 5, full.width - 4, full.height - 9)):
            reads.clear()
            plan = BlockWindow.plan(Wanted(asset, window, reduction), file)
            np.testing.assert_array_equal(plan.decode(read), local.decode(asset, window, reduction))
            level = plan.blocks.level
            # A sample of 16 pixels a side may lie on several strips, which have to go together.
            apart, lines = level.block_height, 1 << plan.rest
            rows = 1 if apart % lines == 0 else lines // apart + 2
            together = rows * apart * level.block_width * samples.itemsize * len(samples)
            assert max(reads) <= max(at_once, together)
            if plan.bytes_needed > max(at_once, together):
                assert len(reads) > 1
            if layout == "tiles":
                # Parts are cut between tiles, so that none is read twice.
                assert sum(reads) == plan.bytes_needed
    local.close()


def test_of_a_cloud_optimised_file_the_start_tells_where_all_blocks_are(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain.tif", tmp_path / "image.tif"
    write_tiff(plain, np.ones((1, 2000, 1800), np.uint16), {})
    rasterio.shutil.copy(plain, path, driver="COG", BLOCKSIZE="128", COMPRESS="DEFLATE")
    source = BytesSource(path.read_bytes())
    assert len(open_tiff(source).levels) == 5
    in_front = (0, min(32_768, path.stat().st_size))
    assert source.read[0] == in_front
    assert all(offset + length <= sum(in_front) for offset, length in source.read)


def test_a_mask_is_no_overview(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    samples = np.random.default_rng(2).integers(0, 99, (1, 120, 130)).astype(np.uint8)
    write_tiff(path, samples, {})
    with (
        rasterio.Env(GDAL_PAM_ENABLED="NO", GDAL_TIFF_INTERNAL_MASK="YES"),
        rasterio.open(path, "r+") as dataset,
    ):
        dataset.write_mask(np.eye(120, 130, dtype=np.bool_))
        dataset.build_overviews([2], Resampling.nearest)
    file = open_tiff(BytesSource(path.read_bytes()))
    assert [level.shape for level in file.levels] == [(120, 130), (60, 65)]
    window = PixelWindow(3, 4, 50, 51)
    found = read_blocks(path.read_bytes(), asset_of(path), window, 1)
    np.testing.assert_array_equal(found, read_whole(path, 0)[(slice(None), *window.slices)])


def test_directories_that_lie_elsewhere_are_read_on(tmp_path: Path) -> None:
    path = tmp_path / "image.tif"
    # A strip a line: where they lie and how long they are takes 80 KB. Overviews come last.
    samples = np.random.default_rng(5).integers(0, 99, (1, 10_000, 40)).astype(np.uint8)
    write_tiff(path, samples, {"BLOCKYSIZE": "1", "COMPRESS": "LZW", "BIGTIFF": "YES"}, (2, 4))
    source = BytesSource(path.read_bytes())
    file = open_tiff(source)
    assert [level.shape for level in file.levels] == [(10_000, 40), (5000, 20), (2500, 10)]
    # The start, the directories of the overviews, and what is long of all of them.
    at_once = [part for part in source.read if part[1] >= 2500]
    assert len(source.read) <= 3 + 3 * 3
    assert sum(length for _, length in at_once) < path.stat().st_size / 2
    window = PixelWindow(3, 9000, 30, 17)
    found = read_blocks(path.read_bytes(), asset_of(path), window, 0)
    np.testing.assert_array_equal(found, samples[(slice(None), *window.slices)])
