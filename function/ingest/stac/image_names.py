"""Which image an asset is, by the key that each service gives it."""

import re
from dataclasses import dataclass

BAND_AT_RESOLUTION = re.compile(r"(?P<band>[A-Z][A-Z0-9]{2})_(?P<resolution>10|20|60)m", re.ASCII)
OPTICAL = (
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
)  # fmt: skip
# Earth Search's names, which are those of the STAC extension "eo" for Sentinel-2.
COMMON_NAMES = {
    "coastal": "B01", "blue": "B02", "green": "B03", "red": "B04", "rededge1": "B05",
    "rededge2": "B06", "rededge3": "B07", "nir": "B08", "nir08": "B8A", "nir09": "B09",
    "cirrus": "B10", "swir16": "B11", "swir22": "B12", "visual": "TCI", "scl": "SCL",
    "aot": "AOT", "wvp": "WVP", "cloud": "CLDPRB", "snow": "SNWPRB",
}  # fmt: skip
KEPT = frozenset({*OPTICAL, "TCI", "SCL", "AOT", "WVP", "CLDPRB", "SNWPRB"})
CDSE_NAMES = {"CLD": "CLDPRB", "SNW": "SNWPRB"}
# Earth Search lists each image twice: as it made it, and as ESA did, where reading is paid for.
ORIGINAL = "-jp2"
NATIVE = {
    **dict.fromkeys(("B02", "B03", "B04", "B08", "TCI"), 10),
    **dict.fromkeys(("B05", "B06", "B07", "B8A", "B11", "B12", "SCL"), 20),
    **dict.fromkeys(("B01", "B09", "B10"), 60),
}


@dataclass(frozen=True, slots=True)
class ImageName:
    """A band, its pixel size in metres where the key or the band tells, and whether it is paid."""

    band: str
    resolution: int | None
    original: bool


def image_name(key: str) -> ImageName | None:
    """Read an asset's key; None where it is no image that is kept."""
    match = BAND_AT_RESOLUTION.fullmatch(key)
    if match is not None:
        band = CDSE_NAMES.get(match["band"], match["band"])
        return ImageName(band, int(match["resolution"]), False) if band in KEPT else None
    plain = key.removesuffix(ORIGINAL)
    band = COMMON_NAMES.get(plain, plain)
    if band not in KEPT:
        return None
    return ImageName(band, NATIVE.get(band), plain != key)
