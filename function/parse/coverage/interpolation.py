"""INTERPOLATION, in the words of each version of WCS."""

from function.errors import UnsupportedInterpolationError
from function.layer import ArchiveLayer, LayerKind, Resampling
from function.parse.parameters import shown

# Names of OGC 03-065r6 (table 11), 07-067r5 (annex J) and 12-049 (table 4, the last part of a URI).
METHODS = {
    "nearest": Resampling.NEAREST,
    "nearest neighbor": Resampling.NEAREST,
    "nearest neighbour": Resampling.NEAREST,
    "nearest_neighbor": Resampling.NEAREST,
    "nearest_neighbour": Resampling.NEAREST,
    "nearest-neighbor": Resampling.NEAREST,
    "nearest-neighbour": Resampling.NEAREST,
    "none": Resampling.NEAREST,
    "linear": Resampling.BILINEAR,
    "bilinear": Resampling.BILINEAR,
    "cubic": Resampling.CUBIC,
    "bicubic": Resampling.CUBIC,
}


def read_interpolation(text: str | None, layer: ArchiveLayer) -> Resampling:
    """Read the method; a coverage's own where none is asked for.

    Raises UnsupportedInterpolationError.
    """
    if text is None:
        return layer.resampling
    method = METHODS.get(text.rsplit("/", 1)[-1].strip().lower())
    if method is None:
        raise UnsupportedInterpolationError(
            f"INTERPOLATION={shown(text)} is not offered; there are nearest, linear and cubic"
        )
    if layer.kind is LayerKind.CLASSES and method is not Resampling.NEAREST:
        raise UnsupportedInterpolationError(
            f"coverage {layer.name} holds classes, between which there are no values: use nearest"
        )
    return method
