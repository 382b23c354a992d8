"""A scene's assets as the catalogue stores them: one JSON document.

Its dozens of assets share a directory and a handful of grids, which are written once:
``{"root": …, "grids": [{crs, transform, width, height}], "assets": [{band, path below root, place
of the grid, components, bits, offset, quantification, nodata}]}``.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from affine import Affine

from function.grid import Grid
from function.scene import Asset, CataloguePlace

# A map is made of up to 64 scenes, and its neighbours mostly of the same. A decoded document
# takes about 20 kB.
DECODED_DOCUMENTS = 256


def asset_document(assets: Sequence[Asset]) -> dict[str, object]:
    """Describe ``assets``, in their order."""
    root = _shared_directory([asset.href for asset in assets])
    grids = list(dict.fromkeys(asset.grid for asset in assets))
    return {
        "root": root,
        "grids": [
            {
                "crs": grid.crs,
                "transform": grid.transform[:6],
                "width": grid.width,
                "height": grid.height,
            }
            for grid in grids
        ],
        "assets": [
            {
                "band": asset.band,
                "path": asset.href.removeprefix(root),
                "grid": grids.index(asset.grid),
                "components": asset.components,
                "bits": asset.bits,
                "offset": asset.offset,
                "quantification": asset.quantification,
                "nodata": asset.nodata,
            }
            for asset in assets
        ],
    }


@lru_cache(maxsize=DECODED_DOCUMENTS)
def read_asset_document(text: str, scene: str) -> tuple[Asset, ...]:
    """Restore the assets that ``asset_document`` described; ``scene`` is the name of theirs."""
    document = orjson.loads(text)
    root = document["root"]
    grids = [_grid(grid) for grid in document["grids"]]
    return tuple(
        Asset(
            asset["band"],
            root + asset["path"],
            grids[asset["grid"]],
            asset["components"],
            asset["bits"],
            float(asset["offset"]),
            float(asset["quantification"]),
            asset["nodata"],
            CataloguePlace(scene, place),
        )
        for place, asset in enumerate(document["assets"])
    )


def _shared_directory(hrefs: Sequence[str]) -> str:
    """The longest beginning of all that ends with a slash, be they paths or URLs."""
    first, last = min(hrefs, default=""), max(hrefs, default="")
    pairs = enumerate(zip(first, last, strict=False))
    length = next((place for place, (one, other) in pairs if one != other), len(first))
    return first[: first.rfind("/", 0, length) + 1]


def _grid(grid: dict[str, Any]) -> Grid:
    transform = Affine(*map(float, grid["transform"]))
    return Grid(grid["crs"], transform, grid["width"], grid["height"])
