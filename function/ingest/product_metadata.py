"""MTD_MSIL1C.xml, MTD_MSIL2A.xml: what a Sentinel-2 product says of itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from function.ingest.errors import BrokenMetadataError, UnsupportedProductError
from function.ingest.granule_files import organisation_of
from function.ingest.metadata import Metadata
from function.ingest.spectral_bands import band_of


@dataclass(frozen=True, slots=True)
class Level:
    """How a level of processing names things. The older spellings of L2A are from before 2018."""

    collection: str
    quantifications: Mapping[str, tuple[str, ...]]
    offset: str


LEVEL_1C = Level("sentinel-2-l1c", {"reflectance": ("QUANTIFICATION_VALUE",)}, "RADIO_ADD_OFFSET")
LEVEL_2A = Level(
    "sentinel-2-l2a",
    {
        "reflectance": ("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"),
        "AOT": ("AOT_QUANTIFICATION_VALUE", "L2A_AOT_QUANTIFICATION_VALUE"),
        "WVP": ("WVP_QUANTIFICATION_VALUE", "L2A_WVP_QUANTIFICATION_VALUE"),
    },
    "BOA_ADD_OFFSET",
)
# p: the pilot production of 2017.
LEVELS = {"S2MSI1C": LEVEL_1C, "S2MSI2A": LEVEL_2A, "S2MSI2Ap": LEVEL_2A}
DATATAKE = re.compile(r"(?P<acquisition>.+)_N\d\d\.\d\d")
GRANULE_CELL = re.compile(r"_T(?P<cell>\d\d[C-X][A-Z]{2})(?:_|$)")
EXTENSIONS = {"JPEG2000": ".jp2", "GeoTIFF": ".tif"}
NODATA = 0
MOST_CLOUD = 100.0
# The figure is a sum of rounded shares.
CLOUD_ROUNDING = 0.001


@dataclass(frozen=True, slots=True)
class ProductMetadata:
    """What is read from the product's own file.

    ``datatake`` lacks the baseline that ESA appends, so that it is the same for every generation
    of an acquisition. ``offsets`` are those of RADIO_ADD_OFFSET or BOA_ADD_OFFSET by band.
    ``quantifications`` has reflectance and, where the product has them, AOT and WVP. ``images``
    are the paths of the images in the product, without the extension, which is
    ``image_extension``. ``granule`` is the path of the granule's metadata. ``position_lists``
    outline the footprint.
    """

    collection: str
    name: str | None
    acquired: datetime
    generated: datetime
    platform: str
    baseline: str
    datatake: str
    relative_orbit: int
    cell: str
    cloud_cover: float | None
    nodata: int
    quantifications: Mapping[str, float]
    offsets: Mapping[str, float]
    granule: PurePosixPath
    images: tuple[str, ...]
    image_extension: str
    position_lists: tuple[str, ...]


def read_product_metadata(product: Metadata) -> ProductMetadata:
    """Read the product's metadata, of any baseline.

    Raises:
        UnsupportedProductError: it is neither L1C nor L2A, or has several granules.
        NoImagesError: it lists no images.
        BrokenMetadataError: something needed is not there or does not parse.
    """
    kind = product.need("PRODUCT_TYPE").text
    level = LEVELS.get(kind)
    if level is None:
        raise UnsupportedProductError(f"it is of type {kind}, neither Sentinel-2 L1C nor L2A")
    granule = _only_granule(product)
    organisation = organisation_of(granule)
    datatake = product.need("Datatake")
    return ProductMetadata(
        collection=level.collection,
        name=_name(product),
        acquired=product.need("PRODUCT_START_TIME").instant,
        generated=product.need("GENERATION_TIME").instant,
        platform=datatake.need("SPACECRAFT_NAME").text,
        baseline=product.need("PROCESSING_BASELINE").text,
        datatake=_acquisition(datatake),
        relative_orbit=datatake.need("SENSING_ORBIT_NUMBER").integer,
        cell=_cell(granule),
        cloud_cover=_cloud_cover(product),
        nodata=_nodata(product),
        quantifications=_quantifications(product, level),
        offsets=_offsets(product, level),
        granule=organisation.metadata,
        images=organisation.images,
        image_extension=EXTENSIONS.get(granule.attribute("imageFormat") or "", ".jp2"),
        position_lists=tuple(
            positions.text
            for outline in product.all("Global_Footprint")
            for positions in outline.all("EXT_POS_LIST")
        ),
    )


def _only_granule(product: Metadata) -> Metadata:
    granules = [
        found
        for found in product.all("Granule", "Granules")
        if found.attribute("granuleIdentifier") is not None
    ]
    if not granules:
        raise BrokenMetadataError(f"{product.source} lists no granule")
    if len(granules) > 1:
        raise UnsupportedProductError(
            f"it holds {len(granules)} granules, as products did before December 2016"
        )
    return granules[0]


def _name(product: Metadata) -> str | None:
    uri = product.find("PRODUCT_URI", "PRODUCT_URI_2A")
    return uri.text.removesuffix(".SAFE") if uri is not None else None


def _acquisition(datatake: Metadata) -> str:
    identifier = datatake.attribute("datatakeIdentifier")
    if not identifier:
        raise BrokenMetadataError(f"{datatake.source}: Datatake has no datatakeIdentifier")
    match = DATATAKE.fullmatch(identifier)
    return match["acquisition"] if match else identifier


def _cell(granule: Metadata) -> str:
    identifier = granule.attribute("granuleIdentifier") or ""
    match = GRANULE_CELL.search(identifier)
    if match is None:
        raise BrokenMetadataError(f"{granule.source}: {identifier!r} names no grid cell")
    return match["cell"]


def _cloud_cover(product: Metadata) -> float | None:
    found = product.find("Cloud_Coverage_Assessment", "CLOUDY_PIXEL_PERCENTAGE")
    if found is None:
        return None
    if not 0 <= found.number <= MOST_CLOUD + CLOUD_ROUNDING:
        raise found.wrong("percentage")
    return min(found.number, MOST_CLOUD)


def _nodata(product: Metadata) -> int:
    for special in product.all("Special_Values"):
        if special.need("SPECIAL_VALUE_TEXT").text == "NODATA":
            return special.need("SPECIAL_VALUE_INDEX").integer
    return NODATA


def _quantifications(product: Metadata, level: Level) -> Mapping[str, float]:
    found = {kind: product.find(*names) for kind, names in level.quantifications.items()}
    values = {kind: element.number for kind, element in found.items() if element is not None}
    if "reflectance" not in values:
        (name, *_) = level.quantifications["reflectance"]
        raise BrokenMetadataError(f"{product.source} has no {name}")
    if not all(value > 0 for value in values.values()):
        raise BrokenMetadataError(f"{product.source}: a quantification is not positive")
    return values


def _offsets(product: Metadata, level: Level) -> Mapping[str, float]:
    """Give the offset by band; empty before baseline 04.00, which is to say 0."""
    return {
        band_of(element.attribute("band_id") or "", element): element.number
        for element in product.all(level.offset)
    }
