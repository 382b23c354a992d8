"""The one interface behind which image files are decoded."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from function.deadline import Deadline
from function.scene import Asset
from function.scenes.allowance import Allowance
from function.scenes.jpeg2000.counts import DecodingCounts

Samples = NDArray[np.number[Any]]


@dataclass(frozen=True, slots=True)
class PixelWindow:
    """A rectangle of samples: its first column and row, and how many of each.

    Of an image at reduction n it counts samples of the reduced image, whose size is that of the
    image divided by 2**n, rounded up.
    """

    column: int
    row: int
    width: int
    height: int

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    def holds(self, other: "PixelWindow") -> bool:
        """Tell whether all of ``other`` lies within."""
        return (
            self.column <= other.column
            and self.row <= other.row
            and other.column + other.width <= self.column + self.width
            and other.row + other.height <= self.row + self.height
        )

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, columns) that cut this window out of an array."""
        return (
            slice(self.row, self.row + self.height),
            slice(self.column, self.column + self.width),
        )


def reduced_size(grid_size: int, reduction: int) -> int:
    """Count the samples that ``grid_size`` of them leave at ``reduction``.

    ISO/IEC 15444-1 equation B-15, for an image whose origin is 0.
    """
    return -(-grid_size >> reduction)


class Need(Enum):
    """When a window is decoded: NOW; SOON, so that it is fetched; PERHAPS.

    In the last case it is fetched where that costs little.
    """

    NOW = "now"
    SOON = "soon"
    PERHAPS = "perhaps"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A window of an image file, to be decoded at a reduction, and when."""

    asset: Asset
    window: PixelWindow
    reduction: int
    need: Need = Need.NOW


# The computation that is left to do for a window once its bytes are there.
Decode = Callable[[], Samples]


class Decoder(Protocol):
    """Decodes windows of image files; called by many threads at once.

    What it takes is added to ``counts``, where the caller gives some.
    """

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> "list[Future[Decode]]":
        """Fetch what all windows need from far away, at once and without blocking for it.

        What is needed later is fetched as far as ``ahead`` allows, where that is given.

        Each future is done when its window can be decoded; it fails with SceneUnreadableError, as
        does what it gives. Cancelling it gives up its fetching.
        """
        ...

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        """Decode ``window`` of the image at ``reduction`` (0 is full resolution).

        A remote file is waited for with the archive's own patience: what belongs to a request is
        prepared.

        The answer has the shape (components, height, width) and the file's own samples, neither
        scaled nor offset. Raises SceneUnreadableError for a file that cannot be fetched or
        decoded.
        """
        ...
