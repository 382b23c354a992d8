"""The archive under skies of choice: ten dates whose classification is clouded as far as is asked.

All images but the classification are hard links to those of ``bench.archive``. What the bands show
does not matter to which of them are read, for that follows from the classification alone.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from bench.archive import CELL, DEEP_DATES, DISTINCT_DATES, NEIGHBOUR, Archive, make_archive
from bench.full_size_products import SIZE, product_of
from function.demo.classification import SceneClass
from function.demo.product import Image, Product
from function.demo.safe_writer import Samples, images_of, write_product

# Metres from one bank of clouds to the next, and from one cloud to the next.
BANKS, CLOUDS = 12_000.0, 1500.0


@dataclass(frozen=True, slots=True)
class Sky:
    """The share of clouds on each date, the latest first, which is drawn first."""

    name: str
    shares: tuple[float, ...]


SKIES = (
    Sky("clear first", (0.02, *[0.3] * (DEEP_DATES - 1))),
    Sky("half cloudy", (0.5,) * DEEP_DATES),
    Sky("very cloudy", (0.85,) * DEEP_DATES),
)


class CloudedImages:
    """Gives the classification of a product under other clouds; all else lies on disk already."""

    def __init__(self, source: Path, original: Product, share: float, seed: int) -> None:
        self._source = source
        self._original = original
        self._share = share
        self._seed = seed

    def paint(self, image: Image) -> Samples:
        """Paint the classification, (1, height, width)."""
        if image.name != "SCL":
            raise ValueError(f"{image.name} is not painted")
        with rasterio.open(self._source / self._original.path_of(image)) as dataset:
            classes: NDArray[np.uint8] = dataset.read()
        clear = classes < SceneClass.MEDIUM_PROBA_CLOUDS
        clear &= classes != SceneClass.CLOUD_SHADOW
        classes[~clear] = SceneClass.VEGETATION
        classes[0][self._clouds(classes.shape[1:], image.resolution)] = SceneClass.HIGH_PROBA_CLOUDS
        return classes

    def _clouds(self, shape: Sequence[int], resolution: int) -> NDArray[np.bool_]:
        """Two scales of clouds, cut off where they cover the share that is asked for."""
        random = np.random.default_rng(self._seed)
        field = np.zeros(shape, np.float32)
        for metres, weight in ((BANKS, 1.0), (CLOUDS, 0.5)):
            nodes = int(max(shape) * resolution / metres) + 2
            noise = random.standard_normal((nodes, nodes)).astype(np.float32)
            size = (shape[1], shape[0])
            field += np.float32(weight) * cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
        clouds: NDArray[np.bool_] = field > np.quantile(field[::8, ::8], 1 - self._share)
        return clouds


def make_cloudy_archive(directory: Path, sky: Sky, size: int = SIZE) -> Archive:
    """Make what is missing of the archive under ``sky``, below ``directory``."""
    plain = make_archive(directory, size)
    below = directory / "skies" / sky.name.replace(" ", "-")
    below.mkdir(parents=True, exist_ok=True)
    products = []
    for date, share in enumerate(reversed(sky.shares)):
        products.append(_make(directory, below, date, CELL, share, size))
    products.append(_make(directory, below, 0, NEIGHBOUR, sky.shares[-1], size))
    return replace(plain, products=tuple(products))


def _make(directory: Path, below: Path, date: int, cell: str, share: float, size: int) -> Path:
    product = product_of(date, cell, size)
    finished = below / f"{product.name}.SAFE"
    if finished.exists():
        return finished
    original = product_of(date % DISTINCT_DATES, cell, size)
    source = directory / f"{original.name}.SAFE"
    partial = finished.with_suffix(".SAFE.partial")
    for image in images_of(product):
        if image.name != "SCL":
            path = partial / product.path_of(image)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            os.link(source / original.path_of(image), path)
    painter = CloudedImages(source, original, share, seed=100 * date + len(cell))
    return write_product(below, product, painter, lambda _name: None)
