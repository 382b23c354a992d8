"""A layer that is fed from the archive, as the mapfile's metadata defines it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from function.colour_ramp import ColourRamp, ColourStops


class LayerKind(StrEnum):
    """How a layer's bands become pixels."""

    COLOUR = "colour"  # three bands, stretched to 8 bit red, green, blue
    INDEX = "index"  # one number a pixel, from an expression over bands
    CLASSES = "classes"  # one class code a pixel, never interpolated
    VALUES = "values"  # each band as it was measured: a coverage that is not drawn


class Resampling(StrEnum):
    NEAREST = "nearest"
    BILINEAR = "bilinear"
    CUBIC = "cubic"


# What an image of clouds tells apart, in the order of its components (MSK_CLASSI).
CLOUD_KINDS = ("opaque", "cirrus", "snow")


class Composite(StrEnum):
    """How scenes over one pixel become its value."""

    FIRST = "first"  # that of the best scene which has one
    MEDIAN = "median"
    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class ArchiveLayer:
    """One layer's recipe.

    ``bands`` are the band names that ``expression`` or the three colours read, in order.
    ``substitutes`` pairs a band with the one that stands in where a product lacks it. ``visual``
    names the ready-made 8-bit image (``TCI``) that is used instead where a product has it.
    ``stretch`` is the pair of reflectances shown as darkest and brightest. ``masked_classes`` are
    the SCL classes that CLOUDMASK takes out, ``masked_by_default`` its value where a request
    names none. ``resolution`` is the pixel size in metres of the coverage that the layer is.

    ``expression_bands`` are those that the EXPRESSION of a request may name; none where the layer
    takes no EXPRESSION. ``masked_probability`` is the percentage of CLDPRB from which CLOUDMASK
    takes a pixel out, ``masked_clouds`` those of CLOUD_KINDS that it takes out by MSK_CLASSI or the
    polygons before it. ``ramp`` colours an index that has no classes of its own.
    ``class_names`` says what the codes of a layer of classes mean.
    """

    name: str
    collection: str
    kind: LayerKind
    bands: tuple[str, ...]
    substitutes: tuple[tuple[str, str], ...] = ()
    expression: str | None = None
    visual: str | None = None
    stretch: tuple[float, float] = (0.0, 1.0)
    resampling: Resampling = Resampling.BILINEAR
    masked_classes: frozenset[int] = frozenset()
    masked_by_default: bool = False
    resolution: float = 10.0
    expression_bands: tuple[str, ...] = ()
    masked_probability: float | None = None
    masked_clouds: frozenset[str] = frozenset()
    ramp: ColourRamp | ColourStops | None = None
    composite: Composite = Composite.FIRST
    class_names: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """All that the mapfile publishes, as far as a request must be checked against it.

    ``layers`` are every requestable layer's name, ours and plain ones; ``archive_layers`` those of
    them that are fed from the archive. ``groups`` maps a group's (or the root layer's) name to
    the layers it stands for. ``styles`` lists each layer's style names; every layer also answers
    to the empty name. ``max_size`` bounds width and height in pixels (mapfile MAXSIZE).
    ``coverages`` names the archive layers that WCS offers, ``queryable`` the layers that
    GetFeatureInfo tells of. ``fingerprint`` differs wherever the mapfile, or the software that
    draws it, does.
    """

    layers: tuple[str, ...]
    archive_layers: Mapping[str, ArchiveLayer]
    groups: Mapping[str, tuple[str, ...]]
    styles: Mapping[str, frozenset[str]]
    crs_codes: frozenset[str]
    map_formats: frozenset[str]
    max_size: int
    coverages: tuple[str, ...] = ()
    queryable: frozenset[str] = frozenset()
    fingerprint: str = ""
