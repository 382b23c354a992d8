"""productInfo.json: what a Sentinel-1 product in bucket layout says of itself.

The layout, that of the public bucket on AWS, gives files short names: ``measurement/iw-vv.tiff``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import orjson

from function.ingest.errors import BrokenMetadataError
from function.ingest.metadata import utc_time
from function.ingest.product_files import inside
from function.ingest.sentinel1_manifest import AcquisitionMetadata

NAME = "productInfo.json"
# Orbits of a cycle, and how far each satellite's count of relative orbits is behind that of
# absolute ones (ESA's Sentinel-1 acquisition segments and mission documents).
ORBITS = 175
LAGS = {"S1A": 73, "S1B": 27, "S1C": 172}


@dataclass(frozen=True, slots=True)
class ProductInfo:
    """``files`` map the paths that a SAFE product has to those in the bucket."""

    name: str
    files: Mapping[PurePosixPath, PurePosixPath]
    outlines: tuple[str, ...]
    _content: Mapping[str, Any]

    def acquisition(self) -> AcquisitionMetadata:
        """Tell of the acquisition what is known without a manifest.

        ``generated`` is when the product was published. Raises BrokenMetadataError where
        something needed is not there.
        """
        mission = self._content.get("missionId")
        orbit = self._content.get("absoluteOrbitNumber")
        if mission not in LAGS or not isinstance(orbit, int):
            raise BrokenMetadataError(
                f"{NAME} tells no relative orbit of {mission!r}, and there is no manifest"
            )
        return AcquisitionMetadata(
            started=self._instant("startTime"),
            ended=self._instant("stopTime"),
            generated=self._instant("sciHubIngestion", "s3Ingestion"),
            baseline="",
            relative_orbit=(orbit - LAGS[mission]) % ORBITS + 1,
            orbit_direction=None,
            slice_number=None,
            slices=None,
            timeliness=None,
            outlines=self.outlines,
        )

    def _instant(self, *keys: str) -> datetime:
        text = next((self._content[key] for key in keys if key in self._content), None)
        try:
            return utc_time(str(text))
        except ValueError as error:
            raise BrokenMetadataError(f"{NAME}: {keys[0]}={text!r} is no time") from error


def read_product_info(content: bytes) -> ProductInfo:
    """Read the file.

    Raises:
        BrokenMetadataError: it is no JSON, or not as this layout has it.
    """
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BrokenMetadataError(f"{NAME} is no JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise BrokenMetadataError(f"{NAME} names no product")
    names = document.get("filenameMap")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise BrokenMetadataError(f"{NAME} has no map of file names")
    files = {inside(name): inside(short) for name, short in names.items()}
    return ProductInfo(document["id"], files, tuple(_outlines(document.get("footprint"))), document)


def _outlines(footprint: object) -> Iterator[str]:
    """Give the outer ring of every polygon (GeoJSON, RFC 7946), latitude first."""
    try:
        match footprint:
            case {"type": "Polygon", "coordinates": [outer, *_]}:
                yield _positions(outer)
            case {"type": "MultiPolygon", "coordinates": list(polygons)}:
                for outer, *_ in polygons:
                    yield _positions(outer)
    except (TypeError, ValueError) as error:
        raise BrokenMetadataError(f"{NAME} has a footprint that is no polygon") from error


def _positions(ring: Any) -> str:
    return " ".join(f"{float(latitude)!r} {float(longitude)!r}" for longitude, latitude, *_ in ring)
