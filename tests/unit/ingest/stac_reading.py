"""STAC items as the reader reads them, without opening a file."""

import json
from pathlib import Path
from typing import Any

from affine import Affine

from function.grid import Grid
from function.ingest.readers import Readers
from function.ingest.reading import Header, ReadProduct
from function.ingest.stac.item import read_item
from function.scene import Asset

BASE = "https://stac.example.com/items"


def no_header(href: str) -> Header:
    raise AssertionError(f"{href} was opened")


def no_directory(href: str) -> ReadProduct:
    raise AssertionError(f"{href} was opened")


CLOSED = Readers(no_header, no_directory)


def read(content: object, base: str = BASE) -> ReadProduct:
    return read_item(json.dumps(content).encode(), base, CLOSED)


def real(shared: Path, name: str) -> Any:
    (path,) = (shared / "data" / "stac").glob(name)
    content = json.loads(path.read_text())
    return content["features"][0] if "features" in content else content


def only(product: ReadProduct, band: str, resolution: float) -> Asset:
    (found,) = (
        asset
        for asset in product.scene.assets
        if (asset.band, asset.resolution) == (band, resolution)
    )
    return found


def grid(crs: str, step: int, west: float, north: float) -> Grid:
    size = 109800 // step
    return Grid(crs, Affine(float(step), 0.0, west, 0.0, -float(step), north), size, size)
