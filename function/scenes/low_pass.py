"""The low-pass half of the reversible 5-3 wavelet transform."""

import numpy as np
from numpy.typing import NDArray

# Samples on either side of 2k that the low-pass sample k depends on.
REACH = 2


def low_pass_reach(reduction: int) -> float:
    """How far from its centre a reduced sample depends on the image, in reduced samples."""
    return REACH * (1.0 - 0.5**reduction)


def halve(samples: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the next lower resolution of ``samples`` (…, height, width), in both directions.

    The forward transform of ISO/IEC 15444-1 F.4.8.1 (reversible, integer), its low-pass samples
    only, with the symmetric extension of F.4.7 at all four edges. Columns come before rows, as in
    the encoder (F.4.2), for the order shows in the rounding. The first row and column are taken as
    even: low-pass sample k lies on sample 2k.
    """
    return _halve_last(_halve_last(samples.swapaxes(-1, -2)).swapaxes(-1, -2))


def _halve_last(samples: NDArray[np.int32]) -> NDArray[np.int32]:
    if samples.shape[-1] == 1:
        return samples
    even, odd = samples[..., 0::2], samples[..., 1::2]
    after = even[..., 1:]
    if after.shape[-1] < odd.shape[-1]:
        after = np.concatenate([after, even[..., -1:]], axis=-1)
    high = odd - ((even[..., : odd.shape[-1]] + after) >> 1)
    left = np.concatenate([high[..., :1], high[..., : even.shape[-1] - 1]], axis=-1)
    right = high
    if right.shape[-1] < even.shape[-1]:
        right = np.concatenate([right, high[..., -1:]], axis=-1)
    return even + ((left + right + 2) >> 2)
