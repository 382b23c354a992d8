"""What a map without clouds will need of remote scenes: told by masks, fetched in few rounds.

Which bands the next scene is needed for depends on the clouds of the one before. Read one by one,
each scene takes a round trip or two. The masks alone tell nearly all of it, and are small: those
of several scenes are fetched at once, gone through as reading will go through them, and then the
bands of all scenes that turn out to add pixels are fetched at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from function.errors import SceneUnreadableError
from function.scene import Scene
from function.scenes.access.address import is_remote
from function.scenes.decoder import Wanted
from function.scenes.decoding import Decoding, run
from function.scenes.mosaic import Mask, Mosaic
from function.scenes.scene_queue import SceneQueue
from function.scenes.scene_reading import LayerReading


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
    decoded.
    """
    foresight = Foresight()
    if not reading.masked or not any(_is_far(scene) for scene in scenes):
        return foresight
    queue = SceneQueue(scenes, mosaic.grid)
    left = mosaic.empty
    begun: set[str] = set()
    soon: list[Wanted] = []
    while wave := queue.next_wave(left):
        if queue.ended and not begun:
            # Nothing depends on these clouds.
            return foresight
        if any(scene.name not in begun for scene, _ in wave):
            decoding.fetch([*soon, *_perhaps(wave, queue.expected(left, wave), begun, reading)])
            soon = []
        work = [reading.foresee(scene, needed) for scene, needed in wave]
        for (scene, _), found in zip(wave, run(work, decoding), strict=True):
            foresight.seen.add(scene.name)
            if isinstance(found, SceneUnreadableError):
                foresight.failed[scene.name] = found
            elif found is not None:
                left[found.window.slices] &= ~found.filled
                soon += found.bands
                for image in found.masks:
                    decoding.keep(image.part.wanted(), image.codes)
    decoding.fetch(soon)
    return foresight


def _is_far(scene: Scene) -> bool:
    return any(is_remote(asset.href) for asset in scene.assets)


def _perhaps(
    wave: Iterable[tuple[Scene, Mask]],
    expected: Iterable[tuple[Scene, Mask]],
    begun: set[str],
    reading: LayerReading,
) -> list[Wanted]:
    """What is fetched before a mask is seen: masks, and bands of the scenes that come first."""
    wanted: list[Wanted] = []
    for scenes, bands in ((wave, True), (expected, False)):
        for scene, needed in scenes:
            if scene.name not in begun:
                begun.add(scene.name)
                wanted += reading.ahead(scene, needed, bands=bands)
    return wanted
