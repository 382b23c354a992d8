"""Make full-size (10980 × 10980) Sentinel-2 10 m images with ESA's encoding, to measure on.

A real 60 m band gives the land, enlarged six times; a Landsat scene gives the texture, in
proportion to the signal; sensor noise comes on top, which is what most of a real image's bits
are. Deterministic.
"""

from pathlib import Path

import cv2
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.encoding import COLOUR, Jpeg2000Profile, band_profile, write_jpeg2000

SIZE = 10980
ENLARGED = 6
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LAND = "sentinel-2/S2A_MSIL1C_20180101*.SAFE/**/*_B01.jp2"
TEXTURE = "texture/*B{}*.TIF"
# One count is 1e-4 of reflectance. Twice an instrument's noise: 8 to 9 bit a pixel, where real
# bands have 7 to 8, so that what is measured is the harder case.
NOISE_FLOOR = 20.0
NOISE_PER_ROOT = 0.5
TEXTURE_STRENGTH = 0.6


def make_band(path: Path, number: int = 4, tile_part_lengths: bool = False) -> None:
    """Write a 15-bit band of 8 to 9 bit a pixel; ``number`` 2, 3 or 4 chooses texture and seed."""
    profile = band_profile(10, 15)
    if tile_part_lengths:
        profile = Jpeg2000Profile(
            profile.tile, profile.code_block, profile.precinct, profile.bits, tile_part_lengths=True
        )
    write_jpeg2000(path, synthesise(number)[np.newaxis], _grid(), profile)


def make_true_colour(path: Path) -> None:
    """Write a TCI: three bands stretched to 8 bit."""
    colours = [np.clip(synthesise(number) / 16.0, 1, 255) for number in (4, 3, 2)]
    write_jpeg2000(path, np.stack(colours).astype(np.uint8), _grid(), COLOUR)


def _grid() -> Grid:
    return Grid("EPSG:32631", Affine(10.0, 0.0, 399960.0, 0.0, -10.0, 4700040.0), SIZE, SIZE)


def synthesise(number: int) -> NDArray[np.uint16]:
    """Samples of one band, (10980, 10980)."""
    land = _enlarge(_read(LAND))
    texture = _read(TEXTURE.format(number))
    detail = texture / np.maximum(cv2.GaussianBlur(texture, (0, 0), 12), 1.0) - 1.0
    detail[texture == 0] = 0.0
    repeats = [-(-SIZE // length) + 1 for length in detail.shape]
    generator = np.random.default_rng(number)
    for row in range(0, SIZE, 1024):
        strip = land[row : row + 1024]
        rows = np.take(np.tile(detail, (repeats[0], 1)), range(row, row + len(strip)), axis=0)
        pattern = np.tile(rows, (1, repeats[1]))[:, :SIZE].astype(np.float32)
        strip *= 1.0 + TEXTURE_STRENGTH * pattern
        sigma = NOISE_FLOOR + NOISE_PER_ROOT * np.sqrt(np.maximum(strip, 0.0))
        strip += sigma * generator.standard_normal(strip.shape, dtype=np.float32)
    samples: NDArray[np.uint16] = np.clip(np.rint(land), 1, 32767).astype(np.uint16)
    return samples


def _enlarge(land: NDArray[np.float32]) -> NDArray[np.float32]:
    size = (land.shape[1] * ENLARGED, land.shape[0] * ENLARGED)
    return np.asarray(cv2.resize(land, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _read(pattern: str) -> NDArray[np.float32]:
    (path,) = SHARED.glob(pattern)
    with rasterio.open(path) as dataset:
        samples: NDArray[np.float32] = dataset.read(1, out_dtype="float32")
    return samples
