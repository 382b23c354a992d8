"""Reading one pixel of a map: its value, the bands behind it, and the scenes that gave it."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from function.deadline import Deadline
from function.errors import DeadlineExceededError, SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite, LayerKind
from function.pixel import PixelReading
from function.raster import ReadCounts
from function.scene import Scene
from function.scenes.composite import make_pile, rounded, side_at_once
from function.scenes.coverage import Coverage
from function.scenes.decoder import Decoder, PixelWindow
from function.scenes.decoding import Decoding
from function.scenes.reader import PART, counts_of
from function.scenes.recipe import Bands, Recipe
from function.scenes.scene_queue import WAVE
from function.scenes.scene_reading import LayerReading, SceneReading
from function.scenes.steps import run
from function.unread import Unread

ONE = PixelWindow(0, 0, 1, 1)
# Pixels to each side that are read too: of reduced samples it takes seven around to tell what was
# not measured from what undershoots (see ``masking``), and two more at the edge of what is at hand.
AROUND = 9


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """What one scene has at the pixel: ``bands`` (bands, 1, 1)."""

    scene: Scene
    bands: Bands


@dataclass(slots=True)
class _Looking:
    """A pixel being looked at: its place in the part of the map that is read at once.

    ``failures`` tell what went wrong, ``tried`` names the scenes that were turned to and ``read``
    those of them that have the pixel on their images, masked or not.
    """

    scenes: Sequence[Scene]
    grid: Grid
    column: int
    row: int
    cloud_mask: bool
    decoding: Decoding
    failures: list[tuple[str, SceneUnreadableError]] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)

    @property
    def unread(self) -> Unread:
        return Unread(tuple(self.failures), bool(self.read))


class PixelReader:
    """Reads pixels as ``SceneReader`` draws them; shared by the threads of a process."""

    def __init__(self, decoder: Decoder, workers: Executor) -> None:
        self._decoder = decoder
        self._workers = workers

    def read(
        self,
        layer: ArchiveLayer,
        grid: Grid,
        pixel: tuple[int, int],
        scenes: Sequence[Scene],
        cloud_mask: bool,
        deadline: Deadline,
    ) -> PixelReading:
        """Read the pixel at (column, row) of ``grid`` from ``scenes``, best first.

        Images, reduction and placement are chosen for the map as a whole, as they are to draw it,
        and only the samples around the pixel are decoded. The values are ``value`` of an index
        and ``class`` of classes, and each of the layer's bands as reflectance: of an index only
        where one scene gave it, of the median or mean of colours that of each band. Bands that
        the scene lacks are None.

        Raises as ``SceneReader.read`` does.
        """
        decoding = Decoding(self._decoder, self._workers, deadline)
        looking = _look(layer, grid, pixel, scenes, cloud_mask, decoding)
        chosen: list[_Given] = []
        values: list[tuple[str, float | int | None]] = []
        late = False
        try:
            chosen = _choose(layer, _collect(layer, looking))
            values = _values(layer, looking, chosen)
        except DeadlineExceededError:
            late, chosen = True, []
        skipped = 0 if late else len(scenes) - len(looking.tried)
        return PixelReading(
            tuple(values),
            tuple(each.scene for each in chosen),
            looking.unread.warnings,
            _counts(looking, skipped),
            looking.unread,
            late,
        )


def _look(
    layer: ArchiveLayer,
    grid: Grid,
    pixel: tuple[int, int],
    scenes: Sequence[Scene],
    cloud_mask: bool,
    decoding: Decoding,
) -> _Looking:
    """Find the part of the map that the pixel is read in, as ``SceneReader`` makes parts."""
    side = PART
    if layer.composite is not Composite.FIRST:
        side = min(side, side_at_once(layer.composite, Recipe(layer).bands, len(scenes)))
    (column, left), (row, top) = ((at % side, at - at % side) for at in pixel)
    part = Grid(
        grid.crs,
        grid.transform @ Affine.translation(left, top),
        min(side, grid.width - left),
        min(side, grid.height - top),
    )
    return _Looking(scenes, part, column, row, cloud_mask, decoding)


def _collect(layer: ArchiveLayer, looking: _Looking) -> list[_Given]:
    """Read the pixel of the best scene that has it; of a composite of all."""
    only = np.zeros(looking.grid.shape, np.bool_)
    top, left = max(0, looking.row - AROUND), max(0, looking.column - AROUND)
    only[top : looking.row + AROUND + 1, left : looking.column + AROUND + 1] = True
    reading = LayerReading(layer, Recipe(layer), looking.grid, looking.cloud_mask)
    coverage = Coverage(looking.grid)
    every = layer.composite is not Composite.FIRST
    given: list[_Given] = []
    waiting = list(looking.scenes)
    # Most often the best scene has the pixel; where it does not, many may follow.
    size = WAVE if every else 1
    while waiting and (every or not given):
        wave: list[Scene] = []
        needed: list[NDArray[np.bool_]] = []
        while waiting and len(wave) < size:
            scene = waiting.pop(0)
            possible = coverage.possible_pixels(scene)
            if possible[looking.row, looking.column]:
                wave.append(scene)
                needed.append(possible)
        size = WAVE
        work = [
            reading.read(scene, possible, only)
            for scene, possible in zip(wave, needed, strict=True)
        ]
        for scene, reached in zip(wave, run(work, looking.decoding), strict=True):
            looking.tried.add(scene.name)
            if isinstance(reached, SceneUnreadableError):
                looking.failures.append((scene.name, reached))
                continue
            if reached is not None:
                looking.read.add(scene.name)
            if (bands := _bands(reached, looking)) is not None:
                given.append(_Given(scene, bands))
    return given if every else given[:1]


def _bands(reached: SceneReading | None, looking: _Looking) -> Bands | None:
    """The bands of the one pixel that is looked at; None where it has no value."""
    for finish in reached or ():
        finished = finish()
        row, column = looking.row - finished.window.row, looking.column - finished.window.column
        within = 0 <= row < finished.window.height and 0 <= column < finished.window.width
        if within and finished.valid[row, column]:
            return finished.bands[:, row : row + 1, column : column + 1]
    return None


def _choose(layer: ArchiveLayer, given: list[_Given]) -> list[_Given]:
    """Keep the scene whose value it is; of the median and the mean all."""
    if layer.composite is Composite.MAX and given:
        return [max(given, key=lambda each: float(each.bands.sum(dtype=np.float64)))]
    return given


def _values(
    layer: ArchiveLayer, looking: _Looking, chosen: list[_Given]
) -> list[tuple[str, float | int | None]]:
    """What the ``chosen`` scenes have at the pixel, by name; nothing where there are none."""
    values: list[tuple[str, float | int | None]] = []
    if chosen and layer.kind is not LayerKind.COLOUR:
        name = "value" if layer.kind is LayerKind.INDEX else "class"
        values.append((name, _composed(layer, chosen)[0]))
    if chosen and layer.kind is not LayerKind.CLASSES:
        values += _read_bands(layer, looking, [each.scene for each in chosen])
    return values


def _composed(layer: ArchiveLayer, given: list[_Given]) -> list[float | int]:
    if len(given) == 1:
        values: NDArray[np.generic] = given[0].bands
    else:
        recipe = Recipe(layer)
        pile = make_pile(layer.composite, layer.kind, (recipe.bands, 1, 1), len(given))
        for each in given:
            pile.add(ONE, each.bands, np.ones((1, 1), np.bool_))
        values = rounded(pile.finish(), recipe.blank)
    numbers: list[float | int] = values.reshape(-1).tolist()
    return numbers


def _read_bands(
    layer: ArchiveLayer, looking: _Looking, scenes: Sequence[Scene]
) -> list[tuple[str, float | int | None]]:
    """Reflectance of each band, of the scenes that gave the pixel."""
    if len(scenes) > 1 and layer.kind is LayerKind.INDEX:
        return []
    values: list[tuple[str, float | int | None]] = []
    for band in dict.fromkeys(layer.bands):
        alone = replace(
            layer, kind=LayerKind.INDEX, bands=(band,), expression=band, visual=None, ramp=None
        )
        # Whether a scene's clouds were taken out here is settled.
        within = replace(
            looking, scenes=scenes, cloud_mask=False, failures=[], tried=set(), read=set()
        )
        given = _collect(alone, within)
        values.append((band, _composed(alone, given)[0] if given else None))
    return values


def _counts(looking: _Looking, skipped: int) -> ReadCounts:
    return counts_of(len(looking.tried), skipped, looking.decoding)
