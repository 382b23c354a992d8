"""Reflectances to 8 bit colours."""

import numpy as np
from numpy.typing import NDArray

# Of one step of 254: float32's errors are far smaller, and rounding down must not see them.
ROUNDING = np.float32(1e-4)


def stretch(
    reflectances: NDArray[np.float32], darkest: float, brightest: float
) -> NDArray[np.uint8]:
    """Show ``darkest`` and less as 0, what is above as 1 and more, ``brightest`` as 255.

    Between, 1 + 254 (r - darkest) / (brightest - darkest), rounded down. So ESA makes TCI of a
    Level-2A product, with 0 and 0.25: on real images it gives TCI's own value in every pixel.
    """
    steps = reflectances - np.float32(darkest)
    steps *= np.float32(254.0 / (brightest - darkest))
    above = steps > 0
    steps += 1 + ROUNDING
    steps.clip(0, 255, out=steps)
    # Nothing is negative any more, so the conversion rounds down.
    colours: NDArray[np.uint8] = steps.astype(np.uint8)
    colours *= above
    return colours
