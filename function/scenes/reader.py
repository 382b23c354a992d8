"""Reading a layer: scenes from best to worst, until every pixel is filled."""

from collections.abc import Sequence
from concurrent.futures import Executor

import cv2

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer
from function.raster import Raster, ReadCounts
from function.scene import Scene
from function.scenes.decoder import Decoder
from function.scenes.decoding import Decoding, run
from function.scenes.mosaic import Mosaic
from function.scenes.recipe import Recipe
from function.scenes.scene_queue import SceneQueue
from function.scenes.scene_reading import LayerReading


class SceneReader:
    """Makes mosaics of scenes; shared by the threads of a process.

    Windows are decoded by ``decoder`` in ``workers``, which the reader neither starts nor stops;
    the work it submits never waits for other work.
    """

    def __init__(self, decoder: Decoder, workers: Executor) -> None:
        self._decoder = decoder
        self._workers = workers
        # Requests run in parallel already: a remap of a map takes less than waking more threads.
        cv2.setNumThreads(1)

    def read(
        self,
        layer: ArchiveLayer,
        grid: Grid,
        scenes: Sequence[Scene],
        cloud_mask: bool,
        deadline: Deadline,
    ) -> Raster:
        """Fill ``grid`` from ``scenes``, best first; a pixel keeps the first valid value.

        ``cloud_mask`` takes out the layer's masked classes; those pixels, and those without
        measurement, fall through to the next scene. Reading stops when the grid is full. Only the
        part of a scene that may still add pixels is read. A scene that cannot be read becomes a
        warning and falls through as a whole.

        Raises SceneUnreadableError when not one scene could be read although some had to be,
        DeadlineExceededError when time runs out, InvalidParameterError for an expression that
        does not fit the layer's bands.
        """
        recipe = Recipe(layer)
        mosaic = Mosaic(grid, recipe.bands, recipe.floating)
        decoding = Decoding(self._decoder, self._workers, deadline)
        reading = LayerReading(layer, recipe, grid, cloud_mask)
        queue = SceneQueue(scenes, grid)
        given: list[str] = []
        warnings: list[str] = []
        while wave := queue.next_wave(mosaic.empty):
            work = [reading.read(scene, needed) for scene, needed in wave]
            for (scene, _), part in zip(wave, run(work, decoding), strict=True):
                if isinstance(part, SceneUnreadableError):
                    warnings.append(f"{scene.name}: {part}")
                elif part is not None and mosaic.fill(part.window, part.bands, part.valid):
                    given.append(scene.name)
        if warnings and decoding.windows == 0:
            raise SceneUnreadableError(f"layer {layer.name} cannot be read: {warnings[0]}")
        counts = ReadCounts(queue.given, queue.skipped, decoding.windows, decoding.samples)
        return Raster(grid, mosaic.bands, mosaic.valid, tuple(given), tuple(warnings), counts)
