"""GeoTIFFs of every make, and windows read of them block by block."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling

from function.grid import Grid
from function.scene import Asset
from function.scenes.decoder import PixelWindow, Samples, Wanted
from function.scenes.geotiff.directory import read_directories
from function.scenes.geotiff.image import read_levels
from function.scenes.geotiff.library import TiffFile
from function.scenes.geotiff.window import BlockWindow
from function.scenes.jpeg2000.errors import TruncatedError
from function.scenes.jpeg2000.index_record import state_of

TRANSFORM = Affine(10, 0, 600_000, 0, -10, 6_000_000)
CRS = "EPSG:32632"


class BytesSource:
    """A ByteSource over bytes that notes which ranges are read."""

    gap = 0
    metered = True
    at_once = 1

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.read: list[tuple[int, int]] = []

    @property
    def identity(self) -> tuple[str, int, str]:
        return "image.tif", len(self._data), ""

    def size(self) -> int:
        return len(self._data)

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        for offset, length in ranges:
            if offset + length > len(self._data):
                raise TruncatedError(f"image.tif ends before byte {offset + length}")
        self.read += ranges
        return [self._data[offset : offset + length] for offset, length in ranges]


def write_tiff(
    path: Path,
    samples: NDArray[np.generic],
    options: Mapping[str, str],
    overviews: Sequence[int] = (),
    nodata: int | None = None,
    method: Resampling = Resampling.average,
) -> None:
    """Write samples (components, height, width) by GDAL's driver, with its creation options."""
    components, height, width = samples.shape
    with rasterio.Env(GDAL_PAM_ENABLED="NO"):
        with rasterio.open(
            path, "w", driver="GTiff", width=width, height=height, count=components,
            dtype=samples.dtype, crs=CRS, transform=TRANSFORM, nodata=nodata, **options,
        ) as dataset:  # fmt: skip
            dataset.write(samples)
        if overviews:
            with rasterio.open(path, "r+") as dataset:
                dataset.build_overviews(list(overviews), method)


def asset_of(path: Path, nodata: int | None = None) -> Asset:
    """Describe a file as the catalogue would."""
    with rasterio.open(path) as dataset:
        grid = Grid(CRS, TRANSFORM, dataset.width, dataset.height)
        return Asset("B04", str(path), grid, dataset.count, 16, nodata=nodata)


def read_whole(path: Path, overview: int | None = None) -> Samples:
    """Read an image, or one of its overviews, through GDAL."""
    options = {} if overview is None else {"OVERVIEW_LEVEL": overview}
    with rasterio.open(path, **options) as dataset:
        samples: Samples = dataset.read()
    return samples


def open_tiff(source: BytesSource) -> TiffFile:
    """Read the directories of a file."""
    return TiffFile("image.tif", state_of(source), read_levels(read_directories(source)))


def read_blocks(data: bytes, asset: Asset, window: PixelWindow, reduction: int) -> Samples:
    """Decode a window of a file from its blocks."""
    source = BytesSource(data)
    plan = BlockWindow.plan(Wanted(asset, window, reduction), open_tiff(source))
    return plan.decode(lambda _: source)
