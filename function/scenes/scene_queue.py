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
# are a bounded part of a process's memory.
WAVE = 8


class SceneQueue:
    """Scenes best first, given out in waves that may be read at once.

    A scene joins a wave where most of what it may fill is out of reach of those before it: its
    reading is then never in vain. Dates of one place so come one after another, neighbouring
    places together.
    """

    def __init__(self, scenes: Sequence[Scene], grid: Grid) -> None:
        self._scenes = deque(scenes)
        self._coverage = Coverage(grid)

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
                alone = np.count_nonzero(needed & ~claimed)
                if 2 * alone < np.count_nonzero(needed):
                    break
                claimed |= needed
                wave.append((scene, needed))
            self._scenes.popleft()
        return wave
