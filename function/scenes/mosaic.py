"""Scenes laid over each other on a grid: the first valid pixel wins."""

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.decoder import PixelWindow

Mask = NDArray[np.bool_]
Bands = NDArray[np.uint8] | NDArray[np.float32]


class Mosaic:
    """Bands on a grid that fill up scene by scene, best first.

    ``bands`` (bands, height, width) start as 0 or, of floats, as NaN; ``valid`` (height, width)
    tells which pixels are filled.
    """

    def __init__(self, grid: Grid, count: int, floating: bool) -> None:
        shape = (count, *grid.shape)
        self.bands: Bands = (
            np.full(shape, np.nan, np.float32) if floating else np.zeros(shape, np.uint8)
        )
        self.valid: Mask = np.zeros(grid.shape, np.bool_)

    @property
    def empty(self) -> Mask:
        """The pixels that no scene has filled yet."""
        return ~self.valid

    def fill(self, window: PixelWindow, bands: Bands, valid: Mask) -> int:
        """Put what is valid and still empty of ``window``; tell how many pixels it gave."""
        within = window.slices
        new = valid & ~self.valid[within]
        for target, band in zip(self.bands, bands, strict=True):
            np.copyto(target[within], band, where=new)
        self.valid[within] |= new
        return int(np.count_nonzero(new))
