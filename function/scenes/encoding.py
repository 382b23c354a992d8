"""Write JPEG 2000 images encoded as ESA encodes Sentinel-2.

One quality layer, LRCP, reversible 5-3 wavelet, five resolutions, one tile-part a tile, packet
lengths (PLT) in every tile, georeferenced by GMLJP2 version 1 alone. SIZ, COD and the order of
markers come out as in ESA's files. Two things stay the encoder's own: OpenJPEG spends two guard
bits where Kakadu spends one, so the exponents in QCD differ (never a pixel), and the comment.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from function.grid import Grid

RESOLUTION_LEVELS = 5
BYTE_BITS = 8


@dataclass(frozen=True, slots=True)
class Jpeg2000Profile:
    """How one kind of image is cut up and coded.

    ``tile``, ``code_block`` and ``precinct`` are sizes in samples, all square; the precinct is
    the same at every resolution. ``bits`` is the precision of an unsigned sample.
    ``colour_transform`` is the reversible one of three components (ISO/IEC 15444-1 G.2).
    ``tile_part_lengths`` adds TLM to the main header, as ESA does from baseline 05.12 on.
    """

    tile: int
    code_block: int
    precinct: int
    bits: int
    colour_transform: bool = False
    tile_part_lengths: bool = False


# Sizes as read from ESA's own files: tile, code-block and precinct for each pixel size in metres.
BAND_SIZES = {10: (1024, 64, 256), 20: (640, 8, 128), 60: (192, 4, 64)}
COLOUR = Jpeg2000Profile(256, 16, 128, BYTE_BITS, colour_transform=True)
# ESA cuts the preview into tiles of 8; 32 is the smallest that GDAL's driver writes.
PREVIEW = Jpeg2000Profile(32, 16, 128, BYTE_BITS, colour_transform=True)


def band_profile(resolution: int, bits: int) -> Jpeg2000Profile:
    """Give the profile of a single-band image with pixels of 10, 20 or 60 m."""
    return Jpeg2000Profile(*BAND_SIZES[resolution], bits)


def write_jpeg2000(
    path: Path,
    samples: NDArray[np.uint8] | NDArray[np.uint16],
    grid: Grid,
    profile: Jpeg2000Profile,
) -> None:
    """Encode ``samples`` (components, height, width) losslessly into ``path``.

    Raises ValueError where the samples do not fit the grid or the profile's precision.
    """
    _check(samples, grid, profile)
    # Without PAM no .aux.xml is written beside the image.
    with (
        rasterio.Env(GDAL_PAM_ENABLED="NO"),
        rasterio.open(
            path.name,
            "w",
            driver="MEM",
            width=grid.width,
            height=grid.height,
            count=samples.shape[0],
            dtype=samples.dtype,
            crs=grid.crs,
            transform=grid.transform,
        ) as image,
    ):
        image.write(samples)
        if profile.colour_transform:
            image.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
        if profile.bits != samples.dtype.itemsize * BYTE_BITS:
            for component in image.indexes:
                image.update_tags(component, ns="IMAGE_STRUCTURE", NBITS=str(profile.bits))
        rasterio.shutil.copy(image, path, driver="JP2OpenJPEG", **_creation_options(profile))


def _check(
    samples: NDArray[np.uint8] | NDArray[np.uint16], grid: Grid, profile: Jpeg2000Profile
) -> None:
    expected = np.uint8 if profile.bits <= BYTE_BITS else np.uint16
    if samples.dtype != expected:
        raise ValueError(f"{profile.bits} bit are held in {np.dtype(expected)}: {samples.dtype}")
    if samples.ndim != 3 or samples.shape[1:] != grid.shape:  # noqa: PLR2004
        raise ValueError(f"samples {samples.shape} do not lie on a grid of {grid.shape}")
    if samples.max(initial=0) >> profile.bits:
        raise ValueError(f"a sample of {samples.max()} exceeds {profile.bits} bit")


def _creation_options(profile: Jpeg2000Profile) -> dict[str, str]:
    precinct = f"{{{profile.precinct},{profile.precinct}}}"
    return {
        # Or the driver leaves the boxes, and with them GMLJP2, out where the path has another end.
        "CODEC": "JP2",
        "QUALITY": "100",
        "REVERSIBLE": "YES",
        "RESOLUTIONS": str(RESOLUTION_LEVELS),
        "PROGRESSION": "LRCP",
        "PLT": "YES",
        "TLM": _flag(profile.tile_part_lengths),
        "BLOCKXSIZE": str(profile.tile),
        "BLOCKYSIZE": str(profile.tile),
        "CODEBLOCK_WIDTH": str(profile.code_block),
        "CODEBLOCK_HEIGHT": str(profile.code_block),
        "PRECINCTS": ",".join([precinct] * RESOLUTION_LEVELS),
        "YCC": _flag(profile.colour_transform),
        "YCBCR420": "NO",
        "GMLJP2": "YES",
        "GEOJP2": "NO",
        "JPX": "NO",
        "PROFILE": "UNRESTRICTED",
    }


def _flag(value: bool) -> str:
    return "YES" if value else "NO"
