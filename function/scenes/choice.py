"""Which image files of a scene are read for a grid, and how far reduced.

The rule: among all that does not blur (a distance between samples of at most the grid's own), take
what is decoded cheapest for an area; where nothing is fine enough, the finest there is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from function.scene import Asset

# ESA's images have five resolutions; GDAL and the engine read no more.
MAX_REDUCTION = 4
# How much wider than the grid's own the distance between samples may be. UTM's scale varies by
# 0.1 %, a bounding box is rounded to whole pixels; 5 % are not seen.
TOLERANCE = 1.05
# Over 10980 pixels, what differs by less stays within a tenth of one.
SAME_SPACING = 1e-5
# Nanoseconds that OpenJPEG takes a sample at reductions 0 to 4, by the code-blocks that ESA gives
# to each resolution (64, 8 and 4 samples a side at 10, 20 and 60 m; 16 for TCI, a pixel): the
# same 60 m band encoded each way, one thread. Tiles of 192 samples are mostly overhead when
# reduced far.
BAND_COSTS = {
    10.0: (99.0, 114.0, 127.0, 186.0, 266.0),
    20.0: (179.0, 197.0, 294.0, 459.0, 1353.0),
    60.0: (282.0, 371.0, 443.0, 1257.0, 4637.0),
}
VISUAL_COSTS = (179.0, 226.0, 358.0, 960.0, 2900.0)
# An image of no size of ESA's: every reduction as dear a sample as the next.
OTHER_COSTS = (100.0, 100.0, 100.0, 100.0, 100.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """An image file and the reduction at which it is read."""

    asset: Asset
    reduction: int

    @property
    def spacing(self) -> float:
        """Distance between samples, in units of the scene's CRS."""
        return self.asset.resolution * float(1 << self.reduction)

    @property
    def cost(self) -> float:
        """Nanoseconds of decoding that a unit of area takes."""
        if self.asset.components > 1:
            costs = VISUAL_COSTS
        else:
            costs = BAND_COSTS.get(self.asset.resolution, OTHER_COSTS)
        return costs[self.reduction] / self.spacing**2


def choose(assets: Iterable[Asset], resolution: float) -> Choice | None:
    """Choose among ``assets``, which show the same, for a grid of ``resolution``.

    ``resolution`` is in units of the assets' CRS. None where there is no asset.
    """
    return _cheapest(
        (Choice(asset, reduction) for asset in assets for reduction in range(MAX_REDUCTION + 1)),
        resolution,
    )


def choose_unreduced(assets: Iterable[Asset], resolution: float) -> Choice | None:
    """Choose as ``choose`` does, at full resolution only.

    So class codes are read: the low-pass of codes 4 and 8 would be a class 6 that was never there.
    """
    return _cheapest((Choice(asset, 0) for asset in assets), resolution)


def is_same(spacing: float, resolution: float) -> bool:
    """Tell whether samples lie as far apart as the pixels of a grid, but for rounding."""
    return abs(spacing / resolution - 1) < SAME_SPACING


def _cheapest(choices: Iterable[Choice], resolution: float) -> Choice | None:
    every = list(choices)
    sharp = [choice for choice in every if choice.spacing <= resolution * TOLERANCE]
    if sharp:
        return min(sharp, key=lambda choice: choice.cost)
    return min(every, key=lambda choice: (choice.spacing, choice.cost), default=None)
