"""What the name of a Sentinel-2 product tells.

The naming convention holds for products generated since December 2016 (Sentinel-2 Products
Specification Document, S2-PDGS-TAS-DI-PSD, "compact naming convention").
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from function.ingest.errors import BrokenMetadataError, UnsupportedProductError
from function.ingest.stac.json_object import JsonObject

SENTINEL_2 = re.compile(
    r"(?P<craft>S2[A-D])_MSI(?P<level>L1C|L2A)_(?P<sensed>\d{8}T\d{6})_N(?P<baseline>\d{4})"
    r"_R(?P<orbit>\d{3})_T(?P<cell>\d\d[C-X][A-Z]{2})_(?P<generated>\d{8}T\d{6})",
    re.ASCII,
)
COLLECTIONS = {"L2A": "sentinel-2-l2a", "L1C": "sentinel-2-l1c"}
# Where services write the name: Planetary Computer and Earth Search, its first version, CDSE.
NAME_PROPERTIES = ("s2:product_uri", "sentinel:product_id", "title")
SHOWN = 80  # characters of a name that is none


@dataclass(frozen=True, slots=True)
class ProductName:
    """The parts of a name; ``sensed`` is when the datatake began, as all products of it say."""

    name: str
    collection: str
    platform: str
    craft: str
    sensed: datetime
    generated: datetime
    baseline: str
    relative_orbit: int
    cell: str


def product_name_of(item: JsonObject, properties: JsonObject) -> ProductName:
    """Find the name that an item gives its product.

    Raises:
        UnsupportedProductError: it names no Sentinel-2 product of one grid cell.
        BrokenMetadataError: the name holds a time that is none.
    """
    texts = [properties.text(name) for name in NAME_PROPERTIES]
    for text in (*texts, item.text("id")):
        match = SENTINEL_2.fullmatch((text or "").removesuffix(".SAFE"))
        if match is not None:
            return _read(match)
    shown = (item.text("id") or "")[:SHOWN]
    raise UnsupportedProductError(f"the item {shown!r} names no Sentinel-2 L1C or L2A product")


def _read(match: "re.Match[str]") -> ProductName:
    baseline = match["baseline"]
    return ProductName(
        name=match[0],
        collection=COLLECTIONS[match["level"]],
        platform=f"Sentinel-{match['craft'][1:]}",
        craft=match["craft"],
        sensed=_instant(match["sensed"]),
        generated=_instant(match["generated"]),
        baseline=f"{baseline[:2]}.{baseline[2:]}",
        relative_orbit=int(match["orbit"]),
        cell=match["cell"],
    )


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise BrokenMetadataError(f"the product's name holds no time: {text}") from error
