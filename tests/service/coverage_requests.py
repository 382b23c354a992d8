"""GetCoverage in every version of WCS, and its answers read back."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

import numpy as np
import rasterio
from demo_images import Window
from numpy.typing import NDArray
from serving import Reply

CRS = "EPSG:32632"
VERSIONS = ("1.0.0", "1.1.1", "2.0.1")


@dataclass(frozen=True, slots=True)
class Coverage:
    """A coverage file, opened: ``pixels`` (bands, height, width), and what the file says."""

    pixels: NDArray[Any]
    bounds: tuple[float, float, float, float]
    crs: str
    nodata: float | None
    scales: tuple[float, ...]
    bands: tuple[str | None, ...]
    tags: Mapping[str, str]


def get_coverage(
    window: Window, bands: str, version: str, name: str = "S2_L2A", resolution: float = 10
) -> dict[str, str]:
    """A request for ``bands`` of ``window``, in its own zone, ``resolution`` metres a pixel."""
    west, south, east, north = window.bounds
    common = {"SERVICE": "WCS", "VERSION": version, "REQUEST": "GetCoverage"}
    if version == "1.0.0":
        return common | {
            "COVERAGE": name,
            "CRS": CRS,
            "BBOX": f"{west},{south},{east},{north}",
            "RESX": str(resolution),
            "RESY": str(resolution),
            "BANDS": bands,
            "FORMAT": "GeoTIFF",
        }
    if version == "1.1.1":
        # From the centre of the first pixel to that of the last.
        half = resolution / 2
        box = (west + half, south + half, east - half, north - half)
        urn = "urn:ogc:def:crs:EPSG::32632"
        return common | {
            "IDENTIFIER": name,
            "BOUNDINGBOX": f"{','.join(map(str, box))},{urn}",
            "GRIDBASECRS": urn,
            "GRIDOFFSETS": f"{resolution},{-resolution}",
            "RANGESUBSET": f"bands:nearest[bands[{bands}]]",
            "FORMAT": "image/tiff",
        }
    return common | {
        "COVERAGEID": name,
        "SUBSETTINGCRS": "http://www.opengis.net/def/crs/EPSG/0/32632",
        # One key twice does not fit into a dictionary.
        "SUBSET": f"E({west},{east})&SUBSET=N({south},{north})",
        "SCALEFACTOR": str(10 / resolution),
        "RANGESUBSET": bands,
        "FORMAT": "image/tiff",
    }


def read_coverage(reply: Reply) -> Coverage:
    """Read the file of an answer, which in WCS 1.1 is the second of two parts."""
    assert reply.status == 200, reply.body
    body = reply.body
    if reply.content_type.startswith("multipart/"):
        body = parts_of(reply)[1][1]
    with warnings.catch_warnings(), rasterio.MemoryFile(body) as file:
        # PNG has no place for a reference system.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with file.open() as image:
            return _open(image)


def _open(image: Any) -> Coverage:
    return Coverage(
        image.read(),
        tuple(image.bounds),
        str(image.crs),
        image.nodata,
        image.scales,
        image.descriptions,
        image.tags(),
    )


def parts_of(reply: Reply) -> list[tuple[str, bytes]]:
    """Media type and bytes of every part of a multipart answer."""
    head = f"Content-Type: {reply.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + reply.body)
    parts = []
    for part in message.walk():
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            parts.append((part.get_content_type(), payload))
    return parts


def expected(samples: NDArray[np.int32], offset: int) -> NDArray[np.int32]:
    """Values of a coverage, of the product's own samples."""
    return np.where(samples == 0, -32768, samples + offset)
