"""One scene, read for one layer: from image files to finished bands on the grid."""

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind, Resampling
from function.scene import Scene
from function.scenes.bounding import bounding_window
from function.scenes.choice import Choice
from function.scenes.classification import CLASSIFICATION
from function.scenes.cloud_mask import CloudMask, mask_rules, read_cloud_mask
from function.scenes.darkness import known_dark, read_dark
from function.scenes.decoder import PixelWindow, Samples, Wanted
from function.scenes.decoding import Steps
from function.scenes.ground import ground_resolution
from function.scenes.images import choose_images
from function.scenes.lattice import Lattice, lattice_of
from function.scenes.low_pass import low_pass_reach
from function.scenes.masking import MIXED_SAMPLES, measured, outside_classes, unmixed
from function.scenes.placement import Placement, place
from function.scenes.recipe import Bands, Recipe
from function.scenes.resampling import REACH, resample

Mask = NDArray[np.bool_]

# Pixels that are resampled at a time, by whichever thread is free: what lies between samples and
# finished bands, some 40 bytes a pixel, then stays in memory that the process already has, for a
# page that the system has to give takes longer than to fill it. Fewer cost more for each part than
# they save.
PART_PIXELS = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """Finished ``bands`` of ``window`` of the grid, and where they count."""

    window: PixelWindow
    bands: Bands
    valid: Mask


# What a scene gave: parts of the grid that no two have in common, each finished when it is called,
# by any thread.
SceneReading = list[Callable[[], Finished]]


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

    def windows(self, *, likely: bool = False) -> list[Wanted]:
        """The samples to decode of each image."""
        return [
            Wanted(choice.asset, self.placement.samples, choice.reduction, likely)
            for choice in self.choices
        ]


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """The images of a sheet, decoded, and which of their samples may be shown."""

    sheet: _Sheet
    images: list[Samples]
    usable: Mask

    def resample(self, part: PixelWindow, method: Resampling) -> tuple[list[Samples], Mask]:
        """Give the values of a part of the sheet's pixels for each image, and where they count."""
        placement = self.sheet.placement.crop(part)
        first, needed = self.sheet.placement.samples, placement.samples
        within = replace(
            needed, column=needed.column - first.column, row=needed.row - first.row
        ).slices
        images = [image[(slice(None), *within)] for image in self.images]
        return resample(placement, images, self.usable[within], method)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A window of the grid, which of its pixels are ``wanted``, and the sheets under it."""

    window: PixelWindow
    wanted: Mask
    sheets: list[_Sheet]

    def narrowed(self) -> "_View | None":
        """Cut down to the wanted pixels that lie on every sheet; None where there are none."""
        wanted = self.wanted
        for sheet in self.sheets:
            wanted = wanted & sheet.placement.inside
        part = bounding_window(wanted)
        if part is None:
            return None
        column, row = self.window.column + part.column, self.window.row + part.row
        return _View(
            PixelWindow(column, row, part.width, part.height),
            wanted[part.slices],
            [_Sheet(sheet.choices, sheet.placement.crop(part)) for sheet in self.sheets],
        )

    def parts(self) -> Iterator[PixelWindow]:
        """Give parts of the window of about PART_PIXELS in which a pixel is wanted."""
        height, width = self.wanted.shape
        lines = -(-PART_PIXELS // width)
        for row in range(0, height, lines):
            part = PixelWindow(0, row, width, min(lines, height - row))
            if self.wanted[part.slices].any():
                yield part


class LayerReading:
    """Reads scenes for one layer of one request."""

    def __init__(self, layer: ArchiveLayer, recipe: Recipe, grid: Grid, cloud_mask: bool) -> None:
        self._layer = layer
        self._grid = grid
        self._recipe = recipe
        classes = layer.kind is LayerKind.CLASSES
        self._method = Resampling.NEAREST if classes else layer.resampling
        self._rules = mask_rules(layer) if cloud_mask else ()
        # A layer that shows the classification needs no second reading to be masked by it.
        self._own_classes = (
            layer.masked_classes if cloud_mask and layer.bands == (CLASSIFICATION,) else None
        )
        # Elsewhere a pixel counts where every image has one.
        self._each_by_itself = layer.kind is LayerKind.VALUES

    def read(
        self, scene: Scene, needed: Mask, only: Mask | None = None
    ) -> Steps[SceneReading | None]:
        """Read, step by step, what ``scene`` has for the pixels ``needed`` of the grid.

        ``only`` some of them are read, where it is given, and those as if all were. None where
        none of them lies on its images; then nothing was decoded. Where all of them are masked, no
        more was than its classification, and there are no parts. Raises SceneUnreadableError where
        an image is missing or cannot be decoded.
        """
        window = bounding_window(needed)
        if window is None:
            return None
        resolution = ground_resolution(self._grid, window, scene.assets[0].grid.crs)
        if resolution is None:
            return None
        choices = choose_images(self._layer, scene, resolution)
        laid = self._lay(choices, window)
        wanted = needed if only is None else needed & only
        view = _View(window, wanted[window.slices], laid).narrowed()
        clouds = None
        if view is not None and self._rules:
            likely = [each for sheet in view.sheets for each in sheet.windows(likely=True)]
            clouds = yield from read_cloud_mask(scene, self._rules, *_extent(view.sheets), likely)
            clear = clouds.pixels_clear(view.sheets[0].placement)
            view = replace(view, wanted=view.wanted & clear).narrowed()
            if view is None:
                return []
        if view is None:
            return None
        decoded = yield from self._decode_sheets(scene, view.sheets, clouds)
        return [partial(self._finish, choices, view, decoded, part) for part in view.parts()]

    def _finish(
        self, choices: Sequence[Choice], view: _View, decoded: Sequence[_Decoded], part: PixelWindow
    ) -> Finished:
        """Resample a part of ``view`` and make its bands."""
        values: dict[Choice, Samples] = {}
        shown: dict[Choice, Mask] = {}
        for each in decoded:
            pixels, counted = each.resample(part, self._method)
            values.update(zip(each.sheet.choices, pixels, strict=True))
            shown.update(dict.fromkeys(each.sheet.choices, counted))
        bands, valid = self._recipe.finish(
            [choice.asset for choice in choices],
            [values[choice] for choice in choices],
            [shown[choice] for choice in choices],
        )
        window = replace(
            part, column=view.window.column + part.column, row=view.window.row + part.row
        )
        return Finished(window, bands, valid & view.wanted[part.slices])

    def _lay(self, choices: tuple[Choice, ...], window: PixelWindow) -> list[_Sheet]:
        """Lay the grid's window over the images."""
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
            if self._each_by_itself:
                sheets += [_Sheet((choice,), placement) for choice in same]
            else:
                sheets.append(_Sheet(tuple(same), placement))
        return sheets

    def _decode_sheets(
        self, scene: Scene, sheets: list[_Sheet], clouds: CloudMask | None
    ) -> Steps[list[_Decoded]]:
        """Decode every image, and tell which of its samples may be shown."""
        samples = iter((yield [each for sheet in sheets for each in sheet.windows()]))
        decoded = []
        for sheet in sheets:
            images = [next(samples) for _ in sheet.choices]
            usable = yield from self._usable(scene, sheet, images, clouds)
            decoded.append(_Decoded(sheet, images, usable))
        return decoded

    def _usable(
        self,
        scene: Scene,
        sheet: _Sheet,
        images: list[Samples],
        clouds: CloudMask | None,
    ) -> Steps[Mask]:
        """Tell which samples of a sheet may be shown: measured in every image, and not masked."""
        pairs = zip(sheet.choices, images, strict=True)
        usable = reduce(
            operator.and_,
            (measured(choice.asset, image, sheet.reduction) for choice, image in pairs),
        )
        if sheet.choices[0].asset.band == self._layer.visual:
            usable = yield from self._dark(scene, sheet, usable, clouds)
        usable = unmixed(usable, sheet.reduction)
        if self._own_classes is not None:
            usable &= outside_classes(images[0], self._own_classes)
        if clouds is not None:
            usable &= clouds.samples_clear(*sheet.samples, low_pass_reach(sheet.reduction))
        return usable

    def _dark(
        self, scene: Scene, sheet: _Sheet, usable: Mask, clouds: CloudMask | None
    ) -> Steps[Mask]:
        """Add to ``usable`` samples of the visual image those that are black and were measured."""
        black = bounding_window(~usable)
        if black is None:
            return usable
        choice, first = sheet.choices[0], sheet.placement.samples
        window = replace(black, column=first.column + black.column, row=first.row + black.row)
        classification = clouds.find(CLASSIFICATION) if clouds is not None else None
        if classification is not None:
            dark = known_dark(classification, choice, window)
        else:
            dark = yield from read_dark(self._layer, scene, choice, window)
        usable[black.slices] |= dark
        return usable


def _extent(sheets: Sequence[_Sheet]) -> tuple[float, list[tuple[Lattice, PixelWindow]]]:
    """The finest distance between samples of ``sheets``, and all the samples to decode."""
    return min(sheet.choices[0].spacing for sheet in sheets), [sheet.samples for sheet in sheets]
