"""What is known of collections and bands beyond what the catalogue holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Names of the STAC extension eo, for the bands of Sentinel-2's MSI.
COMMON_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge071",
        "B06": "rededge075", "B07": "rededge078", "B08": "nir", "B8A": "nir08", "B09": "nir09",
        "B10": "cirrus", "B11": "swir16", "B12": "swir22",
    }
)  # fmt: skip
TRUE_COLOUR = "TCI"
TRUE_COLOUR_BANDS = ("B04", "B03", "B02")
# What an image is for, where that is not its data alone (STAC best practices, asset roles).
ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        TRUE_COLOUR: ("visual",),
        "PVI": ("overview",),
        "CLDPRB": ("data", "cloud"),
        "SNWPRB": ("data", "snow-ice"),
    }
)

ESA = MappingProxyType(
    {
        "name": "ESA",
        "description": "Programme Copernicus: the products are of the European Space Agency.",
        "roles": ["producer", "processor", "licensor"],
        "url": "https://sentinel.esa.int",
    }
)
LICENCE_URL = "https://sentinels.copernicus.eu/documents/247904/690755/Sentinel_Data_Legal_Notice"


@dataclass(frozen=True, slots=True)
class Product:
    """What a kind of product is: its processing level, constellation and instrument."""

    title: str
    description: str
    level: str
    constellation: str
    instrument: str


PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "sentinel-2-l2a": Product(
            "Sentinel-2 L2A",
            "Reflectance of the land's surface, and what each pixel shows.",
            "L2A",
            "sentinel-2",
            "msi",
        ),
        "sentinel-2-l1c": Product(
            "Sentinel-2 L1C",
            "Reflectance as it is at the top of the atmosphere.",
            "L1C",
            "sentinel-2",
            "msi",
        ),
        "sentinel-1-grd": Product(
            "Sentinel-1 GRD",
            "Radar backscatter, multi-looked and projected to the ground.",
            "L1",
            "sentinel-1",
            "c-sar",
        ),
    }
)
