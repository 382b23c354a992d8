"""The stage search: which scenes each layer of a request is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from function.answer.stages import Catalogue
from function.deadline import Deadline
from function.errors import InvalidTimeError, LimitExceededError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite
from function.parse.query import PixelRequest
from function.scene import Scene
from function.search import CollectionExtent, Search, TimeRange
from function.settings import Settings
from function.telemetry import StageTrace

# Without a mask nothing shows below a scene that covers all, but where its outline promises more
# than there is, or its files cannot be read: for that there is a second one. Where neither can be
# read, what lies below is searched for by itself.
COVERINGS = 2
# The search lets no cell give more than twice its fair share of the limit. So that a composite
# misses none of a cell's scenes, as many cells as this may share what it asks for: a map 400 km
# wide has them.
COMPOSED_CELLS = 16


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: the scenes, best first; ``cut`` tells that the limit left some out.

    ``covering`` tells that what lies below scenes that cover all was left out.
    """

    scenes: tuple[Scene, ...]
    cut: bool
    covering: bool = False

    def above(self, below: "Found") -> "Found":
        """These scenes, and then those of ``below``."""
        return replace(below, scenes=(*self.scenes, *below.scenes))


class LayerSearch:
    """Searches ``catalogue`` for layers, within the limits of ``settings``."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self._catalogue = catalogue
        self._settings = settings

    def search(
        self,
        query: PixelRequest,
        extents: Mapping[str, CollectionExtent],
        deadline: Deadline,
        stage: StageTrace,
    ) -> dict[str, Found]:
        """Find the scenes of each archive layer; layers that ask the same share one search."""
        searched: dict[tuple[str, Search, bool], Found] = {}
        found: dict[str, Found] = {}
        masked = {
            (selection.recipe.collection, selection.search)
            for selection in query.layers
            if selection.cloud_mask
        }
        for selection in query.layers:
            layer = selection.recipe
            check_times(layer, selection.search, extents.get(layer.collection))
            composed = layer.composite is not Composite.FIRST
            key = (layer.collection, selection.search, composed)
            if key not in searched:
                search = selection.search
                if not composed and key[:2] not in masked:
                    search = replace(search, coverings=COVERINGS)
                limit = self._settings.max_scenes
                if composed:
                    limit = COMPOSED_CELLS // 2 * self._settings.max_composite_scenes
                scenes = self._catalogue.search(
                    layer.collection, query.grid, search, limit + 1, deadline
                )
                if composed:
                    self._check_composite(layer, query.grid, len(scenes))
                searched[key] = Found(
                    scenes[:limit],
                    cut=len(scenes) > limit,
                    covering=search.coverings is not None and search.scene is None,
                )
                stage.add("scenes", len(searched[key].scenes))
            found[selection.name] = searched[key]
        return found

    def search_below(
        self,
        query: PixelRequest,
        above: Mapping[str, Found],
        deadline: Deadline,
        stage: StageTrace,
    ) -> dict[str, Found]:
        """Find what the scenes of ``above`` cover, by layer: the same search, without these."""
        limit = self._settings.max_scenes
        searched: dict[tuple[str, Search], Found] = {}
        below: dict[str, Found] = {}
        for selection in query.layers:
            if selection.name not in above:
                continue
            collection, search = key = (selection.recipe.collection, selection.search)
            if key not in searched:
                scenes = self._catalogue.search(collection, query.grid, search, limit + 1, deadline)
                known = {scene.name for scene in above[selection.name].scenes}
                new = tuple(scene for scene in scenes[:limit] if scene.name not in known)
                searched[key] = Found(new, cut=len(scenes) > limit)
                stage.add("scenes", len(new))
            below[selection.name] = searched[key]
        return below

    def _check_composite(self, layer: ArchiveLayer, grid: Grid, scenes: int) -> None:
        """Raise LimitExceededError for a composite of more scenes, or pixels, than may be read."""
        most = self._settings.max_composite_scenes
        if scenes > most:
            raise LimitExceededError(
                f"COMPOSITE={layer.composite} of layer {layer.name} would take {scenes} scenes or"
                f" more, at most {most} allowed: ask for a shorter TIME or a smaller area"
            )
        pixels, most = scenes * grid.width * grid.height, self._settings.max_composite_pixels
        if pixels > most:
            raise LimitExceededError(
                f"COMPOSITE={layer.composite} of layer {layer.name} would read {scenes} scenes of"
                f" {grid.width} x {grid.height} pixels, {pixels} in all, at most {most} allowed"
            )


def check_times(layer: ArchiveLayer, search: Search, extent: CollectionExtent | None) -> None:
    """Raise InvalidTimeError where none of the times meets what the collection holds."""
    if extent is None or not search.times:
        return
    if not any(_meets(times, extent) for times in search.times):
        first, last = (
            moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            for moment in (extent.first_acquired, extent.last_acquired)
        )
        raise InvalidTimeError(f"TIME lies outside of layer {layer.name}, which has {first}/{last}")


def _meets(times: TimeRange, extent: CollectionExtent) -> bool:
    starts_in_time = times.start is None or times.start <= extent.last_acquired
    return starts_in_time and (times.end is None or times.end > extent.first_acquired)
