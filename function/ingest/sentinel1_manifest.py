"""manifest.safe of a Sentinel-1 product: when, where and how it was acquired and processed."""

from dataclasses import dataclass
from datetime import datetime

from function.ingest.errors import UnsupportedProductError
from function.ingest.metadata import Metadata


@dataclass(frozen=True, slots=True)
class AcquisitionMetadata:
    """What is known of an acquisition, from the manifest or else from productInfo.json.

    ``outlines`` are lists of positions, latitude first. None is what is not told.
    """

    started: datetime
    ended: datetime
    generated: datetime
    baseline: str
    relative_orbit: int
    orbit_direction: str | None
    slice_number: int | None
    slices: int | None
    timeliness: str | None
    outlines: tuple[str, ...]


def read_acquisition(manifest: Metadata) -> AcquisitionMetadata:
    """Read the manifest of a GRD product.

    Raises:
        UnsupportedProductError: it is of another type.
        BrokenMetadataError: something needed is not there or does not parse.
    """
    kind = manifest.need("productType").text
    if kind != "GRD":
        raise UnsupportedProductError(f"it is of type {kind}, not Sentinel-1 GRD")
    period = manifest.need("acquisitionPeriod")
    # The first is the last step of processing; within it are those before.
    processing = manifest.need("processing")
    return AcquisitionMetadata(
        started=period.need("startTime").instant,
        ended=period.need("stopTime").instant,
        generated=processing.instant_of("stop"),
        baseline=processing.need("software").attribute("version") or "",
        relative_orbit=manifest.need("relativeOrbitNumber").integer,
        orbit_direction=_lower(manifest.find("pass")),
        slice_number=_integer(manifest.find("sliceNumber")),
        slices=_integer(manifest.find("totalSlices")),
        timeliness=_text(manifest.find("productTimelinessCategory")),
        # "latitude,longitude latitude,longitude …" of each frame.
        outlines=tuple(
            outline.need("coordinates").text.replace(",", " ")
            for outline in manifest.all("footPrint")
        ),
    )


def _text(element: Metadata | None) -> str | None:
    return None if element is None else element.text


def _lower(element: Metadata | None) -> str | None:
    return None if element is None else element.text.lower()


def _integer(element: Metadata | None) -> int | None:
    return None if element is None else element.integer
