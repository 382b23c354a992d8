"""Sentinel-2's bands as the metadata number them."""

from function.ingest.errors import BrokenMetadataError
from function.ingest.metadata import Metadata

# ESA numbers the bands so in band_id and bandId (Sentinel-2 Products Specification Document).
BANDS = (
    "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
)  # fmt: skip
NUMBERS = tuple(str(number) for number in range(len(BANDS)))
# In metres; TCI is made of B04, B03 and B02.
NATIVE_RESOLUTIONS = {
    "B01": 60, "B02": 10, "B03": 10, "B04": 10, "B05": 20, "B06": 20, "B07": 20, "B08": 10,
    "B8A": 20, "B09": 60, "B10": 60, "B11": 20, "B12": 20, "TCI": 10,
}  # fmt: skip


def band_of(number: str, element: Metadata) -> str:
    """Name the band of that number; raise BrokenMetadataError where ``element`` has another."""
    if number not in NUMBERS:
        raise BrokenMetadataError(f"{element.source}: {element.name} of unknown band {number}")
    return BANDS[NUMBERS.index(number)]
