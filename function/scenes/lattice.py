"""Where the samples of an image lie, at full resolution and reduced."""

from dataclasses import dataclass

from affine import Affine

from function.scene import Asset
from function.scenes.decoder import reduced_size
from function.scenes.gdal import file_name

JPEG2000_SUFFIXES = (".jp2", ".j2k", ".j2c", ".jpx")


@dataclass(frozen=True, slots=True)
class Lattice:
    """The centres of an image's samples.

    ``transform`` maps a sample's index (column, row) to its centre (x, y) in ``crs``. ``extent``
    is the area that the image covers, (left, upper, right, lower) in units of the sample index:
    it reaches half a pixel of full resolution beyond the outermost pixels' centres. ``step`` is
    how many pixels of full resolution lie from one sample to the next.
    """

    crs: str
    transform: Affine
    width: int
    height: int
    extent: tuple[float, float, float, float]
    step: float


def is_jpeg2000(asset: Asset) -> bool:
    return file_name(asset.href).lower().endswith(JPEG2000_SUFFIXES)


def lattice_of(asset: Asset, reduction: int) -> Lattice:
    """Lay out the samples of ``asset`` at ``reduction``.

    A low-pass sample k of the reversible 5-3 transform is centred on sample 2k of the resolution
    above (ISO/IEC 15444-1 F.3), so at reduction n on sample k·2ⁿ of the image. What is averaged
    instead (see geotiff/reduction.py) is centred on its block of 2ⁿ samples.
    """
    step = float(1 << reduction)
    phase = 0.0 if is_jpeg2000(asset) else (step - 1.0) / 2.0
    first = Affine.translation(0.5 + phase, 0.5 + phase)
    grid = asset.grid
    return Lattice(
        crs=grid.crs,
        transform=grid.transform @ first @ Affine.scale(step),
        width=reduced_size(grid.width, reduction),
        height=reduced_size(grid.height, reduction),
        extent=(
            (-0.5 - phase) / step,
            (-0.5 - phase) / step,
            (grid.width - 0.5 - phase) / step,
            (grid.height - 0.5 - phase) / step,
        ),
        step=step,
    )
