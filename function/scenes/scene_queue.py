"""In which order scenes are read, and which of them at once."""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from function.grid import Grid
from function.scene import Scene
from function.scenes.coverage import Coverage

Mask = NDArray[np.bool_]

# Scenes read at once, at most: two for each of four CPUs keep all of them busy, and their samples
# are a bounded part of a process's memory. What is kept beyond a wave has bounds of its own, see
# ``decoding``.
WAVE = 8
# Scenes beyond a wave whose masks are fetched before it is known how many are needed, at most: for
# a map of 1024 pixels each takes some 50 KB and a request or two.
MOST_EXPECTED = 16
# A scene is expected where this share of some place is still empty: of a map of 512 pixels that is
# 260, a small cloud.
LEAST_EXPECTED = 0.001
# The share of a scene's pixels that a mask takes out, at least and at most whatever the product
# says: that is of a cell a hundred kilometres wide, a map may lie under its only cloud. Where it
# says nothing, the mean over the Earth (MODIS: King et al. 2013, IEEE TGRS 51(7)).
LEAST_CLOUDY, MOST_CLOUDY, USUALLY_CLOUDY = 0.1, 0.95, 0.67
# Pixels that stand for all when it is told what is expected.
PROBES = 4096


class SceneQueue:
    """Scenes best first, given out in waves that may be read at once.

    A scene joins a wave where most of what it may fill is out of reach of those before it: its
    reading is then never in vain. Dates of one place so come one after another, neighbouring
    places together.
    """

    def __init__(self, scenes: Sequence[Scene], grid: Grid) -> None:
        self._scenes = deque(scenes)
        self._coverage = Coverage(grid)

    def stacked(self, empty: Mask) -> bool:
        """Tell whether of any scene most is in reach of those before it, as dates of one place are.

        Else what is read of one depends little on the clouds of others.
        """
        claimed = np.zeros_like(empty)
        for scene in self._scenes:
            needed = self._coverage.possible_pixels(scene) & empty
            if _joins(needed, claimed):
                claimed |= needed
            else:
                return True
        return False

    def next_wave(self, empty: Mask) -> list[tuple[Scene, Mask]]:
        """Give the next scenes, and which of the ``empty`` pixels each may fill; none at the end.

        Scenes that may fill none are left out.
        """
        wave: list[tuple[Scene, Mask]] = []
        claimed = np.zeros_like(empty)
        while self._scenes and len(wave) < WAVE and empty.any():
            scene = self._scenes[0]
            needed = self._coverage.possible_pixels(scene) & empty
            if needed.any():
                if not _joins(needed, claimed):
                    break
                claimed |= needed
                wave.append((scene, needed))
            self._scenes.popleft()
        return wave

    def expected(self, empty: Mask, wave: Sequence[tuple[Scene, Mask]]) -> list[tuple[Scene, Mask]]:
        """Tell which scenes will probably be turned to after ``wave`` for clouds in it.

        With the pixels that each may fill, as in a wave: as if dates were cloudy independently of
        each other, and every place as often as the product's figure says.
        """
        pixels = np.flatnonzero(empty)
        probes = pixels[:: max(1, pixels.size // PROBES)]
        left = np.ones(probes.size, np.float32)
        for scene, needed in wave:
            left[needed.ravel()[probes]] *= _cloudiness(scene)
        found: list[tuple[Scene, Mask]] = []
        for scene in self._scenes:
            if len(found) == MOST_EXPECTED or left.max(initial=0.0) < LEAST_EXPECTED:
                break
            needed = self._coverage.possible_pixels(scene) & empty
            reached = needed.ravel()[probes]
            if left[reached].max(initial=0.0) >= LEAST_EXPECTED:
                found.append((scene, needed))
                left[reached] *= _cloudiness(scene)
        return found


def _joins(needed: Mask, claimed: Mask) -> bool:
    """Tell whether at least half of ``needed`` is not ``claimed``."""
    return bool(2 * np.count_nonzero(needed & claimed) <= np.count_nonzero(needed))


def _cloudiness(scene: Scene) -> float:
    if scene.cloud_cover is None:
        return USUALLY_CLOUDY
    return min(max(scene.cloud_cover / 100.0, LEAST_CLOUDY), MOST_CLOUDY)
