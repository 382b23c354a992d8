"""What parsing a GetCoverage hands on."""

from dataclasses import dataclass
from enum import StrEnum

from function.parse.query import PixelRequest


class CoverageFormat(StrEnum):
    """A file format of coverages, by the media type that capabilities list."""

    GEOTIFF = "image/tiff"
    COG = "image/tiff; application=geotiff; profile=cloud-optimized"
    NETCDF = "application/netcdf"
    JPEG2000 = "image/jp2"
    PNG = "image/png"

    @property
    def pace(self) -> float:
        """Bytes of pixels that one CPU writes in a second, also where they are all noise.

        GDAL cannot be stopped while it writes a file, so that its time is reckoned beforehand.
        """
        return _PACES[self]


# Measured with 15 MB of 16-bit reflectances and of noise, on one CPU, rounded down.
_PACES = {
    CoverageFormat.GEOTIFF: 60e6,
    CoverageFormat.COG: 30e6,
    CoverageFormat.NETCDF: 40e6,
    CoverageFormat.JPEG2000: 7e6,
    CoverageFormat.PNG: 24e6,
}


@dataclass(frozen=True, slots=True)
class CoverageRequest(PixelRequest):
    """A GetCoverage; the only one of ``layers`` has the bands asked for, resampled as asked."""

    format: CoverageFormat
