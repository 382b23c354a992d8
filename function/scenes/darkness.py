"""Dark or not measured: what a black sample of a ready true-colour image does not tell.

ESA's TCI shows reflectances of 0 and less, as of deep water, as black (0, 0, 0), which it also uses
for no data. Its own bands tell them apart: they hold 0 for no data alone. So does the scene
classification, which has a class for it.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from function.errors import SceneUnreadableError
from function.layer import ArchiveLayer
from function.scene import Scene
from function.scenes.choice import Choice, choose, choose_unreduced
from function.scenes.classification import (
    CLASSIFICATION,
    NO_DATA,
    Classification,
    Keep,
    nearest_part,
)
from function.scenes.decoder import PixelWindow
from function.scenes.lattice import lattice_of
from function.scenes.masking import GAP_REACH, measured, outside_classes
from function.scenes.steps import Steps

Mask = NDArray[np.bool_]

KNOWN: Keep = partial(outside_classes, masked=NO_DATA)


def read_dark(layer: ArchiveLayer, scene: Scene, black: Choice, window: PixelWindow) -> Steps[Mask]:
    """Tell which samples of ``window`` of the visual image ``black`` were measured all the same.

    By the image that is decoded cheapest, and by the next one where that cannot be read. Without
    any such image none were. Raises SceneUnreadableError where there are some, and none can be
    read.
    """
    lattice = lattice_of(black.asset, black.reduction)
    failure: SceneUnreadableError | None = None
    for choice in sorted(_sources(layer, scene, black), key=lambda each: each.cost):
        try:
            margin = GAP_REACH if choice.reduction else 0
            part = nearest_part(choice, [(lattice, window)], margin)
            (samples,) = yield [part.wanted()]
            return Classification(part, samples).samples_kept(_keep(choice), lattice, window)
        except SceneUnreadableError as error:
            failure = error
    if failure is not None:
        raise failure
    return np.zeros((window.height, window.width), np.bool_)


def known_dark(classification: Classification, black: Choice, window: PixelWindow) -> Mask:
    """Tell the same by the scene's classification, where that is at hand."""
    return classification.samples_kept(KNOWN, lattice_of(black.asset, black.reduction), window)


def _sources(layer: ArchiveLayer, scene: Scene, black: Choice) -> Iterator[Choice]:
    """Give the images that tell, none coarser than what it is to tell of but the classification.

    At full resolution nothing reduced will do, which does not have the edge of a swath to the
    sample.
    """
    classes = [asset for asset in scene.assets if asset.band == CLASSIFICATION]
    bands = [
        asset for asset in scene.assets if asset.band in layer.bands and asset.nodata is not None
    ]
    by_class = choose_unreduced(classes, black.spacing)
    by_band = (choose if black.reduction else choose_unreduced)(bands, black.spacing)
    if by_class is not None:
        yield by_class
    if by_band is not None:
        yield by_band


def _keep(choice: Choice) -> Keep:
    if choice.asset.band == CLASSIFICATION:
        return KNOWN
    return lambda samples: measured(choice.asset, samples, choice.reduction)
