"""Reflectances to 8 bit colours."""

import numpy as np
from numpy.typing import NDArray

# Of one step of 256: float32 leaves errors far smaller, ceil must not see them.
ROUNDING = np.float32(1e-3)


def stretch(
    reflectances: NDArray[np.float32], darkest: float, brightest: float
) -> NDArray[np.uint8]:
    """Show ``darkest`` and less as 0, ``brightest`` and more as 255, linear between, rounded up.

    So ESA makes TCI of a Level-2A product (darkest 0, brightest 0.25): on real 60 m images it
    gives TCI's own values in every pixel.
    """
    scale = np.float32(255.0 / (brightest - darkest))
    steps = (reflectances - np.float32(darkest)) * scale
    colours: NDArray[np.uint8] = np.ceil(steps - ROUNDING).clip(0, 255).astype(np.uint8)
    return colours
