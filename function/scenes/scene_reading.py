"""One scene, read for one layer: from image files to finished bands on the grid."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind, Resampling
from function.scene import Scene
from function.scenes.choice import Choice
from function.scenes.classification import (
    CLASSIFICATION,
    NO_DATA,
    Classification,
    read_classification,
)
from function.scenes.coverage import bounding_window
from function.scenes.decoder import PixelWindow, Samples
from function.scenes.decoding import Steps, Wanted
from function.scenes.ground import ground_resolution
from function.scenes.images import choose_images
from function.scenes.lattice import Lattice, lattice_of
from function.scenes.masking import MIXED_SAMPLES, measured, outside_classes, unmixed
from function.scenes.placement import Placement, place
from function.scenes.recipe import Bands, Recipe
from function.scenes.resampling import REACH, resample

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SceneReading:
    """What a scene gave: finished ``bands`` of ``window`` of the grid, and where they count."""

    window: PixelWindow
    bands: Bands
    valid: Mask


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """Images whose samples lie on one lattice, and where the grid's pixels fall on it."""

    choices: tuple[Choice, ...]
    placement: Placement

    @property
    def reduction(self) -> int:
        return self.choices[0].reduction

    @property
    def samples(self) -> tuple[Lattice, PixelWindow]:
        """The samples to decode."""
        return self.placement.lattice, self.placement.samples


class LayerReading:
    """Reads scenes for one layer of one request."""

    def __init__(self, layer: ArchiveLayer, recipe: Recipe, grid: Grid, cloud_mask: bool) -> None:
        self._layer = layer
        self._grid = grid
        self._recipe = recipe
        classes = layer.kind is LayerKind.CLASSES
        self._method = Resampling.NEAREST if classes else layer.resampling
        self._masked = layer.masked_classes if cloud_mask else frozenset()
        # A layer that shows the classification needs no second reading to be masked by it.
        self._shows_classes = layer.bands == (CLASSIFICATION,)

    def read(self, scene: Scene, needed: Mask) -> Steps[SceneReading | None]:
        """Read, step by step, what ``scene`` has for the pixels ``needed`` of the grid.

        None where it has nothing for them; then no more was decoded than its classification.
        Raises SceneUnreadableError where an image is missing or cannot be decoded.
        """
        window = bounding_window(needed)
        if window is None:
            return None
        resolution = ground_resolution(self._grid, window, scene.assets[0].grid.crs)
        if resolution is None:
            return None
        choices = choose_images(self._layer, scene, resolution)
        sheets = self._lay(choices, window)
        classification = None
        clear = needed[window.slices]
        if self._masked and not self._shows_classes and sheets:
            classification = yield from self._classify(scene, sheets)
            clear = clear & classification.pixels_outside(self._masked, sheets[0].placement)
            part = bounding_window(clear)
            if part is None:
                return None
            sheets = _crop(sheets, part)
            clear = clear[part.slices]
            window = PixelWindow(
                window.column + part.column, window.row + part.row, part.width, part.height
            )
        if not sheets:
            return None
        values, valid = yield from self._read_sheets(scene, sheets, classification)
        bands, defined = self._recipe.finish(
            [choice.asset for choice in choices], [values[choice] for choice in choices]
        )
        return SceneReading(window, bands, valid & defined & clear)

    def _lay(self, choices: tuple[Choice, ...], window: PixelWindow) -> list[_Sheet]:
        """Lay the grid's window over the images; none where it misses one of them."""
        alike: dict[tuple[Grid, int], list[Choice]] = {}
        for choice in choices:
            alike.setdefault((choice.asset.grid, choice.reduction), []).append(choice)
        sheets = []
        for same in alike.values():
            first = same[0]
            margin = REACH[self._method] + (MIXED_SAMPLES if first.reduction else 0)
            placement = place(
                self._grid,
                window,
                lattice_of(first.asset, first.reduction),
                margin,
                averaged=self._method is not Resampling.NEAREST,
            )
            if placement is None:
                return []
            sheets.append(_Sheet(tuple(same), placement))
        return sheets

    def _read_sheets(
        self, scene: Scene, sheets: list[_Sheet], classification: Classification | None
    ) -> Steps[tuple[dict[Choice, Samples], Mask]]:
        """Decode and resample every image; a pixel is valid where it is in all of them."""
        wanted = [
            Wanted(choice.asset, sheet.placement.samples, choice.reduction)
            for sheet in sheets
            for choice in sheet.choices
        ]
        decoded = iter((yield wanted))
        values: dict[Choice, Samples] = {}
        valid = np.ones(sheets[0].placement.inside.shape, np.bool_)
        for sheet in sheets:
            images = [next(decoded) for _ in sheet.choices]
            usable = yield from self._usable(scene, sheet, images, classification)
            pixels, shown = resample(sheet.placement, np.concatenate(images), usable, self._method)
            valid &= shown
            ends = np.cumsum([image.shape[0] for image in images])[:-1]
            values.update(zip(sheet.choices, np.split(pixels, ends), strict=True))
        return values, valid

    def _usable(
        self,
        scene: Scene,
        sheet: _Sheet,
        images: list[Samples],
        classification: Classification | None,
    ) -> Steps[Mask]:
        """Tell which samples of a sheet may be shown: measured in every image, and not masked."""
        usable = np.logical_and.reduce(
            [
                measured(choice.asset, image)
                for choice, image in zip(sheet.choices, images, strict=True)
            ]
        )
        if sheet.choices[0].asset.band == self._layer.visual and not usable.all():
            usable |= yield from self._dark(scene, sheet, classification)
        usable = unmixed(usable, sheet.reduction)
        if self._shows_classes:
            usable &= outside_classes(images[0], self._masked)
        elif classification is not None:
            usable &= classification.samples_outside(self._masked, *sheet.samples)
        return usable

    def _dark(
        self, scene: Scene, sheet: _Sheet, classification: Classification | None
    ) -> Steps[Mask]:
        """Tell which samples the scene's classification knows to be measured.

        ESA's TCI shows reflectances of 0 and less, as of deep water, as black (0, 0, 0), which it
        also uses for no data; only the classification tells them apart.
        """
        lattice, window = sheet.samples
        if classification is None:
            with suppress(SceneUnreadableError):
                classification = yield from self._classify(scene, [sheet])
        if classification is None:
            return np.zeros((window.height, window.width), np.bool_)
        return classification.samples_outside(NO_DATA, lattice, window)

    def _classify(self, scene: Scene, sheets: list[_Sheet]) -> Steps[Classification]:
        """Read the classification for all samples of ``sheets``."""
        finest = min(sheet.choices[0].spacing for sheet in sheets)
        parts = [sheet.samples for sheet in sheets]
        return (yield from read_classification(scene, finest, parts))


def _crop(sheets: list[_Sheet], window: PixelWindow) -> list[_Sheet]:
    """Keep ``window`` of the pixels; none where it misses one of the images."""
    cropped = []
    for sheet in sheets:
        placement = sheet.placement.crop(window)
        if placement is None:
            return []
        cropped.append(_Sheet(sheet.choices, placement))
    return cropped
