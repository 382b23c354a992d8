"""What parsing a GetCoverage hands on."""

from dataclasses import dataclass
from enum import StrEnum

from function.grid import Grid
from function.layer import ArchiveLayer
from function.parse.query import LayerSelection, OwsQuery


class CoverageFormat(StrEnum):
    """A file format of coverages, by the media type that capabilities list."""

    GEOTIFF = "image/tiff"
    COG = "image/tiff; application=geotiff; profile=cloud-optimized"
    NETCDF = "application/netcdf"
    JPEG2000 = "image/jp2"
    PNG = "image/png"


@dataclass(frozen=True, slots=True)
class CoverageRequest(OwsQuery):
    """A GetCoverage: the pixels it asks for, of which scenes, as which kind of file.

    ``recipe`` is the layer with the bands asked for alone, resampled as asked.
    """

    grid: Grid
    selection: LayerSelection
    recipe: ArchiveLayer
    format: CoverageFormat
