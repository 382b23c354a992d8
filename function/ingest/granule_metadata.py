"""MTD_TL.xml: the grid cell that a product's images lie on, and the masks that go with them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from affine import Affine

from function.grid import Grid
from function.ingest.errors import BrokenMetadataError
from function.ingest.metadata import Metadata
from function.ingest.spectral_bands import band_of

CRS_CODE = re.compile("EPSG:[0-9]{1,9}")
RESOLUTION = re.compile("[0-9]{1,4}")
# The masks that are of use to a map. The others outline detectors or defects. Those in GML were
# replaced by MSK_CLASSI with baseline 04.00.
IMAGE_MASKS = {"MSK_CLDPRB": "CLDPRB", "MSK_SNWPRB": "SNWPRB", "MSK_CLASSI": "MSK_CLASSI"}
VECTOR_MASKS = {"MSK_CLOUDS": "CLOUDS", "MSK_NODATA": "NODATA"}
POLYGONS = ".gml"


@dataclass(frozen=True, slots=True)
class _MaskFile:
    path: str

    def path_in(self, granule: PurePosixPath) -> str:
        """Give the path in the product; before the compact format the name alone is given."""
        return self.path if "/" in self.path else str(granule / "QI_DATA" / self.path)


@dataclass(frozen=True, slots=True)
class ImageMask(_MaskFile):
    """A mask by its band name."""

    band: str


@dataclass(frozen=True, slots=True)
class PolygonMask(_MaskFile):
    """A mask in GML; ``band`` is the band that it is of, None where it is of all."""

    kind: str
    band: str | None


@dataclass(frozen=True, slots=True)
class GranuleMetadata:
    """``grids`` are those of the images by their pixel size in metres."""

    grids: Mapping[int, Grid]
    image_masks: tuple[ImageMask, ...]
    polygon_masks: tuple[PolygonMask, ...]


def read_granule_metadata(granule: Metadata) -> GranuleMetadata:
    """Read the granule's metadata, of any baseline.

    Raises:
        BrokenMetadataError: something needed is not there or does not parse.
    """
    masks = list(granule.all("MASK_FILENAME"))
    return GranuleMetadata(
        _grids(granule.need("Tile_Geocoding")),
        tuple(dict.fromkeys(_image_masks(masks))),
        tuple(dict.fromkeys(_polygon_masks(masks))),
    )


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
    if not RESOLUTION.fullmatch(resolution):
        raise BrokenMetadataError(f"{element.source}: resolution {resolution!r} is no number")
    return int(resolution)


def _transform(position: Metadata) -> Affine:
    """ULX, ULY are the outer corner of the first pixel."""
    return Affine(
        position.need("XDIM").number, 0.0, position.need("ULX").number,
        0.0, position.need("YDIM").number, position.need("ULY").number,
    )  # fmt: skip


def _image_masks(masks: Iterable[Metadata]) -> Iterator[ImageMask]:
    for mask in masks:
        kind = mask.attribute("type")
        if kind in IMAGE_MASKS and not mask.text.endswith(POLYGONS):
            yield ImageMask(mask.text, IMAGE_MASKS[kind])


def _polygon_masks(masks: Iterable[Metadata]) -> Iterator[PolygonMask]:
    for mask in masks:
        kind = mask.attribute("type")
        if kind in VECTOR_MASKS and mask.text.endswith(POLYGONS):
            number = mask.attribute("bandId")
            band = None if number is None else band_of(number, mask)
            yield PolygonMask(mask.text, VECTOR_MASKS[kind], band)
