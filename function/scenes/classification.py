"""A scene's own classification of its pixels (SCL), looked up where it is needed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import Resampling
from function.scene import Scene
from function.scenes.choice import choose_unreduced
from function.scenes.decoder import PixelWindow, Samples
from function.scenes.decoding import Decoding, Wanted
from function.scenes.lattice import Lattice, lattice_of
from function.scenes.masking import outside_classes
from function.scenes.placement import place
from function.scenes.resampling import resample

Mask = NDArray[np.bool_]

# ESA's name of the scene classification image, and of its class "no data".
CLASSIFICATION = "SCL"
NO_DATA = frozenset({0})


class Classification:
    """Class codes of a part of a scene, decoded once; elsewhere it knows none."""

    def __init__(self, lattice: Lattice, window: PixelWindow, codes: Samples) -> None:
        self._lattice = lattice
        self._window = window
        self._codes = codes

    def outside(self, masked: frozenset[int], grid: Grid, window: PixelWindow) -> Mask:
        """Tell which pixels of ``window`` of ``grid`` have a class that is none of ``masked``.

        The class of a pixel is that of the sample nearest to its centre.
        """
        placement = place(grid, window, self._lattice, margin=0, averaged=False)
        if placement is None:
            return np.zeros((window.height, window.width), np.bool_)
        everywhere = np.ones(self._codes.shape[1:], np.bool_)
        placement = replace(placement, samples=self._window)
        codes, inside = resample(placement, self._codes, everywhere, Resampling.NEAREST)
        return outside_classes(codes, masked) & inside


def read_classification(
    scene: Scene,
    resolution: float,
    parts: Sequence[tuple[Grid, PixelWindow]],
    decoding: Decoding,
) -> Classification:
    """Decode the classification of ``scene`` where it meets any of ``parts``.

    Among its images the coarsest is taken that is as fine as ``resolution``. Raises
    SceneUnreadableError for a scene without one.
    """
    images = [asset for asset in scene.assets if asset.band == CLASSIFICATION]
    choice = choose_unreduced(images, resolution)
    if choice is None:
        raise SceneUnreadableError(f"the scene has no {CLASSIFICATION}, so nothing can be masked")
    lattice = lattice_of(choice.asset, 0)
    # A margin of one: a part's places are exact to an eighth of a sample only.
    placements = [place(grid, window, lattice, 1, averaged=False) for grid, window in parts]
    window = _union([placement.samples for placement in placements if placement is not None])
    (codes,) = decoding.decode([Wanted(choice.asset, window, 0)])
    return Classification(lattice, window, codes)


def _union(windows: Sequence[PixelWindow]) -> PixelWindow:
    column = min((window.column for window in windows), default=0)
    row = min((window.row for window in windows), default=0)
    right = max((window.column + window.width for window in windows), default=1)
    lower = max((window.row + window.height for window in windows), default=1)
    return PixelWindow(column, row, right - column, lower - row)
