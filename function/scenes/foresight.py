"""What a map without clouds will need of remote scenes: told by masks, fetched in few rounds.

Which bands the next scene is needed for depends on the clouds of the one before. Read one by one,
each scene takes a round trip or two. The masks alone tell nearly all of it, and are small: those
of several scenes are fetched at once, gone through as reading will go through them, and then the
bands of all scenes that turn out to add pixels are fetched at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from function.errors import SceneUnreadableError
from function.scene import Scene
from function.scenes.access.address import is_remote
from function.scenes.decoder import Wanted
from function.scenes.decoding import Decoding
from function.scenes.mosaic import Mask, Mosaic
from function.scenes.scene_queue import SceneQueue
from function.scenes.scene_reading import LayerReading
from function.scenes.steps import run

Wave = Sequence[tuple[Scene, Mask]]


@dataclass(frozen=True, slots=True)
class Foresight:
    """Scenes by name: all that were ``seen``, and the errors of those that ``failed``."""

    seen: set[str] = field(default_factory=set)
    failed: dict[str, SceneUnreadableError] = field(default_factory=dict)


def fetch_ahead(
    scenes: Sequence[Scene], mosaic: Mosaic, reading: LayerReading, decoding: Decoding
) -> Foresight:
    """Fetch what filling ``mosaic`` from ``scenes`` will need, where clouds decide about that.

    Masks are decoded only of scenes that are turned to, and kept until these are read; no band is
    decoded. It ends where no more may be kept or fetched ahead: what is beyond is read unforeseen.
    """
    far = any(is_remote(asset.href) for scene in scenes for asset in scene.assets)
    if not reading.masked or not far:
        return Foresight()
    queue = SceneQueue(scenes, mosaic.grid)
    if not queue.stacked(mosaic.empty):
        return Foresight()
    return _Walk(queue, mosaic.empty, reading, decoding).go()


class _Walk:
    """Scenes gone through best first; ``left`` are the pixels that none has filled yet."""

    def __init__(
        self, queue: SceneQueue, left: Mask, reading: LayerReading, decoding: Decoding
    ) -> None:
        self._queue = queue
        self._left = left
        self._reading = reading
        self._decoding = decoding
        self._foresight = Foresight()
        # Of scenes that were begun, by name.
        self._masks: dict[str, list[Wanted]] = {}
        self._bands: list[Wanted] = []

    def go(self) -> Foresight:
        while (wave := self._queue.next_wave(self._left)) and self._fetch(wave):
            self._look(wave)
        self._decoding.fetch(self._bands)
        return self._foresight

    def _fetch(self, wave: Wave) -> bool:
        """Fetch what was found so far and what ``wave`` needs; False where that is too much."""
        begun = all(scene.name in self._masks for scene, _ in wave)
        perhaps = [] if begun else self._begin(wave)
        masks = (mask for scene, _ in wave for mask in self._masks[scene.name])
        if not self._decoding.kept.has_room(masks):
            return False
        if begun:
            return True
        bands, self._bands = self._bands, []
        return self._decoding.fetch([*bands, *perhaps])

    def _begin(self, wave: Wave) -> list[Wanted]:
        """Tell what is fetched before a mask is seen.

        Masks of all scenes that will probably be needed, and bands of those that come first.
        """
        wanted: list[Wanted] = []
        for scenes, first in ((wave, True), (self._queue.expected(self._left, wave), False)):
            for scene, needed in scenes:
                if scene.name not in self._masks:
                    masks, bands = self._reading.ahead(scene, needed)
                    self._masks[scene.name] = masks
                    wanted += [*masks, *bands] if first else masks
        return wanted

    def _look(self, wave: Wave) -> None:
        """Find what the masks of ``wave`` let through, and keep them."""
        work = [self._reading.foresee(scene, needed) for scene, needed in wave]
        for (scene, _), found in zip(wave, run(work, self._decoding), strict=True):
            self._foresight.seen.add(scene.name)
            if isinstance(found, SceneUnreadableError):
                self._foresight.failed[scene.name] = found
            elif found is not None:
                self._left[found.window.slices] &= ~found.filled
                self._bands += found.bands
                for image in found.masks:
                    self._decoding.kept.keep(image.part.wanted(), image.codes)
