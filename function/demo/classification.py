"""The scene classification (SCL) and the percentages that a product's metadata gives of it."""

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class SceneClass(IntEnum):
    """Sen2Cor's classes (Sentinel-2 L2A Algorithm Theoretical Basis Document)."""

    NODATA = 0
    SATURATED_DEFECTIVE = 1
    DARK_FEATURES = 2
    CLOUD_SHADOW = 3
    VEGETATION = 4
    NOT_VEGETATED = 5
    WATER = 6
    UNCLASSIFIED = 7
    MEDIUM_PROBA_CLOUDS = 8
    HIGH_PROBA_CLOUDS = 9
    THIN_CIRRUS = 10
    SNOW_ICE = 11


CLOUDY = (
    SceneClass.MEDIUM_PROBA_CLOUDS,
    SceneClass.HIGH_PROBA_CLOUDS,
    SceneClass.THIN_CIRRUS,
)


def class_percentages(classes: NDArray[np.uint8]) -> Mapping[SceneClass, float]:
    """Share of each class in percent: NODATA of all pixels, every other of those with data."""
    counts = np.bincount(classes.reshape(-1), minlength=len(SceneClass))
    measured = classes.size - int(counts[SceneClass.NODATA])
    shares = {kind: 100.0 * int(counts[kind]) / max(measured, 1) for kind in SceneClass}
    shares[SceneClass.NODATA] = 100.0 * int(counts[SceneClass.NODATA]) / classes.size
    return shares


def cloudy_percentage(shares: Mapping[SceneClass, float]) -> float:
    """Sum the classes that ESA counts as cloud: medium and high probability, and cirrus."""
    return sum(shares[kind] for kind in CLOUDY)
