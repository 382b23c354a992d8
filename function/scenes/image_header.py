"""What an image file says of itself, for cataloguing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, MemoryFile

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.scenes.access.address import is_remote, local_path
from function.scenes.access.archive import Archive
from function.scenes.gdal import file_name, gdal_environment
from function.scenes.jpeg2000.boxes import FIRST_READ


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The grid an image lies on, how many components a pixel has and how many bits a sample."""

    grid: Grid
    components: int
    bits: int


@dataclass(frozen=True, slots=True)
class ImageShape:
    """How many samples, lines and bits a sample an image has that may lie on no grid."""

    width: int
    height: int
    bits: int


def read_image_header(href: str, archive: Archive | None = None) -> ImageHeader:
    """Read the header of a georeferenced image; no sample is decoded.

    JPEG 2000 is georeferenced by its GMLJP2 box (OGC 05-047r3), GeoTIFF by its keys. Of a remote
    image, for which an ``archive`` is needed, the start is read. Raises SceneUnreadableError for
    what is no image, or has no CRS with an authority code.
    """
    try:
        with gdal_environment(), _opened(href, archive) as dataset:
            authority = dataset.crs.to_authority() if dataset.crs else None
            if authority is None:
                raise SceneUnreadableError(f"{file_name(href)} names no reference system")
            grid = Grid(":".join(authority), dataset.transform, dataset.width, dataset.height)
            return ImageHeader(grid, dataset.count, _bits(dataset))
    except RasterioError as error:
        raise SceneUnreadableError(f"{file_name(href)} is no readable image") from error


def read_image_shape(href: str, archive: Archive | None = None) -> ImageShape:
    """Read the header of an image that need not be georeferenced, as ``read_image_header`` does."""
    try:
        with gdal_environment(), _opened(href, archive) as dataset:
            return ImageShape(dataset.width, dataset.height, _bits(dataset))
    except RasterioError as error:
        raise SceneUnreadableError(f"{file_name(href)} is no readable image") from error


def _bits(dataset: DatasetReader) -> int:
    depth = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
    return int(depth) if depth else 8 * np.dtype(dataset.dtypes[0]).itemsize


@contextmanager
def _opened(href: str, archive: Archive | None) -> Iterator[DatasetReader]:
    if archive is None or not is_remote(href):
        with rasterio.open(local_path(href)) as dataset:
            yield dataset
        return
    with archive.open(href) as file:
        (start,) = file.read_ranges([(0, min(file.size(), FIRST_READ))])
    with MemoryFile(start) as memory, memory.open() as dataset:
        yield dataset
