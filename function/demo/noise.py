"""Deterministic noise on a pixel grid.

Only additions, multiplications, comparisons and gathers touch pixels, and random numbers are the
raw words of PCG64: those are the same bit for bit on every platform and version of numpy, which
its transcendental functions and its own distributions do not promise.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

FRACTION_BITS = 24  # as many as a float32 holds exactly


def lattice(seed: int, shape: tuple[int, int]) -> Field:
    """Draw white noise, even over -1…1."""
    words = np.random.PCG64(seed).random_raw(shape[0] * shape[1])
    whole = (words >> np.uint64(64 - FRACTION_BITS)).astype(np.float32).reshape(shape)
    return whole * np.float32(2.0 ** (1 - FRACTION_BITS)) - np.float32(1.0)


def bell(seed: int, shape: tuple[int, int]) -> Field:
    """Draw white noise of a bell shape: the sum of four even draws, of unit variance."""
    words = np.random.PCG64(seed).random_raw(shape[0] * shape[1])
    total = np.zeros(words.shape, np.int32)
    for quarter in range(4):
        total += ((words >> np.uint64(16 * quarter)) & np.uint64(0xFFFF)).astype(np.int32)
    # Four even draws over 0…65535 have a standard deviation of 2 · 65536 / √12.
    scale = np.float32(12.0**0.5 / (2.0 * 65536.0))
    return ((total - 131070).astype(np.float32) * scale).reshape(shape)


def enlarge(coarse: Field, factors: tuple[int, int], shape: tuple[int, int]) -> Field:
    """Interpolate ``coarse`` by cubic B-splines, ``factors`` pixels to a cell (down, across).

    The first pixel lies on node (1, 1): ``coarse`` needs one node more than the pixels span on
    the near sides and two on the far ones. B-splines smooth, which is what noise wants.
    """
    rows = _along_rows(coarse, factors[0], shape[0])
    return np.ascontiguousarray(_along_rows(rows.T, factors[1], shape[1]).T)


def _along_rows(nodes: Field, factor: int, length: int) -> Field:
    position = np.arange(length)
    first = position // factor
    share = ((position % factor) / np.float32(factor)).astype(np.float32)[:, None]
    rest = 1 - share
    sixth = np.float32(1.0 / 6.0)
    weights = (
        rest * rest * rest * sixth,
        (3 * share * share * share - 6 * share * share + 4) * sixth,
        (3 * rest * rest * rest - 6 * rest * rest + 4) * sixth,
        share * share * share * sixth,
    )
    total = nodes[first] * weights[0]
    for step in range(1, 4):
        total += nodes[first + step] * weights[step]
    return total


def smooth(seed: int, shape: tuple[int, int], cell: int, stretch: int = 1) -> Field:
    """Draw noise whose features are about ``cell`` pixels across, within -1…1.

    ``stretch`` lengthens them along the rows.
    """
    wide = cell * stretch
    nodes = lattice(seed, (shape[0] // cell + 5, shape[1] // wide + 5))
    return enlarge(nodes, (cell, wide), shape)


def fractal(
    seed: int,
    shape: tuple[int, int],
    cells: Sequence[int],
    persistence: float = 0.5,
    stretch: int = 1,
) -> Field:
    """Add noise of every size in ``cells``, each ``persistence`` times as strong as the last."""
    total = np.zeros(shape, np.float32)
    strength = np.float32(1.0)
    for octave, cell in enumerate(cells):
        total += strength * smooth(seed * 1000 + octave, shape, cell, stretch)
        strength *= np.float32(persistence)
    return total


def ramp(values: Field, low: float, high: float) -> Field:
    """Rise smoothly from 0 at ``low`` to 1 at ``high`` (3t² - 2t³)."""
    share = np.clip((values - np.float32(low)) * np.float32(1.0 / (high - low)), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def blur(values: Field, passes: int = 1) -> Field:
    """Spread each pixel over its neighbours by the kernel ¼ ½ ¼ in both directions."""
    for _ in range(passes):
        for axis in (0, 1):
            padded = np.pad(values, [(1, 1) if axis == a else (0, 0) for a in (0, 1)], "edge")
            if axis == 0:
                near, far = padded[:-2], padded[2:]
            else:
                near, far = padded[:, :-2], padded[:, 2:]
            values = (near + 2 * values + far) * np.float32(0.25)
    return values


def box_sum(values: NDArray[np.uint16] | Field, factor: int) -> NDArray[np.uint32] | Field:
    """Add up blocks of ``factor`` × ``factor`` pixels; whole numbers exactly."""
    shape = (values.shape[0] // factor, values.shape[1] // factor)
    whole = np.issubdtype(values.dtype, np.integer)
    total = np.zeros(shape, np.uint32 if whole else np.float32)
    for row in range(factor):
        for column in range(factor):
            part = values[row::factor, column::factor]
            total += part[: shape[0], : shape[1]]
    return total


def hashed(*keys: NDArray[np.uint32] | int) -> NDArray[np.uint32]:
    """Mix integers into one well spread 32-bit number for each pixel."""
    mixed = np.full(1, 0x9E3779B9, np.uint32)
    for key in keys:
        mixed = (mixed ^ np.asarray(key, np.uint32)) * np.uint32(0x85EBCA6B)
        mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        mixed = mixed ^ (mixed >> np.uint32(16))
    return mixed


def fraction(words: NDArray[np.uint32]) -> Field:
    """Turn hashed numbers into fractions, 0 ≤ f < 1."""
    return (words >> np.uint32(32 - FRACTION_BITS)).astype(np.float32) * np.float32(
        2.0**-FRACTION_BITS
    )
