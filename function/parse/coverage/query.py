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


@dataclass(frozen=True, slots=True)
class CoverageRequest(PixelRequest):
    """A GetCoverage; the only one of ``layers`` has the bands asked for, resampled as asked."""

    format: CoverageFormat
