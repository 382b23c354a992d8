"""Write one product as a SAFE directory."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from function.demo.classification import class_percentages
from function.demo.granule_metadata import datastrip_metadata, granule_metadata
from function.demo.manifest import manifest
from function.demo.product import Image, Product
from function.demo.product_metadata import product_metadata
from function.scenes.encoding import (
    COLOUR,
    PREVIEW,
    Jpeg2000Profile,
    band_profile,
    write_jpeg2000,
)

Samples = NDArray[np.uint8] | NDArray[np.uint16]
Progress = Callable[[str], None]

BAND_BITS = 15
BYTE_BITS = 8
BYTE_IMAGES = frozenset({"SCL", "MSK_CLDPRB", "MSK_SNWPRB"})


class Painter(Protocol):
    """Where the pixels of a product come from."""

    def paint(self, image: Image) -> Samples:
        """Give (components, height, width) on the product's grid at the image's resolution.

        uint8 for TCI and PVI (three components), MSK_CLASSI (three), SCL and the probability
        masks; uint16 of 15 bit for every other.
        """


def images_of(product: Product) -> tuple[Image, ...]:
    """Every image file of the product."""
    return (*product.bands, *product.masks, product.preview)


def write_product(parent: Path, product: Product, painter: Painter, progress: Progress) -> Path:
    """Write ``product`` below ``parent`` and give its ``.SAFE`` directory.

    It bears its name only once it is whole; until then it lies in ``….SAFE.partial``, whose
    finished images a later run keeps. ``progress`` is told each image's file name before it is
    written.
    """
    finished = parent / f"{product.name}.SAFE"
    if finished.exists():
        return finished
    partial = finished.with_suffix(".SAFE.partial")
    for image in images_of(product):
        path = partial / product.path_of(image)
        progress(path.name)
        if not path.exists():
            _write_image(path, product, image, painter)
    _write_metadata(partial, product, painter)
    return partial.rename(finished)


def _write_image(path: Path, product: Product, image: Image, painter: Painter) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    samples = painter.paint(image)
    write_jpeg2000(unfinished, samples, product.grid_at(image.resolution), _profile(image))
    unfinished.rename(path)


def _profile(image: Image) -> Jpeg2000Profile:
    if image.name == "PVI":
        return PREVIEW
    if image.name in {"TCI", "MSK_CLASSI"}:
        return COLOUR
    return band_profile(image.resolution, BYTE_BITS if image.name in BYTE_IMAGES else BAND_BITS)


def _write_metadata(directory: Path, product: Product, painter: Painter) -> None:
    shares = class_percentages(painter.paint(Image("SCL", 20)).astype(np.uint8, copy=False))
    documents = {
        directory / f"MTD_MSI{product.level}.xml": product_metadata(product, shares),
        directory / "GRANULE" / product.granule / "MTD_TL.xml": granule_metadata(product, shares),
        directory / "DATASTRIP" / product.datastrip_directory / "MTD_DS.xml": (
            datastrip_metadata(product)
        ),
    }
    for path, text in documents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    (directory / "manifest.safe").write_bytes(manifest(product, directory))
