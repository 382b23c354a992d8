"""Land for full-size products: a tile of natural texture, mirrored for as far as it must reach."""

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import rasterio

from function.demo.itinerary import GROUND, LANDSCAPE_SEED, SPRING_PASS
from function.demo.landscape import make_landscape
from function.demo.noise import Field, box_sum
from function.demo.observation import observe
from function.demo.weather import Sky

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LANDSAT = "texture/*B{}.TIF"
ENLARGED = 3  # from Landsat's 30 m to 10 m
# Landsat's scaling of counts to reflectance (USGS, Landsat 8 Data Users Handbook, 5.2).
GAIN, OFFSET = 2e-5, -0.1
SINE_OF_SUN = 0.62  # 38 degrees above the horizon: May at 25 degrees south
FIRST_WHOLE_ROW = 600  # above it the scene's slanted edge cuts rows short
# What the air adds to blue, green and red over this scene: forest comes to 0.02, 0.035, 0.02.
PATH_REFLECTANCE = {2: 0.055, 3: 0.019, 4: 0.012}
# Each band as a sum of blue, green and red reflectance and a constant. Beyond the red edge
# vegetation, dark in the red, is bright; soil rises into the short-wave infrared.
MIXES = {
    "B01": (0.9, 0.0, 0.0, 0.0),
    "B02": (1.0, 0.0, 0.0, 0.0),
    "B03": (0.0, 1.0, 0.0, 0.0),
    "B04": (0.0, 0.0, 1.0, 0.0),
    "B05": (0.0, 0.5, 0.6, 0.04),
    "B06": (-0.4, 1.6, -1.0, 0.18),
    "B07": (-0.5, 2.0, -1.4, 0.23),
    "B08": (-0.6, 2.2, -1.5, 0.25),
    "B8A": (-0.6, 2.2, -1.5, 0.27),
    "B09": (-0.6, 2.2, -1.5, 0.27),
    "B11": (-0.3, 0.6, 1.1, 0.10),
    "B12": (-0.2, 0.2, 1.2, 0.04),
}


class Land(Protocol):
    """A tile of ground; ``shape`` counts its pixels of 10 m, multiples of 6."""

    shape: tuple[int, int]

    def reflectance(self, band: str) -> Field:
        """Surface reflectance at 10 m."""


class LandsatLand:
    """A Landsat scene of fields, forest and rivers, enlarged three times."""

    def __init__(self) -> None:
        """Read blue, green and red from ../shared."""
        self._colours = [self._read(number) for number in (2, 3, 4)]
        self.shape = (self._colours[0].shape[0], self._colours[0].shape[1])

    def reflectance(self, band: str) -> Field:
        *weights, constant = MIXES[band]
        total = np.full(self.shape, constant, np.float32)
        for weight, colour in zip(weights, self._colours, strict=True):
            if weight:
                total += np.float32(weight) * colour
        return np.asarray(np.maximum(total, 0.005), np.float32)

    def _read(self, number: int) -> Field:
        (path,) = SHARED.glob(LANDSAT.format(number))
        with rasterio.open(path) as dataset:
            counts = dataset.read(1)[FIRST_WHOLE_ROW:].astype(np.float32)
        reflectance = (counts * GAIN + OFFSET) / SINE_OF_SUN - PATH_REFLECTANCE[number]
        rows, columns = (size // 2 * 2 for size in counts.shape)
        size = (columns * ENLARGED, rows * ENLARGED)
        enlarged = cv2.resize(reflectance[:rows, :columns], size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(enlarged, np.float32)


class DemoLand:
    """The demo's land under a clear sky, where there is no ../shared."""

    def __init__(self) -> None:
        """Invent it."""
        clear = Sky(
            seed=1,
            amount=-9.0,
            cells=(40,),
            towards_east=0.0,
            towards_south=0.0,
            base=1000.0,
            cirrus=0.0,
            sun_zenith=SPRING_PASS.sky.sun_zenith,
            sun_azimuth=SPRING_PASS.sky.sun_azimuth,
        )
        landscape = make_landscape(LANDSCAPE_SEED, GROUND.shape)
        self._bands = observe(landscape, SPRING_PASS.season, clear).reflectance
        self.shape = GROUND.shape

    def reflectance(self, band: str) -> Field:
        return self._bands[band].astype(np.float32) * np.float32(1e-4)


def best_land() -> Land:
    """Take real texture where it lies beside the checkout."""
    return LandsatLand() if list(SHARED.glob(LANDSAT.format(4))) else DemoLand()


class MirroredLand:
    """Land that reaches as far as it is asked to, at 10, 20 or 60 m."""

    def __init__(self, land: Land) -> None:
        """Mirror ``land`` at its edges, over and over."""
        self._land = land
        self._tiles: dict[tuple[str, int], Field] = {}

    def window(
        self, band: str, resolution: int, corner: tuple[int, int], shape: tuple[int, int]
    ) -> Field:
        """Reflectance of ``shape`` pixels from ``corner`` (row, column), all at ``resolution``."""
        tile = self._tile(band, resolution)
        rows, columns = (
            _mirrored(start, length, size)
            for start, length, size in zip(corner, shape, tile.shape, strict=True)
        )
        return np.asarray(tile[rows][:, columns], np.float32)

    def _tile(self, band: str, resolution: int) -> Field:
        """Keep the last tile alone: a band is painted in strips, one after another."""
        key = (band, resolution)
        if key not in self._tiles:
            step = resolution // 10
            sums = box_sum(self._land.reflectance(band), step)
            self._tiles = {key: sums.astype(np.float32) * np.float32(1 / step**2)}
        return self._tiles[key]


def _mirrored(start: int, length: int, size: int) -> slice | np.ndarray:
    position = np.arange(start, start + length) % (2 * size)
    return np.minimum(position, 2 * size - 1 - position)
