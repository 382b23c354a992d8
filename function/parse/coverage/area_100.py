"""The domain of a GetCoverage of WCS 1.0.0 (OGC 03-065r6, 9.2)."""

from function.errors import InvalidSubsettingError, MissingParameterError
from function.grid import Grid
from function.layer import ArchiveLayer, Publication
from function.parse.coverage.area import Pixels, check_coordinates, lay, project_bounds
from function.parse.coverage.numbers import read_bounds, read_count, read_length
from function.parse.coverage.reference_system import read_reference_system
from function.parse.parameters import Parameters


def read_area_100(parameters: Parameters, layer: ArchiveLayer, publication: Publication) -> Grid:
    """Read CRS, BBOX, RESPONSE_CRS, and WIDTH and HEIGHT or RESX and RESY.

    BBOX is west,south,east,north in any CRS. Without a size the answer has the coverage's own
    resolution.
    """
    source = read_reference_system("CRS", parameters.require("CRS"), publication)
    response = parameters.find("RESPONSE_CRS")
    target = (
        source if response is None else read_reference_system("RESPONSE_CRS", response, publication)
    )
    bounds = read_bounds("BBOX", parameters.require("BBOX"))
    check_coordinates("BBOX", bounds)
    if bounds[0] >= bounds[2] or bounds[1] >= bounds[3]:
        raise InvalidSubsettingError("BBOX has no area: minx,miny must lie below maxx,maxy")
    around = project_bounds(bounds, source.code, target.code)
    return lay(target.code, around, _read_pixels(parameters), layer.resolution)


def _read_pixels(parameters: Parameters) -> Pixels:
    width, height = parameters.find("WIDTH"), parameters.find("HEIGHT")
    across, down = parameters.find("RESX"), parameters.find("RESY")
    if width is not None and height is not None:
        return Pixels(size=(read_count("WIDTH", width), read_count("HEIGHT", height)))
    if across is not None and down is not None:
        return Pixels(spacing=(read_length("RESX", across), read_length("RESY", down)))
    if any(text is not None for text in (width, height, across, down)):
        raise MissingParameterError("WIDTH and HEIGHT, or RESX and RESY, come in pairs")
    return Pixels()
