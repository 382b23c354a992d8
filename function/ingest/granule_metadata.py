"""MTD_TL.xml: the grid cell that a product's images lie on, and the masks that go with them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from affine import Affine

from function.grid import Grid
from function.ingest.errors import BrokenMetadataError
from function.ingest.metadata import Metadata

CRS_CODE = re.compile(r"EPSG:\d+")
# The masks that are images and of use to a map. The others outline detectors or defects.
MASKS = {"MSK_CLDPRB": "CLDPRB", "MSK_SNWPRB": "SNWPRB", "MSK_CLASSI": "CLASSI"}


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask by its band name, and the path of its file in the product."""

    band: str
    path: str


@dataclass(frozen=True, slots=True)
class GranuleMetadata:
    """``grids`` are those of the images by their pixel size in metres."""

    grids: Mapping[int, Grid]
    masks: tuple[Mask, ...]


def read_granule_metadata(granule: Metadata) -> GranuleMetadata:
    """Read the granule's metadata, of any baseline.

    Raises:
        BrokenMetadataError: something needed is not there or does not parse.
    """
    return GranuleMetadata(_grids(granule.need("Tile_Geocoding")), tuple(_masks(granule)))


def _grids(geocoding: Metadata) -> Mapping[int, Grid]:
    code = geocoding.need("HORIZONTAL_CS_CODE")
    crs = code.text.upper()
    if not CRS_CODE.fullmatch(crs):
        raise code.wrong("EPSG code")
    sizes = {_resolution(size): size for size in geocoding.all("Size")}
    positions = {_resolution(position): position for position in geocoding.all("Geoposition")}
    if not sizes or sizes.keys() != positions.keys():
        raise BrokenMetadataError(f"{geocoding.source}: sizes and positions do not match")
    return {
        resolution: Grid(
            crs,
            _transform(positions[resolution]),
            sizes[resolution].need("NCOLS").integer,
            sizes[resolution].need("NROWS").integer,
        )
        for resolution in sizes
    }


def _resolution(element: Metadata) -> int:
    resolution = element.attribute("resolution") or ""
    if not resolution.isdecimal():
        raise BrokenMetadataError(f"{element.source}: resolution {resolution!r} is no number")
    return int(resolution)


def _transform(position: Metadata) -> Affine:
    """ULX, ULY are the outer corner of the first pixel."""
    return Affine(
        position.need("XDIM").number, 0.0, position.need("ULX").number,
        0.0, position.need("YDIM").number, position.need("ULY").number,
    )  # fmt: skip


def _masks(granule: Metadata) -> list[Mask]:
    return [
        Mask(MASKS[kind], name.text)
        for name in granule.all("MASK_FILENAME")
        if (kind := name.attribute("type")) in MASKS and not name.text.endswith(".gml")
    ]
