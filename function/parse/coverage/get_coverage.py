"""GetCoverage: which bands of which scenes, on which grid, as which file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from function.errors import LimitExceededError, UnknownCoverageError, UnknownFormatError
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind, Publication, Resampling
from function.parse.archive_search import read_cloud_mask, read_search
from function.parse.coverage.area import Bounds
from function.parse.coverage.area_100 import read_area_100
from function.parse.coverage.area_111 import read_area_111
from function.parse.coverage.area_201 import TIME, WORLD, Subset, read_area_201, read_subsets
from function.parse.coverage.bands import read_bands_100, read_bands_201, read_field
from function.parse.coverage.interpolation import read_interpolation
from function.parse.coverage.query import CoverageFormat, CoverageRequest
from function.parse.coverage.version import WCS_100, WCS_111
from function.parse.parameters import Parameters, shown
from function.parse.processing import read_changed_layers
from function.parse.query import LayerSelection
from function.search import CollectionExtent
from function.settings import Settings

# What clients call the formats, beside their media types: names of GDAL's drivers, and MapServer's.
FORMATS = {
    "geotiff": CoverageFormat.GEOTIFF,
    "gtiff": CoverageFormat.GEOTIFF,
    "image/geotiff": CoverageFormat.GEOTIFF,
    "image/tiff;application=geotiff": CoverageFormat.GEOTIFF,
    "cog": CoverageFormat.COG,
    "netcdf": CoverageFormat.NETCDF,
    "application/x-netcdf": CoverageFormat.NETCDF,
    "jpeg2000": CoverageFormat.JPEG2000,
    "jp2": CoverageFormat.JPEG2000,
    "png": CoverageFormat.PNG,
    **{choice.value.replace(" ", ""): choice for choice in CoverageFormat},
}

# Bytes of one value.
WIDTHS = {LayerKind.VALUES: 2, LayerKind.INDEX: 4, LayerKind.CLASSES: 1}
# The part of a request's time that may go into writing; the other half is for reading.
WRITING_SHARE = 0.5
# PNG holds grey or red, green and blue.
PNG_BANDS = frozenset({1, 3})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the versions of WCS say each in their own way."""

    grid: Grid
    bands: tuple[str, ...]
    resampling: Resampling
    parameters: Parameters


def read_coverage(
    parameters: Parameters,
    version: str,
    publication: Publication,
    settings: Settings,
    extents: Callable[[], Mapping[str, CollectionExtent]],
) -> CoverageRequest:
    """Read a GetCoverage; raises the OwsError that names what is wrong with it.

    TIME, MAXCC, PRIORITY, SCENE, CLOUDMASK, EXPRESSION and COMPOSITE are those of maps, in every
    version.
    """
    layer = _read_coverage_name(parameters, version, publication)
    if version == WCS_100:
        asked = _read_100(parameters, layer, publication)
    elif version == WCS_111:
        asked = _read_111(parameters, layer, publication)
    else:
        asked = _read_201(parameters, layer, publication, extents)
    cloud_mask = read_cloud_mask(parameters)
    recipe = replace(layer, resampling=asked.resampling)
    if layer.kind is LayerKind.VALUES:
        recipe = replace(recipe, bands=asked.bands)
    changed = read_changed_layers(parameters, {recipe.name: recipe}, settings)
    recipe = changed.get(recipe.name, recipe)
    choice = _read_format(parameters, recipe)
    _check_size(asked.grid, recipe, choice, settings)
    selection = LayerSelection(
        recipe,
        read_search(asked.parameters),
        layer.masked_by_default if cloud_mask is None else cloud_mask,
    )
    return CoverageRequest(
        "WCS",
        version,
        "GetCoverage",
        (),
        asked.grid,
        (selection,),
        choice,
    )


def _read_coverage_name(
    parameters: Parameters, version: str, publication: Publication
) -> ArchiveLayer:
    keys = {WCS_100: "COVERAGE", WCS_111: "IDENTIFIER"}
    name = parameters.require(keys.get(version, "COVERAGEID"))
    if name not in publication.coverages:
        raise UnknownCoverageError(
            f"coverage {shown(name)!r} is not published;"
            f" there are {', '.join(publication.coverages)}"
        )
    return publication.archive_layers[name]


def _read_100(parameters: Parameters, layer: ArchiveLayer, publication: Publication) -> _Asked:
    return _Asked(
        read_area_100(parameters, layer, publication),
        read_bands_100(parameters, band_names(layer)),
        read_interpolation(parameters.find("INTERPOLATION"), layer),
        parameters,
    )


def _read_111(parameters: Parameters, layer: ArchiveLayer, publication: Publication) -> _Asked:
    bands, method = read_field(parameters, band_names(layer))
    times = parameters.find("TIMESEQUENCE")
    return _Asked(
        read_area_111(parameters, layer, publication),
        bands,
        read_interpolation(method, layer),
        parameters if times is None else parameters.with_value("TIME", times),
    )


def _read_201(
    parameters: Parameters,
    layer: ArchiveLayer,
    publication: Publication,
    extents: Callable[[], Mapping[str, CollectionExtent]],
) -> _Asked:
    subsets = read_subsets(parameters)

    def whole() -> Bounds:
        extent = extents().get(layer.collection)
        return WORLD if extent is None else (extent.west, extent.south, extent.east, extent.north)

    return _Asked(
        read_area_201(parameters, subsets, layer, publication, whole),
        read_bands_201(parameters, band_names(layer)),
        read_interpolation(parameters.find("INTERPOLATION"), layer),
        _with_time(parameters, subsets.get(TIME)),
    )


def _with_time(parameters: Parameters, cut: Subset | None) -> Parameters:
    """A subset of the time axis, said as TIME."""
    if cut is None or (cut.low is None and cut.high is None):
        return parameters
    interval = cut.low if cut.low == cut.high else f"{cut.low or ''}/{cut.high or ''}"
    return parameters.with_value("TIME", interval or "")


def band_names(layer: ArchiveLayer) -> tuple[str, ...]:
    """The names of a coverage's bands: those it reads, or the one that is made of them."""
    return layer.bands if layer.kind is LayerKind.VALUES else (layer.name,)


def _check_size(
    grid: Grid, recipe: ArchiveLayer, choice: CoverageFormat, settings: Settings
) -> None:
    count = len(band_names(recipe))
    size = grid.width * grid.height * count * WIDTHS[recipe.kind]
    writable = int(choice.pace * settings.deadline_seconds * WRITING_SHARE)
    limit = min(settings.max_coverage_bytes, writable)
    if size > limit:
        slower = f" as {choice}" if limit < settings.max_coverage_bytes else ""
        raise LimitExceededError(
            f"a coverage of {grid.width} x {grid.height} pixels in"
            f" {count} {'band' if count == 1 else 'bands'} has {size} bytes,"
            f" at most {limit} are allowed{slower}:"
            " ask for a smaller area, fewer bands or larger pixels"
        )


def _read_format(parameters: Parameters, recipe: ArchiveLayer) -> CoverageFormat:
    """Read FORMAT, GeoTIFF where it is left out; raises UnknownFormatError."""
    if parameters.find("MEDIATYPE") is not None:
        raise UnknownFormatError("MEDIATYPE is not offered: coverages come as files")
    asked = parameters.find("FORMAT")
    if asked is None:
        return CoverageFormat.GEOTIFF
    chosen = FORMATS.get(asked.replace(" ", "").lower())
    if chosen is None:
        raise UnknownFormatError(
            f"FORMAT={shown(asked)} is not offered; there are {_listed(list(CoverageFormat))}"
        )
    offered = formats_of(recipe)
    if chosen not in offered:
        raise UnknownFormatError(
            f"coverage {recipe.name} does not fit into {chosen}; there are {_listed(offered)}"
        )
    return chosen


def formats_of(recipe: ArchiveLayer) -> tuple[CoverageFormat, ...]:
    """The formats that hold a coverage: neither JPEG 2000 nor PNG has fractions."""
    tagged = (CoverageFormat.GEOTIFF, CoverageFormat.COG, CoverageFormat.NETCDF)
    if recipe.kind is LayerKind.INDEX:
        return tagged
    if len(band_names(recipe)) in PNG_BANDS:
        return (*tagged, CoverageFormat.JPEG2000, CoverageFormat.PNG)
    return (*tagged, CoverageFormat.JPEG2000)


def _listed(formats: Sequence[CoverageFormat]) -> str:
    return ", ".join(choice.value for choice in formats)
