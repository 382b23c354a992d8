"""Reading a layer: scenes from best to worst, until every pixel is filled."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np

from function.deadline import Deadline
from function.errors import DeadlineExceededError, SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite, LayerKind
from function.raster import Raster, ReadCounts
from function.scene import Scene
from function.scenes.composite import make_pile, rounded, side_at_once
from function.scenes.coverage import Coverage
from function.scenes.decoder import Decoder, PixelWindow
from function.scenes.decoding import Decoding
from function.scenes.foresight import fetch_ahead
from function.scenes.images import lacking_bands
from function.scenes.mosaic import Mosaic
from function.scenes.recipe import Recipe
from function.scenes.scene_queue import WAVE, SceneQueue
from function.scenes.scene_reading import Finished, LayerReading, SceneReading
from function.scenes.steps import run
from function.unread import Unread

# Pixels a side that are filled at a time: what lies between samples and finished bands takes 60
# bytes a pixel, so 250 MB for a part, and a map of 4096 x 4096 no more than one of 2048 x 2048.
PART = 2048


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
        upon: Raster | None = None,
    ) -> Raster:
        """Fill ``grid`` from ``scenes``, best first; a pixel keeps the first valid value.

        ``cloud_mask`` takes out the layer's masked classes; those pixels, and those without
        measurement, fall through to the next scene. Reading stops when the grid is full. Only the
        part of a scene that may still add pixels is read. Of a composite all scenes are read, and a
        pixel is made of every value that it has. A scene that cannot be read becomes a warning and
        falls through as a whole; of values, one that lacks bands has no data there, which is a
        warning too. ``upon`` is what other scenes came to: their pixels stay, and the
        others are filled in the same arrays. When time runs out it gives what there is by then.

        Raises InvalidParameterError for an expression that does not fit the layer's bands.
        """
        recipe = Recipe(layer)
        if upon is None:
            mosaic = Mosaic.blank(grid, recipe.bands, recipe.blank)
        else:
            mosaic = Mosaic(grid, upon.bands, upon.valid)
        decoding = Decoding(self._decoder, self._workers, deadline)
        diary = _Diary()
        composed = layer.composite is not Composite.FIRST
        side = side_at_once(layer.composite, recipe.bands, len(scenes)) if composed else PART
        for part in mosaic.parts(min(PART, side)):
            reading = LayerReading(layer, recipe, part.grid, cloud_mask)
            try:
                if composed:
                    _compose(part, layer, scenes, reading, decoding, diary)
                else:
                    _fill(part, scenes, reading, decoding, diary)
            except DeadlineExceededError:
                diary.late = True
                break
            finally:
                decoding.forget()
        given = tuple(scene.name for scene in scenes if scene.name in diary.given)
        skipped = 0 if diary.late else len(scenes) - len(diary.tried)
        counts = counts_of(len(diary.tried), skipped, decoding)
        unread = diary.unread
        warnings = (*unread.warnings, *_lacking(layer, scenes, given))
        return Raster(grid, mosaic.bands, mosaic.valid, given, warnings, counts, unread, diary.late)


def _lacking(layer: ArchiveLayer, scenes: Sequence[Scene], given: Sequence[str]) -> Iterator[str]:
    """Tell which bands of values the scenes lack that have given pixels of others."""
    if layer.kind is LayerKind.VALUES:
        for scene in scenes:
            if scene.name in given and (bands := lacking_bands(layer, scene)):
                yield f"{scene.name}: the scene has no {', '.join(bands)}, which is no data there"


def counts_of(tried: int, skipped: int, decoding: Decoding) -> ReadCounts:
    """Count what ``decoding`` took, of scenes that were ``tried`` or ``skipped``."""
    figures = decoding.counts.snapshot()
    return ReadCounts(
        tried,
        skipped,
        decoding.windows,
        decoding.samples,
        figures["tiles_decoded"],
        figures["tiles_kept"],
        figures["fetches"],
        figures["bytes_fetched"],
        figures["retries"],
        figures["indexes_built"],
        figures["windows_unfit"],
    )


@dataclass(slots=True)
class _Diary:
    """Which scenes were turned to, read, and gave pixels; what failed, by scene and by text.

    ``late`` tells that time ran out.
    """

    tried: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    failures: dict[tuple[str, str], SceneUnreadableError] = field(default_factory=dict)
    late: bool = False

    def note(
        self, scene: Scene, part: SceneReading | SceneUnreadableError | None
    ) -> SceneReading | None:
        """Note what reading ``scene`` came to; give it where it is of pixels."""
        if part is not None:
            self.tried.add(scene.name)
        if isinstance(part, SceneUnreadableError):
            self.failures[scene.name, str(part)] = part
            return None
        if part is not None:
            self.read.add(scene.name)
        return part

    @property
    def unread(self) -> Unread:
        failures = ((name, error) for (name, _), error in self.failures.items())
        return Unread(tuple(failures), bool(self.read))


def _fill(
    mosaic: Mosaic,
    scenes: Sequence[Scene],
    reading: LayerReading,
    decoding: Decoding,
    diary: _Diary,
) -> None:
    foresight = fetch_ahead(scenes, mosaic, reading, decoding)
    failed = foresight.failed
    queue = SceneQueue(scenes, mosaic.grid)
    while wave := queue.next_wave(mosaic.empty):
        work = [
            reading.read(scene, needed, foreseen=scene.name in foresight.seen)
            for scene, needed in wave
            if scene.name not in failed
        ]
        parts = iter(run(work, decoding))
        for scene, _ in wave:
            reached = diary.note(scene, failed[scene.name] if scene.name in failed else next(parts))
            if reached is not None and _give(mosaic, reached, decoding):
                diary.given.add(scene.name)


def _give(mosaic: Mosaic, reached: SceneReading, decoding: Decoding) -> int:
    """Fill what is still empty with what a scene gave; tell how many pixels that was."""

    def fill(finish: Callable[[], Finished]) -> int:
        part = finish()
        return mosaic.fill(part.window, part.bands, part.valid)

    return sum(decoding.compute([partial(fill, finish) for finish in reached]))


def _compose(
    mosaic: Mosaic,
    layer: ArchiveLayer,
    scenes: Sequence[Scene],
    reading: LayerReading,
    decoding: Decoding,
    diary: _Diary,
) -> None:
    """Fill ``mosaic`` with what all scenes come to."""
    coverage = Coverage(mosaic.grid)
    recipe = Recipe(layer)
    height, width = mosaic.grid.shape
    pile = make_pile(layer.composite, layer.kind, mosaic.bands.shape, len(scenes))
    for start in range(0, len(scenes), WAVE):
        wave = [(scene, coverage.possible_pixels(scene)) for scene in scenes[start : start + WAVE]]
        wave = [(scene, pixels) for scene, pixels in wave if pixels.any()]
        work = [reading.read(scene, pixels) for scene, pixels in wave]
        for (scene, _), part in zip(wave, run(work, decoding), strict=True):
            reached = diary.note(scene, part)
            alone = Mosaic.blank(mosaic.grid, recipe.bands, recipe.blank)
            if reached is not None and _give(alone, reached, decoding):
                pile.add(PixelWindow(0, 0, width, height), alone.bands, alone.valid)
                diary.given.add(scene.name)
    values = pile.finish()
    mosaic.valid[:] = ~np.isnan(values).all(axis=0)
    mosaic.bands[:] = rounded(values, recipe.blank)
