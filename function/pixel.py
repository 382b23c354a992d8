"""One pixel of a layer: what reading hands on to be told of."""

from dataclasses import dataclass, field

from function.raster import ReadCounts
from function.scene import Scene
from function.unread import Unread


@dataclass(frozen=True, slots=True)
class PixelReading:
    """A pixel's values by name, None where there is none; no values where no scene has the pixel.

    ``scenes`` gave it, best first; ``warnings`` tells what could not be read, ``unread`` of which
    scenes. It is ``late``, and tells of no scene, where time ran out before all was read.
    """

    values: tuple[tuple[str, float | int | None], ...]
    scenes: tuple[Scene, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: ReadCounts = field(default_factory=ReadCounts)
    unread: Unread = field(default_factory=Unread)
    late: bool = False

    @property
    def full(self) -> bool:
        """Whether a scene has the pixel."""
        return bool(self.scenes)
