"""The archive that whole requests are measured on: full-size products, ten dates deep.

The products of ``bench.full_size_products`` are distinct. What makes the archive ten dates deep is
products with names, times and metadata of their own whose image files are hard links to those of
a distinct one: they cost neither disk nor time to make, and are read through other paths, so that
no reader can tell. The page cache holds linked files once, which favours whoever reads them all.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import rasterio

from bench.full_size_products import SIZE, make_products, product_of
from function.demo.product import Image, Product
from function.demo.safe_writer import Samples, images_of, write_product

DISTINCT_DATES = 3
DEEP_DATES = 10
CELL, NEIGHBOUR = "32UNE", "32UPE"


@dataclass(frozen=True, slots=True)
class Archive:
    """Products below ``directory``: ``dates`` over 32UNE, and the first date over 32UPE too."""

    directory: Path
    products: tuple[Path, ...]
    size: int


class LinkedImages:
    """Gives the samples of a product whose images lie on disk already."""

    def __init__(self, directory: Path, product: Product) -> None:
        self._directory = directory
        self._product = product

    def paint(self, image: Image) -> Samples:
        """Read the image back, (components, height, width)."""
        with rasterio.open(self._directory / self._product.path_of(image)) as dataset:
            samples: Samples = dataset.read()
        return samples


def make_archive(directory: Path, size: int = SIZE, dates: int = DEEP_DATES) -> Archive:
    """Make what is missing of the archive; distinct products take minutes each."""
    directory.mkdir(parents=True, exist_ok=True)
    distinct = min(dates, DISTINCT_DATES)
    originals = [product_of(date, CELL, size) for date in range(distinct)]
    products = [_safe(directory, product) for product in originals]
    products.append(_safe(directory, product_of(0, NEIGHBOUR, size)))
    if not all(product.exists() for product in products):
        make_products(directory, distinct, size)
    for date in range(distinct, dates):
        original = originals[date % distinct]
        products.append(_link(directory, original, product_of(date, CELL, size)))
    return Archive(directory, tuple(products), size)


def _link(directory: Path, original: Product, product: Product) -> Path:
    """Write ``product`` with the images of ``original``."""
    finished = _safe(directory, product)
    if finished.exists():
        return finished
    partial = finished.with_suffix(".SAFE.partial")
    source = _safe(directory, original)
    for image in images_of(product):
        path = partial / product.path_of(image)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.link(source / original.path_of(image), path)
    return write_product(directory, product, LinkedImages(partial, product), lambda _name: None)


def _safe(directory: Path, product: Product) -> Path:
    return directory / f"{product.name}.SAFE"
