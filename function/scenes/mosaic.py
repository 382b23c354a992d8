"""Scenes laid over each other on a grid: the first valid pixel wins."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from function.grid import Grid
from function.scenes.decoder import PixelWindow

Mask = NDArray[np.bool_]
Bands = NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """Bands on a grid that fill up scene by scene, best first.

    ``bands`` (bands, height, width) start as what means no value; ``valid`` (height, width) tells
    which pixels are filled.
    """

    grid: Grid
    bands: Bands
    valid: Mask

    @classmethod
    def blank(cls, grid: Grid, count: int, blank: np.uint8 | np.float32 | np.int16) -> "Mosaic":
        """Make one of ``count`` bands, of the type of ``blank``, without a pixel filled."""
        bands = np.full((count, *grid.shape), blank, blank.dtype)
        return cls(grid, bands, np.zeros(grid.shape, np.bool_))

    def parts(self, size: int) -> Iterator["Mosaic"]:
        """Give it in parts of at most ``size`` pixels a side; filling one fills the whole."""
        for row in range(0, self.grid.height, size):
            for column in range(0, self.grid.width, size):
                valid = self.valid[row : row + size, column : column + size]
                bands = self.bands[:, row : row + size, column : column + size]
                corner = self.grid.transform @ Affine.translation(column, row)
                height, width = valid.shape
                yield Mosaic(Grid(self.grid.crs, corner, width, height), bands, valid)

    @property
    def empty(self) -> Mask:
        """The pixels that no scene has filled yet."""
        return ~self.valid

    def fill(self, window: PixelWindow, bands: Bands, valid: Mask) -> int:
        """Put what is valid and still empty of ``window``; tell how many pixels it gave."""
        within = window.slices
        new = valid & ~self.valid[within]
        count = int(np.count_nonzero(new))
        if count == new.size:
            self.bands[(slice(None), *within)] = bands
        else:
            for target, band in zip(self.bands, bands, strict=True):
                np.copyto(target[within], band, where=new)
        self.valid[within] |= new
        return count
