"""A scene's own classification of its pixels, looked up where it is needed: SCL, or a mask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray

from function.errors import SceneUnreadableError
from function.scene import Asset
from function.scenes.choice import Choice, choose_unreduced
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.lattice import Lattice, lattice_of
from function.scenes.placement import Placement

Mask = NDArray[np.bool_]

# ESA's name of the scene classification image, and of its class "no data".
CLASSIFICATION = "SCL"
NO_DATA = frozenset({0})

# Tells of codes (components, height, width) which ones are kept, (height, width).
Keep = Callable[[Samples], Mask]


class Classification:
    """Codes of a part of a scene, (components, height, width), decoded once.

    A place has the class of the nearest sample; beyond the part, that of its nearest edge.
    """

    def __init__(self, part: "Part", codes: Samples) -> None:
        self.part = part
        self.codes = codes
        self._lattice = part.lattice
        self._window = part.window

    def samples_kept(
        self,
        keep: Keep,
        lattice: Lattice,
        window: PixelWindow,
        reach: float = 0.0,
    ) -> Mask:
        """Tell which samples of a ``window`` of ``lattice`` are kept.

        And all within ``reach`` samples around: what a sample is mixed with.
        """
        to_codes = self._from(lattice)
        columns = to_codes.a * (window.column + np.arange(window.width)) + to_codes.c
        rows = to_codes.e * (window.row + np.arange(window.height)) + to_codes.f
        nearest = np.ix_(
            np.floor(rows + 0.5).clip(0, self._window.height - 1).astype(np.intp),
            np.floor(columns + 0.5).clip(0, self._window.width - 1).astype(np.intp),
        )
        kept = keep(self.codes)
        if reach and not kept.all():
            # Half a code from its centre to its edge, and half to the sample that it is nearest to.
            size = [2 * int(reach * abs(step) + 1.0) + 1 for step in (to_codes.e, to_codes.a)]
            eroded = cv2.erode(
                kept.view(np.uint8), np.ones(size, np.uint8), borderType=cv2.BORDER_REPLICATE
            )
            kept = eroded.astype(np.bool_)
        clear: Mask = kept[nearest]
        return clear

    def pixels_kept(self, keep: Keep, placement: Placement) -> Mask:
        """Tell which pixels of ``placement`` are kept."""
        to_codes = self._from(placement.lattice)
        columns, rows = placement.coordinates.positions(
            (to_codes.a, to_codes.c + 0.5), (to_codes.e, to_codes.f + 0.5)
        )
        kept = cv2.remap(
            keep(self.codes).view(np.uint8),
            np.floor(columns, out=columns),
            np.floor(rows, out=rows),
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return kept.astype(np.bool_)

    def _from(self, lattice: Lattice) -> Affine:
        """Map samples of ``lattice`` to the decoded codes."""
        start = Affine.translation(-self._window.column, -self._window.row)
        return start @ relation(lattice, self._lattice)


@dataclass(frozen=True, slots=True)
class Part:
    """A window of an image at a reduction, to be looked up where other images have samples."""

    choice: Choice
    window: PixelWindow

    @property
    def lattice(self) -> Lattice:
        return lattice_of(self.choice.asset, self.choice.reduction)

    def wanted(self, need: Need = Need.NOW) -> Wanted:
        """What has to be decoded."""
        return Wanted(self.choice.asset, self.window, self.choice.reduction, need)


def classified_part(
    images: Sequence[Asset], resolution: float, parts: Sequence[tuple[Lattice, PixelWindow]]
) -> Part:
    """Find where the classification of a scene meets any of ``parts`` of its other images.

    Among its ``images`` the coarsest is taken that is as fine as ``resolution``. Raises
    SceneUnreadableError where there is none.
    """
    choice = choose_unreduced(images, resolution)
    if choice is None:
        raise SceneUnreadableError("the scene has no classification")
    return nearest_part(choice, parts)


def nearest_part(
    choice: Choice, parts: Sequence[tuple[Lattice, PixelWindow]], margin: int = 0
) -> Part:
    """Find the samples of an image nearest to any of ``parts``, and ``margin`` around them."""
    lattice = lattice_of(choice.asset, choice.reduction)
    corners = [_corners(part, window, lattice) for part, window in parts]
    return Part(choice, _around(corners, lattice, margin))


def relation(source: Lattice, target: Lattice) -> Affine:
    """Map sample indices of ``source`` to those of ``target``, images of one scene."""
    if source.crs != target.crs:
        raise SceneUnreadableError("the scene's images are in different reference systems")
    mapping: Affine = ~target.transform @ source.transform
    return mapping


def _corners(
    lattice: Lattice, window: PixelWindow, target: Lattice
) -> tuple[float, float, float, float]:
    across = relation(lattice, target)
    left, upper = across @ (window.column, window.row)
    right, lower = across @ (
        window.column + window.width - 1,
        window.row + window.height - 1,
    )
    return left, upper, right, lower


def _around(
    corners: Sequence[tuple[float, float, float, float]], lattice: Lattice, margin: int
) -> PixelWindow:
    """Find the window of ``lattice`` that holds all nearest samples, at least one."""
    nearest = np.floor(np.array(corners) + 0.5).astype(int)
    nearest += np.array([-margin, -margin, margin, margin])
    column = int(nearest[:, 0].min().clip(0, lattice.width - 1))
    row = int(nearest[:, 1].min().clip(0, lattice.height - 1))
    right = int(nearest[:, 2].max().clip(column, lattice.width - 1))
    lower = int(nearest[:, 3].max().clip(row, lattice.height - 1))
    return PixelWindow(column, row, right - column + 1, lower - row + 1)
