"""Which samples count: not those without measurement, not those of masked classes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from function.scene import Asset
from function.scenes.decoder import Samples

Mask = NDArray[np.bool_]

# A reduced sample next to missing ones is mixed with their 0: the 5-3 low-pass, repeated, reaches
# just under two of its own samples either way. So between the last sample that is all 0 and the
# first that has none of it, three may be mixed.
MIXED_SAMPLES = 3


# Beside a bright cloud the low-pass undershoots, and a decoder clips that at 0, which is nodata
# too: spots and rings up to three samples wide were seen. What was not measured is wider.
WIDEST_UNDERSHOOT = 4
# How far around a sample that is 0 others decide whether it lies in a gap: a square one wider than
# that, moved over it, reaches so far either way.
GAP_REACH = WIDEST_UNDERSHOOT
# Nearer to the edge of what is at hand, it cannot be told how wide a gap is: it counts as one. With
# the samples that it spoils this stays within the margin that is read around every window.
UNTOLD_EDGE = 2


def measured(asset: Asset, samples: Samples, reduction: int) -> Mask:
    """Tell where any component of ``samples`` (components, height, width) is not nodata.

    Of reduced samples only areas of nodata count as missing, not single ones.
    """
    if asset.nodata is None:
        return np.ones(samples.shape[1:], np.bool_)
    valid: Mask = samples[0] != asset.nodata
    for others in samples[1:]:
        if not valid.all():
            valid |= others != asset.nodata
    if reduction == 0 or valid.all():
        return valid
    size = WIDEST_UNDERSHOOT + 1
    square = np.ones((size, size), np.uint8)
    areas = cv2.morphologyEx((~valid).view(np.uint8), cv2.MORPH_OPEN, square)
    inner = slice(UNTOLD_EDGE, -UNTOLD_EDGE)
    valid[inner, inner] |= areas[inner, inner] == 0
    return valid


def unmixed(valid: Mask, reduction: int) -> Mask:
    """Take away the samples that a reduction mixed with what is not ``valid``."""
    if reduction == 0 or valid.all():
        return valid
    size = 2 * MIXED_SAMPLES + 1
    eroded = cv2.erode(
        valid.view(np.uint8), np.ones((size, size), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    return eroded.astype(np.bool_)


def outside_classes(classes: Samples, masked: frozenset[int]) -> Mask:
    """Tell where ``classes`` (1, height, width), 8 bit, are none of ``masked``."""
    kept = np.ones(256, np.bool_)
    kept[sorted(masked)] = False
    shown: Mask = kept[classes[0]]
    return shown
