"""The name of a Sentinel-1 product, which tells more than the files that lie in it."""

import re
from dataclasses import dataclass

from function.ingest.errors import UnsupportedProductError

# Sentinel-1 Product Specification (S1-RS-MDA-52-7441), "Product Naming". _COG is the Copernicus
# Data Space's own.
NAME = re.compile(
    r"(?P<mission>S1[A-Z])_(?P<mode>IW|EW|S[1-6])_GRD(?P<resolution>[FHM])_1(?P<product_class>[SA])"
    r"(?P<polarisations>SH|SV|DH|DV|HH|HV|VV|VH)_\d{8}T\d{6}_\d{8}T\d{6}_(?P<orbit>\d{6})"
    r"_(?P<datatake>[0-9A-F]{6})_[0-9A-F]{4}(?:_COG)?"
)
POLARISATIONS = {"SH": ("HH",), "SV": ("VV",), "DH": ("HH", "HV"), "DV": ("VV", "VH")}


@dataclass(frozen=True, slots=True)
class Sentinel1Name:
    """What a name tells; ``mode`` is IW, EW or the beam of a strip map, S1 to S6.

    ``acquisition`` is the same for every generation of one acquisition and for the slices that
    lie beside it: the name without times, orbit and the identifier that each product has anew.
    Products of other resolution or polarisation have another, so that they do not supersede it.
    """

    name: str
    mission: str
    mode: str
    resolution_class: str
    polarisations: tuple[str, ...]
    absolute_orbit: int
    acquisition: str


def read_name(name: str) -> Sentinel1Name:
    """Read the name of a GRD product, with or without ``.SAFE``.

    Raises:
        UnsupportedProductError: it is no such name.
    """
    bare = name.removesuffix(".SAFE")
    match = NAME.fullmatch(bare)
    if match is None:
        raise UnsupportedProductError(f"{bare!r} is no name of a Sentinel-1 GRD product")
    codes = match["polarisations"]
    return Sentinel1Name(
        name=bare,
        mission=match["mission"],
        mode=match["mode"],
        resolution_class=match["resolution"],
        polarisations=POLARISATIONS.get(codes, (codes,)),
        absolute_orbit=int(match["orbit"]),
        acquisition=(
            f"{match['mission']}_{match['mode']}_GRD{match['resolution']}"
            f"_1{match['product_class']}{codes}_{match['datatake']}"
        ),
    )
