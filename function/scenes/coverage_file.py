"""A finished mosaic as a file: GeoTIFF, also cloud-optimised, netCDF, JPEG 2000 or PNG."""

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from function.deadline import Deadline
from function.errors import DeadlineExceededError, RenderError
from function.layer import LayerKind
from function.parse.coverage.query import CoverageFormat
from function.raster import NO_VALUE, SCALE, Raster

# Reflectances are mostly noise to deflate: its higher levels take longer for a few percent.
DEFLATE_LEVEL = "1"
# The size of GDAL's own COG driver, and what blocks of TIFF are multiples of.
BLOCK = 512
BLOCK_UNIT = 16
DRIVERS = {
    CoverageFormat.GEOTIFF: "GTiff",
    CoverageFormat.COG: "COG",
    CoverageFormat.NETCDF: "netCDF",
    CoverageFormat.JPEG2000: "JP2OpenJPEG",
    CoverageFormat.PNG: "PNG",
}
EXTENSIONS = {
    CoverageFormat.GEOTIFF: "tif",
    CoverageFormat.COG: "tif",
    CoverageFormat.NETCDF: "nc",
    CoverageFormat.JPEG2000: "jp2",
    CoverageFormat.PNG: "png",
}
# No data of an 8-bit class, as of SCL itself; and of PNG, which has no negative numbers.
NO_CLASS = 0


@dataclass(frozen=True, slots=True)
class CoverageLabels:
    """What a file says of its pixels.

    ``bands`` names them in order. ``acquired`` is the time of each scene that gave pixels, in the
    order of the raster's scenes.
    """

    coverage: str
    kind: LayerKind
    bands: tuple[str, ...]
    acquired: tuple[datetime, ...]


def write_coverage(
    raster: Raster, labels: CoverageLabels, choice: CoverageFormat, deadline: Deadline
) -> BinaryIO:
    """Write ``raster`` to a file that has no name, at its beginning; whoever reads it closes it.

    Reflectances have the scale of 1/10 000 and no data of -32768; in PNG, which has no negative
    numbers, what is not above 0 is 1 and no data is 0. An index has NaN for no data, classes 0.
    The file names the scenes and when they were acquired (``SCENES``, ``ACQUIRED``).
    Raises RenderError where GDAL cannot write it, and DeadlineExceededError, before it begins,
    where the time that is left is too short.
    """
    _check_time(raster.bands.nbytes, choice, deadline)
    with tempfile.TemporaryDirectory(prefix="coverage-") as directory:
        path = Path(directory) / f"coverage.{EXTENSIONS[choice]}"
        try:
            with rasterio.Env(GDAL_PAM_ENABLED="NO"):
                _write(path, raster, labels, choice)
        except rasterio.errors.RasterioError as error:
            raise RenderError(f"the coverage cannot be written as {choice}") from error
        # Unlinked with its directory: the space is free once the answer is sent.
        return path.open("rb")


def _check_time(size: int, choice: CoverageFormat, deadline: Deadline) -> None:
    deadline.check("render")
    needed, left = size / choice.pace, deadline.remaining()
    if needed > left:
        raise DeadlineExceededError(
            f"the coverage takes some {needed:.0f} s to write as {choice},"
            f" and {left:.0f} s are left: ask for a smaller area"
        )


def _write(path: Path, raster: Raster, labels: CoverageLabels, choice: CoverageFormat) -> None:
    """Copy an image in memory, as most of GDAL's drivers write no other way."""
    pixels = _without_sign(raster) if choice is CoverageFormat.PNG else raster.bands
    count, height, width = pixels.shape
    with rasterio.open(
        path.name,
        "w",
        driver="MEM",
        width=width,
        height=height,
        count=count,
        dtype=pixels.dtype,
        crs=raster.grid.crs,
        transform=raster.grid.transform,
        nodata=_no_data(pixels),
    ) as image:
        image.write(pixels)
        image.update_tags(**_tags(raster, labels))
        image.descriptions = labels.bands
        if choice is CoverageFormat.NETCDF:
            for number, band in enumerate(labels.bands, start=1):
                # GDAL numbers the variables of several bands: B8A_9 tells more than B8A9.
                variable = band if count == 1 else f"{band}_"
                image.update_tags(number, NETCDF_VARNAME=variable, long_name=band)
        if labels.kind is LayerKind.VALUES:
            image.scales = (1 / SCALE,) * count
        rasterio.shutil.copy(image, path, driver=DRIVERS[choice], **_options(choice, pixels))


def _no_data(pixels: NDArray[np.generic]) -> float:
    if pixels.dtype == np.int16:
        return NO_VALUE
    return NO_CLASS if pixels.dtype.kind == "u" else np.nan


def _options(choice: CoverageFormat, pixels: NDArray[np.generic]) -> Mapping[str, str]:
    """GDAL's creation options for a driver."""
    # Differences of neighbours deflate better: horizontal ones, of floats byte by byte.
    predictor = "3" if pixels.dtype.kind == "f" else "2"
    down, across = map(_block, pixels.shape[1:])
    options: dict[CoverageFormat, Mapping[str, str]] = {
        CoverageFormat.GEOTIFF: {
            "COMPRESS": "DEFLATE",
            "ZLEVEL": DEFLATE_LEVEL,
            "PREDICTOR": predictor,
            "TILED": "YES",
            "BLOCKXSIZE": str(across),
            "BLOCKYSIZE": str(down),
            "INTERLEAVE": "BAND",
            "BIGTIFF": "IF_SAFER",
        },
        CoverageFormat.COG: {
            "COMPRESS": "DEFLATE",
            "LEVEL": DEFLATE_LEVEL,
            "PREDICTOR": "YES",
            "BLOCKSIZE": str(min(down, across)),
            "OVERVIEW_RESAMPLING": "NEAREST",
        },
        CoverageFormat.NETCDF: {
            "FORMAT": "NC4",
            "COMPRESS": "DEFLATE",
            "ZLEVEL": DEFLATE_LEVEL,
            # It would name a file of the service's own.
            "WRITE_GDAL_HISTORY": "NO",
        },
        CoverageFormat.JPEG2000: {
            "QUALITY": "100",
            "REVERSIBLE": "YES",
            "YCC": "NO",
            "WRITE_METADATA": "YES",
        },
        CoverageFormat.PNG: {"ZLEVEL": DEFLATE_LEVEL, "WRITE_METADATA_AS_TEXT": "YES"},
    }
    return options[choice]


def _block(length: int) -> int:
    """The side of a block: no longer than the image needs.

    A row of pixels around the world would otherwise be compressed as 512 rows.
    """
    return min(BLOCK, math.ceil(length / BLOCK_UNIT) * BLOCK_UNIT)


def _without_sign(raster: Raster) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The pixels of a PNG."""
    if raster.bands.dtype != np.int16:
        return raster.bands.astype(np.uint8, copy=False)
    raised = np.maximum(raster.bands, 1).astype(np.uint16)
    raised[raster.bands == NO_VALUE] = 0
    return raised


def _tags(raster: Raster, labels: CoverageLabels) -> Mapping[str, str]:
    return {
        "COVERAGE": labels.coverage,
        "SCENES": ",".join(raster.scenes),
        "ACQUIRED": ",".join(
            moment.astimezone(UTC).isoformat().replace("+00:00", "Z") for moment in labels.acquired
        ),
    }
