"""Small JPEG 2000 files in ESA's encoding, and assets that name them."""

from pathlib import Path

import numpy as np
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from function.grid import Grid
from function.scene import Asset

ESA_OPTIONS = {
    "QUALITY": "100",
    "REVERSIBLE": "YES",
    "RESOLUTIONS": "5",
    "PROGRESSION": "LRCP",
    "PLT": "YES",
    "GMLJP2": "YES",
    "GEOJP2": "NO",
    "JPX": "NO",
    "PROFILE": "UNRESTRICTED",
    "YCC": "NO",
}
UTM29 = "EPSG:32629"
ORIGIN = (499980.0, 5900040.0)


class ImageMaker:
    """Writes samples as JPEG 2000 and gives the asset that describes them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def __call__(
        self,
        samples: NDArray[np.uint8] | NDArray[np.uint16],
        resolution: float = 10.0,
        band: str = "B04",
        crs: str = UTM29,
        origin: tuple[float, float] = ORIGIN,
        tile: int = 128,
    ) -> Asset:
        samples = samples if samples.ndim == 3 else samples[np.newaxis]
        components, height, width = samples.shape
        transform = Affine(resolution, 0.0, origin[0], 0.0, -resolution, origin[1])
        self._count += 1
        path = self._directory / f"{band}_{self._count}.jp2"
        options = ESA_OPTIONS | {"BLOCKXSIZE": str(tile), "BLOCKYSIZE": str(tile)}
        if components == 3:
            options |= {"YCC": "YES", "YCBCR420": "NO"}
        with MemoryFile() as memory:
            with memory.open(
                driver="GTiff",
                height=height,
                width=width,
                count=components,
                dtype=samples.dtype,
                crs=crs,
                transform=transform,
            ) as dataset:
                dataset.write(samples)
            rasterio.shutil.copy(memory.name, path, driver="JP2OpenJPEG", **options)
        return Asset(
            band=band,
            href=str(path),
            grid=Grid(crs, transform, width, height),
            components=components,
            bits=8 * samples.dtype.itemsize,
        )


def natural(
    height: int, width: int, seed: int = 1, low: int = 1, high: int = 8000
) -> NDArray[np.uint16]:
    """Make smooth texture with noise, of values from ``low`` to ``high``."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(random.standard_normal((height, width)))
    rows = np.fft.fftfreq(height)[:, np.newaxis]
    columns = np.fft.rfftfreq(width)[np.newaxis, :]
    fall = 1.0 / (0.01 + np.hypot(rows, columns)) ** 1.2
    field = np.fft.irfft2(spectrum * fall, s=(height, width))
    field = (field - field.min()) / (field.max() - field.min())
    samples: NDArray[np.uint16] = (low + field * (high - low)).astype(np.uint16)
    return samples
