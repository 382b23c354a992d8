"""A scene's files as the catalogue stores them: one JSON document.

Its dozens of assets share a directory and a handful of grids, which are written once:
``{"root": …, "grids": [{crs, transform, width, height}], "assets": [{band, path below root, place
of the grid, components, bits, offset, quantification, nodata}]}``. Scenes that have them add
``"vector_masks": [{kind, path, band}]`` and ``"radar": {mode, …, "images": [{polarisation, path,
width, height, bits, annotation, calibration, noise}]}``, the latter three paths below root too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from affine import Affine

from function.catalogue.radar_document import radar_document, radar_hrefs, read_radar_document
from function.grid import Grid
from function.scene import Asset, CataloguePlace, RadarAcquisition, VectorMask

# A map is made of up to 64 scenes, and its neighbours mostly of the same. A decoded document
# takes about 20 kB.
DECODED_DOCUMENTS = 256


@dataclass(frozen=True, slots=True)
class SceneFiles:
    """What a document describes."""

    assets: tuple[Asset, ...]
    vector_masks: tuple[VectorMask, ...]
    radar: RadarAcquisition | None


def asset_document(
    assets: Sequence[Asset],
    vector_masks: Sequence[VectorMask] = (),
    radar: RadarAcquisition | None = None,
) -> dict[str, object]:
    """Describe ``assets``, in their order, and what else the scene has."""
    root = _shared_directory(
        [asset.href for asset in assets] + [mask.href for mask in vector_masks] + radar_hrefs(radar)
    )
    grids = list(dict.fromkeys(asset.grid for asset in assets))
    document: dict[str, object] = {
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
    if vector_masks:
        document["vector_masks"] = [
            {"kind": mask.kind, "path": mask.href.removeprefix(root), "band": mask.band}
            for mask in vector_masks
        ]
    if radar is not None:
        document["radar"] = radar_document(radar, root)
    return document


@lru_cache(maxsize=DECODED_DOCUMENTS)
def read_asset_document(text: str, scene: str) -> SceneFiles:
    """Restore what ``asset_document`` described; ``scene`` is the name of the assets' scene."""
    document = orjson.loads(text)
    root = document["root"]
    grids = [_grid(grid) for grid in document["grids"]]
    assets = tuple(
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
    vector_masks = tuple(
        VectorMask(mask["kind"], root + mask["path"], mask["band"])
        for mask in document.get("vector_masks", ())
    )
    radar = document.get("radar")
    return SceneFiles(
        assets, vector_masks, None if radar is None else read_radar_document(radar, root)
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
