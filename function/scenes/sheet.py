"""The images of a scene under a map: which samples they need, and what becomes of these."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from function.layer import Resampling
from function.scenes.bounding import bounding_window
from function.scenes.choice import Choice
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.lattice import Lattice
from function.scenes.placement import Placement
from function.scenes.resampling import resample

Mask = NDArray[np.bool_]

# Pixels that are resampled at a time, by whichever thread is free: what lies between samples and
# finished bands, some 40 bytes a pixel, then stays in memory that the process already has, for a
# page that the system has to give takes longer than to fill it. Fewer cost more for each part than
# they save.
PART_PIXELS = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
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

    def windows(self, need: Need = Need.NOW) -> list[Wanted]:
        """The samples to decode of each image."""
        return [
            Wanted(choice.asset, self.placement.samples, choice.reduction, need)
            for choice in self.choices
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """The images of a sheet, decoded, and which of their samples may be shown."""

    sheet: Sheet
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
class View:
    """A window of the grid, which of its pixels are ``wanted``, and the sheets under it."""

    window: PixelWindow
    wanted: Mask
    sheets: list[Sheet]

    @property
    def extent(self) -> tuple[float, list[tuple[Lattice, PixelWindow]]]:
        """The finest distance between samples of the sheets, and all the samples to decode."""
        finest = min(sheet.choices[0].spacing for sheet in self.sheets)
        return finest, [sheet.samples for sheet in self.sheets]

    def windows(self, need: Need = Need.NOW) -> list[Wanted]:
        """The samples to decode of each image of every sheet."""
        return [each for sheet in self.sheets for each in sheet.windows(need)]

    def narrowed(self) -> "View | None":
        """Cut down to the wanted pixels that lie on every sheet; None where there are none."""
        wanted = self.wanted
        for sheet in self.sheets:
            wanted = wanted & sheet.placement.inside
        part = bounding_window(wanted)
        if part is None:
            return None
        column, row = self.window.column + part.column, self.window.row + part.row
        return View(
            PixelWindow(column, row, part.width, part.height),
            wanted[part.slices],
            [Sheet(sheet.choices, sheet.placement.crop(part)) for sheet in self.sheets],
        )

    def parts(self) -> Iterator[PixelWindow]:
        """Give parts of the window of about PART_PIXELS in which a pixel is wanted."""
        height, width = self.wanted.shape
        lines = -(-PART_PIXELS // width)
        for row in range(0, height, lines):
            part = PixelWindow(0, row, width, min(lines, height - row))
            if self.wanted[part.slices].any():
                yield part
