"""The demo's images, decoded whole by GDAL: what maps are held against."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

RESOLUTION = 10


@dataclass(frozen=True, slots=True)
class DemoProduct:
    """A SAFE directory."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(".SAFE")

    @property
    def cell(self) -> str:
        return self.name.split("_")[5].removeprefix("T")

    @property
    def day(self) -> str:
        date = self.name.split("_")[2]
        return f"{date[:4]}-{date[4:6]}-{date[6:8]}"

    @property
    def offset(self) -> int:
        """BOA_ADD_OFFSET, read as text: 0 in products of before baseline 04.00."""
        text = (self.path / "MTD_MSIL2A.xml").read_text()
        found = re.findall(r"<BOA_ADD_OFFSET[^>]*>(-?\d+)</BOA_ADD_OFFSET>", text)
        return int(found[0]) if found else 0

    @property
    def cloud_cover(self) -> float:
        text = (self.path / "MTD_MSIL2A.xml").read_text()
        (figure,) = re.findall(r"<Cloud_Coverage_Assessment>([\d.]+)<", text)
        return float(figure)

    def image(self, band: str, resolution: int = RESOLUTION) -> NDArray[np.int32]:
        """All of an image's samples, (components, height, width)."""
        return _decode(self._file(band, resolution))

    def true_colour(self, window: "Window") -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The window of the true colour image, and where it is a measurement.

        Black is no measurement, except where the classification knows of one.
        """
        colours = window.cut(self.image("TCI"))
        return colours, colours.any(axis=0) | (self.classes(window) > 0)

    def classes(self, window: "Window") -> NDArray[np.int32]:
        """The scene classification of 20 m, as pixels of 10 m."""
        coarse = window.cut(self.image("SCL", 2 * RESOLUTION), 2)[0]
        fine: NDArray[np.int32] = coarse.repeat(2, axis=0).repeat(2, axis=1)
        return fine

    def origin(self) -> tuple[float, float]:
        """The north-west corner, in metres of the product's zone."""
        with rasterio.open(self._file("TCI", RESOLUTION)) as image:
            return image.transform.c, image.transform.f

    def window(self, column: int, row: int, width: int, height: int) -> "Window":
        """Pixels of 10 m."""
        west, north = self.origin()
        return Window(
            column,
            row,
            width,
            height,
            (
                west + column * RESOLUTION,
                north - (row + height) * RESOLUTION,
                west + (column + width) * RESOLUTION,
                north - row * RESOLUTION,
            ),
        )

    def _file(self, band: str, resolution: int) -> Path:
        (file,) = self.path.glob(f"GRANULE/*/IMG_DATA/R{resolution}m/*_{band}_{resolution}m.jp2")
        return file


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a product's own grid, and its ``bounds`` (west, south, east, north)."""

    column: int
    row: int
    width: int
    height: int
    bounds: tuple[float, float, float, float]

    def cut(self, samples: NDArray[np.int32], step: int = 1) -> NDArray[np.int32]:
        """Cut (…, height, width) of pixels of 10 m, or of ``step`` times that, to the window."""
        rows = slice(self.row // step, (self.row + self.height) // step)
        columns = slice(self.column // step, (self.column + self.width) // step)
        return samples[..., rows, columns]

    def request(self, layer: str) -> dict[str, str]:
        """A GetMap of the window, pixel for pixel, with transparency."""
        return {
            "SERVICE": "WMS",
            "VERSION": "1.3.0",
            "REQUEST": "GetMap",
            "LAYERS": layer,
            "STYLES": "",
            "CRS": "EPSG:32632",
            "BBOX": ",".join(map(str, self.bounds)),
            "WIDTH": str(self.width),
            "HEIGHT": str(self.height),
            "FORMAT": "image/png",
            "TRANSPARENT": "TRUE",
        }


@lru_cache(maxsize=32)
def _decode(path: Path) -> NDArray[np.int32]:
    with rasterio.open(path) as image:
        samples: NDArray[np.int32] = image.read().astype(np.int32)
    return samples
