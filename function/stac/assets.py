"""The image files of a scene as STAC assets."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from function.scene import Asset, Scene
from function.stac.missions import COMMON_NAMES, ROLES, TRUE_COLOUR, TRUE_COLOUR_BANDS
from function.stac.published_archive import PublishedArchive
from function.stac.radar import radar_asset

JPEG2000 = "image/jp2"
GEOTIFF = "image/tiff; application=geotiff"
MEDIA_TYPES = {".jp2": JPEG2000, ".tif": GEOTIFF, ".tiff": GEOTIFF}
BITS_OF_BYTE = 8
# Of a grid in degrees a pixel's size says nothing in metres.
LONLAT = "EPSG:4326"


def assets_of(scene: Scene, archive: PublishedArchive) -> dict[str, dict[str, Any]]:
    """Describe the images whose address is published, by band and pixel size: ``B04_10m``.

    Those of a radar are known by their polarisation: ``vv``.
    """
    assets: dict[str, dict[str, Any]] = {}
    for asset in scene.assets:
        href = archive.address_of(asset.href)
        if href is not None:
            assets[_key(asset, assets)] = _asset(asset, href)
    for image in scene.radar.images if scene.radar is not None else ():
        href = archive.address_of(image.href)
        if href is not None:
            file = _file(image.href, image.bits)
            assets[image.polarisation.lower()] = radar_asset(image, href) | file
    return assets


def has_metres(asset: Asset) -> bool:
    """Whether the size of a pixel is in metres."""
    return asset.grid.crs != LONLAT


def _key(asset: Asset, taken: dict[str, dict[str, Any]]) -> str:
    name = f"{asset.band}_{asset.resolution:g}m" if has_metres(asset) else asset.band
    key, number = name, 1
    while key in taken:
        number += 1
        key = f"{name}_{number}"
    return key


def _asset(asset: Asset, href: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "href": href,
        "title": asset.band,
        "roles": [*ROLES.get(asset.band, ("data",))],
        "proj:code": asset.grid.crs,
        "proj:shape": [*asset.grid.shape],
        "proj:transform": [*asset.grid.transform[:6]],
    }
    described |= _file(asset.href, asset.bits)
    if has_metres(asset):
        described["gsd"] = asset.resolution
    if asset.nodata is not None:
        described["nodata"] = asset.nodata
    if asset.quantification != 1 or asset.offset:
        # STAC scales before it adds: sample × scale + offset.
        described["raster:scale"] = 1 / asset.quantification
        described["raster:offset"] = asset.offset / asset.quantification
        described["roles"].append("reflectance")
    names = TRUE_COLOUR_BANDS if asset.band == TRUE_COLOUR else (asset.band,)
    if set(names) <= COMMON_NAMES.keys():
        described["bands"] = [_band(name) for name in names]
    return described


def _file(href: str, bits: int) -> dict[str, str]:
    described = {"data_type": "uint8" if bits <= BITS_OF_BYTE else "uint16"}
    suffix = PurePosixPath(urlsplit(href).path).suffix.lower()
    if suffix in MEDIA_TYPES:
        described["type"] = MEDIA_TYPES[suffix]
    return described


def _band(name: str) -> dict[str, str]:
    return {"name": name, "eo:common_name": COMMON_NAMES[name]}
