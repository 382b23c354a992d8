"""An asset of a STAC item becomes an image of a scene.

The dialects are those of STAC 1.0 and 1.1 with the extensions "projection" (``proj:epsg`` or
``proj:code``), "raster" (``raster:bands`` or ``raster:scale`` beside the asset) and "alternate".
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from affine import Affine

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.ingest.errors import BrokenMetadataError
from function.ingest.reading import ReadHeader
from function.ingest.stac.cell_grid import cell_grid
from function.ingest.stac.hrefs import UnreadableAddressError, href_of
from function.ingest.stac.image_names import OPTICAL, ImageName, image_name
from function.ingest.stac.json_object import JsonObject
from function.scene import Asset

# ESA's scaling (Sentinel-2 Products Specification Document): reflectance from BOA_ or RADIO_ADD_
# OFFSET, which is -1000 since this baseline; AOT and WVP have one of their own and no offset,
# though CDSE's items repeat that of the bands.
FIRST_BASELINE_WITH_OFFSET = "04.00"
OFFSET = -1000.0
QUANTIFICATION = 10000.0
ATMOSPHERE = {"AOT": 1000.0, "WVP": 1000.0}
OFFSET_APPLIED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
COLOURS = 3
WITHOUT_NODATA = frozenset({"CLDPRB", "SNWPRB"})  # probabilities, for which 0 is a figure
BYTE_BANDS = frozenset({"TCI", "SCL", "CLDPRB", "SNWPRB"})
REFLECTANCE_BITS = 15  # as ESA encodes JPEG 2000
DATA_TYPES = {"uint8": 8, "uint16": 16}
LONGEST_SIDE = 1_000_000  # pixels: far beyond a grid cell's 10 980
MEDIA = ("image/jp2", "image/tiff", "image/vnd.stac.geotiff")
JPEG2000 = ".jp2"
EXTENSIONS = frozenset({JPEG2000, ".tif", ".tiff"})
DECIMALS = 6  # of an offset or quantification, which 1 / 0.0001 is off by less than


@dataclass(frozen=True, slots=True)
class ItemContext:
    """What the assets of an item share: the item's properties, its cell, baseline and address."""

    properties: JsonObject
    cell: str
    baseline: str
    base: str
    read_header: ReadHeader


class FlawedAssetError(Exception):
    """An image is left out of the scene; the message says why."""


def is_image(key: str, asset: JsonObject) -> ImageName | None:
    """Tell which image an asset is; None where it is none that is kept."""
    name = image_name(key)
    media = asset.text("type") or ""
    if name is None or not (
        media.startswith(MEDIA) or _extension(asset.text("href") or "") in EXTENSIONS
    ):
        return None
    return name


def read_asset(name: ImageName, asset: JsonObject, context: ItemContext) -> Asset:
    """Read an asset; raise FlawedAssetError for what cannot be used."""
    try:
        href = href_of(asset, context.base)
        grid = _grid(name, asset, context)
        if grid is None:
            grid = context.read_header(href).grid
        offset, quantification = _scaling(name, asset, href, context)
        return Asset(
            band=name.band,
            href=href,
            grid=grid,
            components=COLOURS if name.band == "TCI" else 1,
            bits=_bits(name.band, asset, href),
            offset=offset,
            quantification=quantification,
            nodata=None if name.band in WITHOUT_NODATA else _nodata(asset),
        )
    except SceneUnreadableError as error:
        raise FlawedAssetError(f"of unknown extent, for {error}") from error
    except (UnreadableAddressError, BrokenMetadataError) as error:
        raise FlawedAssetError(str(error)) from error


def _grid(name: ImageName, asset: JsonObject, context: ItemContext) -> Grid | None:
    """Read the grid; else derive it from the cell. None where only the file can tell."""
    crs = _crs(asset) or _crs(context.properties)
    given = asset.numbers("proj:transform")
    shape = asset.numbers("proj:shape")
    if crs is None or given is None or shape is None:
        gsd = asset.number("gsd", "raster:spatial_resolution")
        resolution = name.resolution or (int(gsd) if gsd else None)
        return cell_grid(context.cell, resolution) if resolution else None
    if len(given) not in {6, 9} or len(shape) != 2:  # noqa: PLR2004 - a matrix, with a last row or not
        raise BrokenMetadataError("with a transform or shape of the wrong length")
    transform = Affine(*given[:6])
    height, width = shape
    if not (transform.a > 0 and transform.e < 0 and transform.b == 0 and transform.d == 0):
        raise BrokenMetadataError("on a grid that is not north-up")
    for side in (height, width):
        if not (side.is_integer() and 0 < side <= LONGEST_SIDE):
            raise BrokenMetadataError("of an impossible size")
    return Grid(crs, transform, int(width), int(height))


def _crs(described: JsonObject) -> str | None:
    code = described.text("proj:code")
    if code is not None:
        return code
    number = described.number("proj:epsg")
    return f"EPSG:{int(number)}" if number is not None else None


def _scaling(
    name: ImageName, asset: JsonObject, href: str, context: ItemContext
) -> tuple[float, float]:
    """Give offset and quantification: a value is (sample + offset) / quantification."""
    if name.band in ATMOSPHERE:
        return 0.0, ATMOSPHERE[name.band]
    if name.band not in OPTICAL:
        return 0.0, 1.0
    scale = _raster(asset, lambda band, prefix: band.number(f"{prefix}scale"))
    offset = _raster(asset, lambda band, prefix: band.number(f"{prefix}offset"))
    if scale is not None and not scale > 0:
        raise BrokenMetadataError("with a scale that is not positive")
    quantification = QUANTIFICATION if scale is None else round(1 / scale, DECIMALS)
    if context.properties.flag(*OFFSET_APPLIED) and _extension(href) != JPEG2000:
        return 0.0, quantification
    if offset is not None:
        return round(offset * quantification, DECIMALS) + 0.0, quantification
    return (OFFSET if context.baseline >= FIRST_BASELINE_WITH_OFFSET else 0.0), quantification


def _raster(asset: JsonObject, ask: "Callable[[JsonObject, str], float | None]") -> float | None:
    """Ask the asset itself (STAC 1.1), else its first band (1.1, then 1.0)."""
    found = ask(asset, "raster:")
    for bands, prefix in (("bands", "raster:"), ("raster:bands", "")):
        described = asset.objects(bands)
        if found is None and described:
            found = ask(described[0], prefix)
    return found


def _nodata(asset: JsonObject) -> int:
    value = asset.number("nodata")
    bands = asset.objects("raster:bands")
    if value is None and bands:
        value = bands[0].number("nodata")
    if value is not None and not value.is_integer():
        raise BrokenMetadataError("with a nodata value that is no sample")
    return 0 if value is None else int(value)


def _bits(band: str, asset: JsonObject, href: str) -> int:
    if band in BYTE_BANDS:
        return 8
    bands = asset.objects("raster:bands")
    kind = asset.text("data_type") or (bands[0].text("data_type") if bands else None)
    bits = DATA_TYPES.get(kind or "", 16)
    is_encoded_so = band in OPTICAL and _extension(href) == JPEG2000
    return min(bits, REFLECTANCE_BITS) if is_encoded_so else bits


def _extension(href: str) -> str:
    """The extension of a file's address, which may be signed by a query."""
    return PurePosixPath(href.partition("?")[0]).suffix.lower()
