"""Pixels of one layer on the request's grid: what reading hands to rendering."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.unread import Unread

# Values of a reflectance: its ten-thousandths, and what no reflectance can be.
SCALE = 10_000
NO_VALUE = -32_768


@dataclass(frozen=True, slots=True)
class ReadCounts:
    """What reading a layer took.

    ``scenes`` were read, or tried; of the ``skipped`` nothing was decoded, as they could add no
    pixel. ``windows`` of image files were decoded, which held ``samples``. Of JPEG 2000 tiles
    ``tiles_decoded`` had to be and ``tiles_kept`` were at hand; ``fetches`` brought
    ``bytes_fetched`` of files, after ``retries`` of those that failed. ``indexes_built`` counts
    files whose codestream index had to be made first, ``windows_unfit`` the windows that were not
    read packet by packet.
    """

    scenes: int = 0
    skipped: int = 0
    windows: int = 0
    samples: int = 0
    tiles_decoded: int = 0
    tiles_kept: int = 0
    fetches: int = 0
    bytes_fetched: int = 0
    retries: int = 0
    indexes_built: int = 0
    windows_unfit: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A layer's finished mosaic.

    ``bands`` has the shape (bands, height, width), C-contiguous: uint8 for colours and classes,
    float32 for an index, int16 for values, which are reflectances times 10 000. ``valid`` (height,
    width) tells which pixels a scene filled. ``scenes`` names the scenes that gave pixels, best
    first; ``warnings`` tells what could not be read, ``unread`` of which scenes. Pixels that are
    not valid are 0, of an index NaN, of values NO_VALUE; so are those of a single band that has no
    measurement where others do. It is ``late`` where time ran out before all was read.
    """

    grid: Grid
    bands: NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.int16]
    valid: NDArray[np.bool_]
    scenes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: ReadCounts = field(default_factory=ReadCounts)
    unread: Unread = field(default_factory=Unread)
    late: bool = False

    @property
    def full(self) -> bool:
        """Whether every pixel is filled."""
        return bool(self.valid.all())
