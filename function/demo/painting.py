"""Turn what was observed of the ground into the samples of one product's images."""

import numpy as np
from numpy.typing import NDArray

from function.demo.footprint import SwathEdge
from function.demo.noise import Field, box_sum, enlarge, fractal, smooth
from function.demo.observation import Observation
from function.demo.product import QUANTIFICATION, Image, Product
from function.demo.safe_writer import Samples
from function.grid import Grid

# The darkest and brightest reflectance of a true-colour image, as measured on a real product of
# baseline 04.00: samples rise linearly from 0 to 254 and are rounded up.
BRIGHTEST = 0.25
TRUE_COLOUR = ("B04", "B03", "B02")
HIGHEST_SAMPLE = 2**15 - 1
OPAQUE, CIRRUS = (8, 9), 10
# What clean air adds to the reflectance of a band, and how much of the ground's it lets through.
HAZE = {
    "B01": (0.12, 0.72),
    "B02": (0.09, 0.78),
    "B03": (0.05, 0.84),
    "B04": (0.03, 0.89),
    "B05": (0.025, 0.9),
}
CLEAR = (0.01, 0.95)


class ObservationPainter:
    """Paints a product that lies on the ground that ``observation`` saw."""

    def __init__(
        self,
        product: Product,
        ground: Grid,
        observation: Observation,
        edge: SwathEdge | None,
        seed: int,
    ) -> None:
        """Take ``ground`` for the observation's grid at 10 m; ``seed`` draws the atmosphere."""
        self._product = product
        self._observation = observation
        self._edge = edge
        self._seed = seed
        self._ground_shape = ground.shape
        self._row = round((ground.transform.f - product.grid.transform.f) / 10)
        self._column = round((product.grid.transform.c - ground.transform.c) / 10)

    def paint(self, image: Image) -> Samples:
        """Give the image's samples (components, height, width); 0 where the swath ended."""
        valid = self._valid(image.resolution)
        match image.name:
            case "TCI" | "PVI":
                samples: Samples = np.stack(
                    [stretched(self._seen(band, image.resolution)) for band in TRUE_COLOUR]
                )
            case "SCL":
                samples = self._classes(image.resolution)[None]
            case "MSK_CLASSI":
                classes = self._classes(image.resolution)
                flags = (np.isin(classes, OPAQUE), classes == CIRRUS, np.zeros_like(classes))
                samples = np.stack([flag.astype(np.uint8) for flag in flags])
            case "MSK_CLDPRB":
                samples = self._middle(self._observation.cloud_probability, image.resolution)[None]
            case "MSK_SNWPRB":
                samples = np.zeros((1, *valid.shape), np.uint8)
            case "AOT" | "WVP":
                samples = self._atmosphere(image)[None]
            case band:
                exact = self._seen(band, image.resolution) * QUANTIFICATION
                counts = np.rint(exact) - np.float32(self._product.offset)
                samples = np.clip(counts, 1, HIGHEST_SAMPLE).astype(np.uint16)[None]
        return np.ascontiguousarray(np.where(valid, samples, samples.dtype.type(0)))

    def _valid(self, resolution: int) -> NDArray[np.bool_]:
        """Tell the pixels whose centre the swath covers."""
        grid = self._product.grid_at(resolution)
        if self._edge is None:
            return np.ones(grid.shape, np.bool_)
        west, north = grid.transform.c, grid.transform.f
        x = west + (np.arange(grid.width) + 0.5) * resolution
        y = north - (np.arange(grid.height) + 0.5) * resolution
        return np.asarray(
            self._edge.x + (y[:, None] - self._edge.y) * self._edge.slope - x[None, :] >= 0
        )

    def _window(self, resolution: int) -> tuple[slice, slice]:
        """The product's part of an array of the whole ground at ``resolution``."""
        step = resolution // 10
        grid = self._product.grid_at(resolution)
        row, column = self._row // step, self._column // step
        return slice(row, row + grid.height), slice(column, column + grid.width)

    def _reflectance(self, band: str, resolution: int) -> Field:
        """Average the band over blocks; the product's corner lies on a block's at 60 m."""
        fine = self._observation.reflectance[band][self._window(10)]
        step = resolution // 10
        total = box_sum(fine, step).astype(np.float32)
        return np.asarray(total * np.float32(1 / (step * step * QUANTIFICATION)), np.float32)

    def _seen(self, band: str, resolution: int) -> Field:
        """Reflectance of the surface or, of L1C, at the top of the atmosphere."""
        if self._product.level == "L2A":
            return self._reflectance(band, resolution)
        if band == "B10":
            # Water vapour takes all of the light from below; cirrus lies above it.
            cirrus = self._classes(resolution) == CIRRUS
            return np.where(cirrus, np.float32(0.02), np.float32(0.002))
        added, passed = HAZE.get(band, CLEAR)
        return np.float32(added) + np.float32(passed) * self._reflectance(band, resolution)

    def _classes(self, resolution: int) -> NDArray[np.uint8]:
        return self._middle(self._observation.classes, resolution)

    def _middle(self, values: NDArray[np.uint8], resolution: int) -> NDArray[np.uint8]:
        """Take values at 20 m, or the middle one of each 3 × 3 for 60 m."""
        rows, columns = self._window(20)
        if resolution == 20:
            return values[rows, columns]
        return values[rows.start + 1 : rows.stop : 3, columns.start + 1 : columns.stop : 3]

    def _atmosphere(self, image: Image) -> NDArray[np.uint16]:
        """Aerosol and water vapour drift in wide patches: 0.08 and 1.4 cm, each times 1000."""
        coarse = (self._ground_shape[0] // 6, self._ground_shape[1] // 6)
        if image.name == "AOT":
            field = 80 + 30 * smooth(self._seed + 1, coarse, 90)
        else:
            field = 1400 + 300 * fractal(self._seed + 2, coarse, (60, 30, 15))
        step = 60 // image.resolution
        nodes = np.pad(field, ((1, 3), (1, 3)), "edge")
        whole = (coarse[0] * step, coarse[1] * step)
        values = enlarge(nodes, (step, step), whole)[self._window(image.resolution)]
        return np.rint(values).astype(np.uint16)


def stretched(reflectance: Field) -> NDArray[np.uint8]:
    """Map reflectance to a true-colour image's samples, 0…255."""
    steps = np.floor(reflectance * np.float32(254 / BRIGHTEST)) + 1
    return np.where(reflectance > 0, np.minimum(steps, 255), 0).astype(np.uint8)
