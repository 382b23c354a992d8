"""The domain of a GetCoverage of WCS 2.0: subsets and scaling (OGC 09-147r3, 12-039, 11-053r1)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from function.errors import InvalidAxisError, InvalidParameterError, InvalidSubsettingError
from function.grid import Grid
from function.layer import ArchiveLayer, Publication
from function.parse.coverage.area import (
    Bounds,
    Pixels,
    check_coordinates,
    check_within,
    lay,
    native_spacing,
    project_bounds,
)
from function.parse.coverage.numbers import read_count, read_length, read_number
from function.parse.coverage.reference_system import read_reference_system
from function.parse.map_grid import LONLAT
from function.parse.parameters import Parameters, shown

EAST, NORTH, TIME = "east", "north", "time"
# Labels as they stand in definitions of EPSG and in the descriptions of MapServer.
AXES = {
    **dict.fromkeys(("x", "e", "east", "easting", "lon", "long", "longitude"), EAST),
    **dict.fromkeys(("y", "n", "north", "northing", "lat", "latitude"), NORTH),
    **dict.fromkeys(("time", "t", "phenomenontime", "ansi", "unix"), TIME),
}

_SUBSET = re.compile(r"(?P<axis>[A-Za-z_]\w*)(?:,(?P<crs>[^()]+))?\((?P<values>[^()]*)\)", re.ASCII)
_SCALE = re.compile(
    r"(?P<axis>[A-Za-z_/:.0-9]*?(?P<label>[A-Za-z_]\w*))\((?P<value>[^()]*)\)", re.ASCII
)
_OPEN = "*"
# What a coverage may cover of which the catalogue holds nothing yet.
WORLD = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class Subset:
    """The part of an axis between two values as they were written, None where a side is open."""

    low: str | None
    high: str | None
    crs: str | None


def read_subsets(parameters: Parameters) -> Mapping[str, Subset]:
    """Read every SUBSET, by axis.

    Raises InvalidAxisError for an axis that coverages lack, InvalidSubsettingError for one that
    is cut twice and for a slice: pixels have a size.
    """
    subsets: dict[str, Subset] = {}
    for text in parameters.find_all("SUBSET"):
        match = _SUBSET.fullmatch(text)
        if match is None:
            raise InvalidSubsettingError(f"SUBSET={shown(text)} is not axis(low,high)")
        axis = _axis(match["axis"])
        if axis in subsets:
            raise InvalidSubsettingError(f"SUBSET cuts the axis {shown(match['axis'])} twice")
        values = [value.strip().strip('"') for value in match["values"].split(",")]
        if len(values) == 1 and axis == TIME:
            values *= 2
        if len(values) != 2:  # noqa: PLR2004
            raise InvalidSubsettingError(
                f"SUBSET={shown(text)}: give low and high, a pixel is an area"
            )
        low, high = (None if value in {_OPEN, ""} else value for value in values)
        subsets[axis] = Subset(low, high, match["crs"])
    return subsets


def read_area_201(
    parameters: Parameters,
    subsets: Mapping[str, Subset],
    layer: ArchiveLayer,
    publication: Publication,
    whole: Callable[[], Bounds],
) -> Grid:
    """Read the area of ``subsets``, SUBSETTINGCRS, OUTPUTCRS and how it is scaled.

    SCALEFACTOR, SCALEAXES, SCALESIZE, SCALEEXTENT; and RESOLUTION=x(10), MapServer's own, in
    units of the output CRS. A side that no SUBSET cuts is that of ``whole``, the coverage's own
    bounds in degrees.
    """
    source = _read_source(parameters, subsets, publication)
    output = parameters.find("OUTPUTCRS")
    target = source
    if output is not None:
        target = read_reference_system("OUTPUTCRS", output, publication).code
    bounds = _read_bounds(subsets, source, whole)
    pixels = _read_pixels(parameters, native_spacing(target, layer.resolution))
    return lay(target, project_bounds(bounds, source, target), pixels, layer.resolution)


def _read_source(
    parameters: Parameters, subsets: Mapping[str, Subset], publication: Publication
) -> str:
    """The CRS of SUBSETTINGCRS and of the axes, longitude and latitude where none is named.

    Raises InvalidSubsettingError where they differ: an area lies in one.
    """
    named = [parameters.find("SUBSETTINGCRS")]
    named += [cut.crs for axis, cut in subsets.items() if axis != TIME]
    codes = {
        read_reference_system("SUBSETTINGCRS", each, publication).code for each in named if each
    }
    if len(codes) > 1:
        raise InvalidSubsettingError(f"SUBSET is in {' and in '.join(sorted(codes))}: use one CRS")
    return codes.pop() if codes else LONLAT


def _read_bounds(subsets: Mapping[str, Subset], crs: str, whole: Callable[[], Bounds]) -> Bounds:
    uncut = Subset(None, None, None)
    east, north = (subsets.get(axis, uncut) for axis in (EAST, NORTH))
    sides = (east.low, north.low, east.high, north.high)
    around = WORLD
    if None in sides:
        around = project_bounds(whole(), LONLAT, crs)
        check_within(around)
    first, second, third, fourth = (
        edge if text is None else read_number("SUBSET", text)
        for text, edge in zip(sides, around, strict=True)
    )
    bounds = (first, second, third, fourth)
    check_coordinates("SUBSET", bounds)
    if bounds[0] >= bounds[2] or bounds[1] >= bounds[3]:
        raise InvalidSubsettingError("SUBSET must rise from low to high")
    return bounds


def _read_pixels(parameters: Parameters, spacing: float) -> Pixels:
    stated = {
        key: text
        for key in ("SCALEFACTOR", "SCALEAXES", "SCALESIZE", "SCALEEXTENT", "SIZE", "RESOLUTION")
        if (text := _joined(parameters, key)) is not None
    }
    if len(stated) > 1:
        raise InvalidParameterError(f"give one of {', '.join(stated)}")
    for key, text in stated.items():
        if key == "SCALEFACTOR":
            factor = read_length(key, text)
            return Pixels(factor=(factor, factor))
        if key == "SCALEAXES":
            factors = {axis: read_length(key, value) for axis, value in _pairs(key, text)}
            return Pixels(factor=(factors.get(EAST, 1.0), factors.get(NORTH, 1.0)))
        if key == "RESOLUTION":
            lengths = {axis: read_length(key, value) for axis, value in _pairs(key, text)}
            return Pixels(spacing=(lengths.get(EAST, spacing), lengths.get(NORTH, spacing)))
        counts = {axis: _read_extent(key, value) for axis, value in _pairs(key, text)}
        if counts.keys() != {EAST, NORTH}:
            raise InvalidParameterError(f"{key}={shown(text)} must name both axes")
        return Pixels(size=(counts[EAST], counts[NORTH]))
    return Pixels()


def _joined(parameters: Parameters, key: str) -> str | None:
    """The value of ``key``; SIZE and RESOLUTION may come once for each axis."""
    values = parameters.find_all(key)
    return ",".join(values) if values else None


def _pairs(key: str, text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in re.split(r"(?<=\)),", text):
        match = _SCALE.fullmatch(part.strip())
        if match is None or _axis(match["label"]) == TIME:
            raise InvalidParameterError(f"{key}={shown(text)} is not x(number),y(number)")
        pairs.append((_axis(match["label"]), match["value"]))
    return pairs


def _read_extent(key: str, value: str) -> int:
    """A number of pixels, or of SCALEEXTENT the first and the last (OGC 12-039, 8.3)."""
    first, colon, last = value.partition(":")
    if key != "SCALEEXTENT" or not colon:
        return read_count(key, value)
    count = round(read_number(key, last) - read_number(key, first)) + 1
    return read_count(key, str(max(0, count)))


def _axis(label: str) -> str:
    axis = AXES.get(label.lower())
    if axis is None:
        raise InvalidAxisError(f"{shown(label)!r} is no axis; there are x, y and time")
    return axis
