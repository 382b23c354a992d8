"""One scene, read for one layer: from image files to finished bands on the grid."""

import operator
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind, Resampling
from function.scene import Scene
from function.scenes.bounding import bounding_window
from function.scenes.choice import Choice
from function.scenes.classification import CLASSIFICATION, Classification
from function.scenes.cloud_mask import CloudMask, all_rules, mask_parts, read_cloud_mask
from function.scenes.darkness import known_dark, read_dark
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.ground import ground_resolution
from function.scenes.images import choose_images
from function.scenes.lattice import lattice_of
from function.scenes.low_pass import low_pass_reach
from function.scenes.masking import MIXED_SAMPLES, measured, outside_classes, unmixed
from function.scenes.placement import place
from function.scenes.recipe import Bands, Recipe, Resampled
from function.scenes.resampling import REACH
from function.scenes.sheet import Decoded, Sheet, View
from function.scenes.steps import Steps

Mask = NDArray[np.bool_]

NOWHERE = PixelWindow(0, 0, 0, 0)


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
class Foreseen:
    """What of a scene its ``masks`` let through: pixels ``filled`` of ``window`` of the grid.

    They are filled as far as they were measured, from ``bands``.
    """

    window: PixelWindow
    filled: Mask
    bands: Sequence[Wanted]
    masks: Iterable[Classification]


class LayerReading:
    """Reads scenes for one layer of one request."""

    def __init__(self, layer: ArchiveLayer, recipe: Recipe, grid: Grid, cloud_mask: bool) -> None:
        self._layer = layer
        self._grid = grid
        self._recipe = recipe
        classes = layer.kind is LayerKind.CLASSES
        self._method = Resampling.NEAREST if classes else layer.resampling
        every = all_rules(layer) if cloud_mask else ()
        # A layer that shows the classification needs no second reading to be masked by it.
        own = cloud_mask and layer.bands == (CLASSIFICATION,)
        self._rules = tuple(rule for rule in every if (rule.band,) != layer.bands)
        self._foretelling = every if own else self._rules
        self._own_classes = layer.masked_classes if own else None
        # Elsewhere a pixel counts where every image has one.
        self._each_by_itself = layer.kind is LayerKind.VALUES

    def read(
        self, scene: Scene, needed: Mask, only: Mask | None = None, *, foreseen: bool = False
    ) -> Steps[SceneReading | None]:
        """Read, step by step, what ``scene`` has for the pixels ``needed`` of the grid.

        ``only`` some of them are read, where it is given, and those as if all were. Of a scene that
        was ``foreseen`` nothing more has to be fetched before its clouds are known. None where
        none of them lies on its images; then nothing was decoded. Where all of them are masked, no
        more was than its classification, and there are no parts. Raises SceneUnreadableError where
        an image is missing or cannot be decoded.
        """
        looked = self._look(scene, needed, only)
        if looked is None:
            return None
        choices, view = looked
        clouds = None
        if self._rules:
            parts = mask_parts(scene, self._rules, *view.extent)
            likely = () if foreseen else view.windows(Need.PERHAPS)
            clouds = yield from read_cloud_mask(self._rules, parts, likely)
            through = _let_through(view, clouds)
            if through is None:
                return []
            view = through
        decoded = yield from self._decode_sheets(scene, view.sheets, clouds)
        return [partial(self._finish, choices, view, decoded, part) for part in view.parts()]

    @property
    def masked(self) -> bool:
        """Whether clouds decide what is read of a scene."""
        return bool(self._foretelling)

    def ahead(self, scene: Scene, needed: Mask) -> tuple[list[Wanted], list[Wanted]]:
        """Tell which masks have to be fetched to ``foresee`` a scene, and which bands then may."""
        with suppress(SceneUnreadableError):
            looked = self._look(scene, needed)
            if looked is not None:
                _, view = looked
                parts = mask_parts(scene, self._foretelling, *view.extent)
                return [part.wanted(Need.PERHAPS) for part in parts], view.windows(Need.PERHAPS)
        return [], []

    def foresee(self, scene: Scene, needed: Mask) -> Steps[Foreseen | None]:
        """Tell, step by step, what reading ``scene`` for ``needed`` will come to.

        To the pixel, where all of it was measured: by the same masks, looked up in the same way.
        None and SceneUnreadableError as for ``read``; bands are not decoded.
        """
        looked = self._look(scene, needed)
        if looked is None:
            return None
        _, view = looked
        parts = mask_parts(scene, self._foretelling, *view.extent)
        clouds = yield from read_cloud_mask(self._foretelling, parts)
        through = _let_through(view, clouds) if self._rules else view
        if through is None:
            return Foreseen(NOWHERE, np.zeros((0, 0), np.bool_), (), clouds.images)
        filled = self._filled(through, clouds)
        return Foreseen(through.window, filled, through.windows(Need.SOON), clouds.images)

    def _filled(self, view: View, clouds: CloudMask) -> Mask:
        """Tell which wanted pixels of ``view`` get a value where all samples were measured."""
        clear = [
            Decoded(
                sheet, [], clouds.samples_clear(*sheet.samples, low_pass_reach(sheet.reduction))
            )
            for sheet in view.sheets
        ]
        if all(each.usable.all() for each in clear):
            return view.wanted
        combine = operator.or_ if self._each_by_itself else operator.and_
        filled = np.zeros_like(view.wanted)
        for part in view.parts():
            counted = [each.resample(part, self._method)[1] for each in clear]
            filled[part.slices] = reduce(combine, counted)
        return filled & view.wanted

    def _look(
        self, scene: Scene, needed: Mask, only: Mask | None = None
    ) -> tuple[tuple[Choice | None, ...], View] | None:
        """Choose images and lay them under the wanted pixels; None where they have none."""
        window = bounding_window(needed)
        if window is None:
            return None
        resolution = ground_resolution(self._grid, window, scene.assets[0].grid.crs)
        if resolution is None:
            return None
        choices = choose_images(self._layer, scene, resolution)
        laid = self._lay([choice for choice in choices if choice is not None], window)
        wanted = needed if only is None else needed & only
        view = View(window, wanted[window.slices], laid).narrowed()
        return None if view is None else (choices, view)

    def _finish(
        self,
        choices: Sequence[Choice | None],
        view: View,
        decoded: Sequence[Decoded],
        part: PixelWindow,
    ) -> Finished:
        """Resample a part of ``view`` and make its bands."""
        images: dict[Choice | None, Resampled] = {}
        for each in decoded:
            values, shown = each.resample(part, self._method)
            for choice, pixels in zip(each.sheet.choices, values, strict=True):
                images[choice] = Resampled(choice.asset, pixels, shown)
        bands, valid = self._recipe.finish([images.get(choice) for choice in choices])
        window = replace(
            part, column=view.window.column + part.column, row=view.window.row + part.row
        )
        return Finished(window, bands, valid & view.wanted[part.slices])

    def _lay(self, choices: Sequence[Choice], window: PixelWindow) -> list[Sheet]:
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
                sheets += [Sheet((choice,), placement) for choice in same]
            else:
                sheets.append(Sheet(tuple(same), placement))
        return sheets

    def _decode_sheets(
        self, scene: Scene, sheets: list[Sheet], clouds: CloudMask | None
    ) -> Steps[list[Decoded]]:
        """Decode every image, and tell which of its samples may be shown."""
        samples = iter((yield [each for sheet in sheets for each in sheet.windows()]))
        decoded = []
        for sheet in sheets:
            images = [next(samples) for _ in sheet.choices]
            usable = yield from self._usable(scene, sheet, images, clouds)
            decoded.append(Decoded(sheet, images, usable))
        return decoded

    def _usable(
        self,
        scene: Scene,
        sheet: Sheet,
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
        self, scene: Scene, sheet: Sheet, usable: Mask, clouds: CloudMask | None
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


def _let_through(view: View, clouds: CloudMask) -> View | None:
    """Keep the wanted pixels that are clear; None where there are none."""
    clear = clouds.pixels_clear(view.sheets[0].placement)
    return replace(view, wanted=view.wanted & clear).narrowed()
