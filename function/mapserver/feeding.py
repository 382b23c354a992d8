"""Handing MapServer the pixels of a layer: an array in memory, already on the request's grid."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind
from function.raster import Raster

# A pixel without a class. No product numbers its classes so high; where 255 occurs it means this.
NO_CLASS = 255

OPAQUE = 255

# Pixels are square as long as the far edge of the map moves by less than this part of a pixel
# when they are taken for square.
SQUARE_TOLERANCE = 0.01

# Part of a pixel by which a row of pixels that are not square is turned: over the largest map it
# comes to nothing, yet MapServer then calculates with both sides of the pixels. Not turned at
# all, it takes pixels for square that differ by up to 1 % (msResampleGDALToMap, mapresample.c).
TURN = 1e-12

# GDAL's names of sample types ("GDAL raster data model").
SAMPLE_TYPES = {"uint8": "Byte", "float32": "Float32"}


def feed(target: Any, layer: ArchiveLayer, raster: Raster) -> NDArray[Any]:
    """Point ``target``, a layerObj, at the pixels of ``raster``.

    Returns the array that MapServer will read, (bands, height, width): the caller keeps it until
    the map is drawn. GDAL's MEM driver reads it where it lies.

    How a pixel without a value is told, for each kind: where there is one, colours get a fourth
    band of opacity, so that black stays a colour; an index is NaN there; a class is NO_CLASS.
    Classes stay 8-bit: wider samples are put into buckets, and where classes overlap MapServer then
    prefers the one that it found before to the first in the mapfile.
    """
    pixels: NDArray[Any]
    if layer.kind is LayerKind.COLOUR:
        pixels = _with_opacity(raster)
        target.addProcessing(f"BANDS={','.join(map(str, range(1, len(pixels) + 1)))}")
    elif layer.kind is LayerKind.INDEX:
        pixels = _with_gaps(raster, scale_of(target))
    else:
        pixels = _with_no_class(raster)
        target.addProcessing(f"NODATA={NO_CLASS}")
    # Deferred closing would keep one dataset a request, and its array's address, for ever.
    target.addProcessing("CLOSE_CONNECTION=NORMAL")
    target.setProjection(raster.grid.crs)
    target.data = _describe(pixels, raster)
    return pixels


def scale_of(target: Any) -> tuple[float, float] | None:
    """The layer's ``PROCESSING "SCALE=min,max"``; None where MapServer finds it itself.

    Raises ValueError where it is no pair of numbers that rise.
    """
    text = target.getProcessingKey("SCALE")
    if not text or text.upper() == "AUTO":
        return None
    lowest, highest = (float(part) for part in text.split(","))
    if not lowest < highest:
        raise ValueError(text)
    return lowest, highest


def has_square_pixels(grid: Grid) -> bool:
    """Whether ``grid`` can be drawn as MapServer's own maps are, without resampling."""
    across, down = grid.transform.a, -grid.transform.e
    return abs(across / down - 1) * max(grid.shape) < SQUARE_TOLERANCE


def _with_opacity(raster: Raster) -> NDArray[np.uint8]:
    """Add a band of opacity where there are gaps; MapServer draws three bands faster than four."""
    if raster.valid.all():
        return np.ascontiguousarray(raster.bands, np.uint8)
    bands, height, width = raster.bands.shape
    pixels = np.empty((bands + 1, height, width), np.uint8)
    pixels[:bands] = raster.bands
    np.multiply(raster.valid, OPAQUE, out=pixels[bands], casting="unsafe")
    return pixels


def _with_gaps(raster: Raster, scale: tuple[float, float] | None) -> NDArray[np.float32]:
    """NaN where nothing is valid; values beyond the layer's SCALE get the colour of its end.

    MapServer sorts the values of SCALE into buckets, the upper end excluded, and draws nothing
    for the others: ratios of reflectances near zero would be holes in dark water.
    """
    pixels = raster.bands.astype(np.float32)
    if scale is not None:
        lowest, highest = np.float32(scale[0]), np.float32(scale[1])
        if float(lowest) < scale[0]:
            lowest = np.nextafter(lowest, highest)
        np.clip(pixels, lowest, np.nextafter(highest, lowest), out=pixels)
    pixels[:, ~raster.valid] = np.nan
    return np.ascontiguousarray(pixels)


def _with_no_class(raster: Raster) -> NDArray[np.uint8]:
    pixels = raster.bands.astype(np.uint8)
    pixels[:, ~raster.valid] = NO_CLASS
    return np.ascontiguousarray(pixels)


def _describe(pixels: NDArray[Any], raster: Raster) -> str:
    """The name under which GDAL opens the array (GDAL manual, "MEM: In Memory datasets")."""
    bands, height, width = pixels.shape
    transform = raster.grid.transform
    turn = 0.0 if has_square_pixels(raster.grid) else transform.a * TURN
    numbers = (transform.c, transform.a, turn, transform.f, 0.0, transform.e)
    options = {
        "DATAPOINTER": pixels.ctypes.data,
        "PIXELS": width,
        "LINES": height,
        "BANDS": bands,
        "DATATYPE": SAMPLE_TYPES[pixels.dtype.name],
        "GEOTRANSFORM": "/".join(repr(float(number)) for number in numbers),
    }
    return "MEM:::" + ",".join(f"{key}={value}" for key, value in options.items())
