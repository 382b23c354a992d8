"""What an image file says of itself, for cataloguing it."""

from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.scenes.gdal import file_name, gdal_environment


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The grid an image lies on, how many components a pixel has and how many bits a sample."""

    grid: Grid
    components: int
    bits: int


def read_image_header(href: str) -> ImageHeader:
    """Read the header of a georeferenced image; no sample is decoded.

    JPEG 2000 is georeferenced by its GMLJP2 box (OGC 05-047r3), GeoTIFF by its keys. Raises
    SceneUnreadableError for what is no image, or has no CRS with an authority code.
    """
    try:
        with gdal_environment(), rasterio.open(href) as dataset:
            authority = dataset.crs.to_authority() if dataset.crs else None
            if authority is None:
                raise SceneUnreadableError(f"{file_name(href)} names no reference system")
            grid = Grid(":".join(authority), dataset.transform, dataset.width, dataset.height)
            depth = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
            bits = int(depth) if depth else 8 * np.dtype(dataset.dtypes[0]).itemsize
            return ImageHeader(grid, dataset.count, bits)
    except RasterioError as error:
        raise SceneUnreadableError(f"{file_name(href)} is no readable image") from error
