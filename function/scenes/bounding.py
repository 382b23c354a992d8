"""The part of a grid that a mask takes up."""

import numpy as np
from numpy.typing import NDArray

from function.scenes.decoder import PixelWindow


def bounding_window(mask: NDArray[np.bool_]) -> PixelWindow | None:
    """Find the smallest window that holds all of ``mask``; None where it is empty."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return PixelWindow(
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0] + 1),
        int(rows[-1] - rows[0] + 1),
    )
