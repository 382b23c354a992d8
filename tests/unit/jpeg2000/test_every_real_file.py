"""Windows of every image of the real products, by each decoder, against GDAL's decode of tiles."""

import random
from pathlib import Path

import numpy as np
import pytest
import rasterio
from concurrent_pool import inline_pool
from rasterio.windows import Window

from function.scenes.decoder import PixelWindow
from function.scenes.jpeg2000.byte_source import LocalByteSource
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.tile_reader import TileReader

WINDOWS = 2
LARGEST = 260

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("S2A_MSIL2A*/GRANULE/*/IMG_DATA/R60m/*.jp2", 15),
        ("S2A_MSIL2A*/GRANULE/*/IMG_DATA/R[12]0m/*.jp2", 3),
        ("S2A_MSIL2A*/GRANULE/*/QI_DATA/MSK_DETFOO*.jp2", 12),
        ("S2A_MSIL2A*/GRANULE/*/QI_DATA/MSK_QUALIT*.jp2", 12),
        ("S2A_MSIL2A*/GRANULE/*/QI_DATA/[!M]*.jp2", 1),
        ("S2A_MSIL2A*/GRANULE/*/QI_DATA/MSK_[CS]*.jp2", 5),
        ("S2A_MSIL1C*/GRANULE/*/IMG_DATA/*.jp2", 1),
    ],
)
def test_windows_equal_gdals(
    shared: Path, codestreams: CodestreamDecoder, pattern: str, count: int
) -> None:
    paths = sorted((shared / "data" / "sentinel-2").glob(pattern))
    assert len(paths) >= count
    for path in paths:
        assert_equal(path, codestreams)


def assert_equal(path: Path, codestreams: CodestreamDecoder) -> None:
    choose = random.Random(path.name)  # noqa: S311  windows, not secrets
    reader = TileReader(codestreams, inline_pool(), 0, DecodingCounts())
    with LocalByteSource(path) as source:
        index = build_index(source)
        with rasterio.open(path) as dataset:
            offered = len(dataset.overviews(1))
        for reduction in range(min(index.header.levels, offered) + 1):
            options = {} if reduction == 0 else {"OVERVIEW_LEVEL": reduction - 1}
            with rasterio.open(path, **options) as dataset:
                for _ in range(WINDOWS):
                    left, top = choose.randrange(dataset.width), choose.randrange(dataset.height)
                    width = min(choose.randint(1, LARGEST), dataset.width - left)
                    height = min(choose.randint(1, LARGEST), dataset.height - top)
                    found = reader.read(
                        source, index, PixelWindow(left, top, width, height), reduction
                    )
                    expected = dataset.read(window=Window(left, top, width, height))
                    place = f"{path.name} at {reduction}: {left}, {top}, {width}, {height}"
                    assert found.dtype == expected.dtype, place
                    np.testing.assert_array_equal(found, expected, err_msg=place)
