"""The request path: parse → search → read → render, each a stage of the trace."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

from function.deadline import Deadline
from function.errors import InvalidTimeError, LimitExceededError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite, Publication
from function.parse.coverage.query import CoverageRequest
from function.parse.description import GET_LEGEND_GRAPHIC
from function.parse.parameters import decode_form
from function.parse.query import OwsQuery, PixelRequest
from function.parse.request import read_opening, read_query
from function.raster import Raster
from function.scene import Scene
from function.search import CatalogueState, CollectionExtent, Search, TimeRange
from function.settings import Settings
from function.stored_body import StoredBody
from function.telemetry import RequestTrace, StageTrace

# Without a mask nothing shows below a scene that covers all, but where its outline promises more
# than there is, or its files cannot be read: for that there is a second one.
COVERINGS = 2
# The search lets no cell give more than twice its fair share of the limit. So that a composite
# misses none of a cell's scenes, as many cells as this may share what it asks for: a map 400 km
# wide has them.
COMPOSED_CELLS = 16


class Catalogue(Protocol):
    """Finds scenes; see function.catalogue."""

    def search(
        self, collection: str, grid: Grid, search: Search, limit: int, deadline: Deadline
    ) -> tuple[Scene, ...]: ...

    def state(self) -> CatalogueState: ...


class Reader(Protocol):
    """Makes a layer's mosaic; see function.scenes."""

    def read(
        self,
        layer: ArchiveLayer,
        grid: Grid,
        scenes: Sequence[Scene],
        cloud_mask: bool,
        deadline: Deadline,
    ) -> Raster: ...


class Rendering(Protocol):
    """MapServer's answer."""

    @property
    def content_type(self) -> str: ...

    @property
    def body(self) -> bytes: ...


class Renderer(Protocol):
    """Speaks OGC; see function.mapserver."""

    @property
    def publication(self) -> Publication: ...

    def answer(
        self,
        parameters: Sequence[tuple[str, str]],
        rasters: Mapping[str, Raster],
        extents: Mapping[str, CollectionExtent],
        online_resource: str,
        changed_layers: Mapping[str, ArchiveLayer],
    ) -> Rendering: ...


class CoverageWriter(Protocol):
    """Makes the answer of a GetCoverage; see function.scenes.coverage_answer."""

    def __call__(
        self, query: CoverageRequest, raster: Raster, scenes: Sequence[Scene]
    ) -> StoredBody: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived: its form-encoded texts (query string, POST body), and where."""

    texts: tuple[str, ...]
    online_resource: str
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; ``scenes`` gave the pixels, ``warnings`` tell what is missing.

    A coverage comes from a file, which whoever sends it closes.
    """

    content_type: str
    body: bytes | StoredBody
    scenes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: the scenes, best first; ``cut`` tells that the limit left some out."""

    scenes: tuple[Scene, ...]
    cut: bool


class RequestPath:
    """Answers requests with what it is given; shared by the threads of a process."""

    def __init__(
        self,
        catalogue: Catalogue,
        reader: Reader,
        renderer: Renderer,
        write_coverage: CoverageWriter,
        settings: Settings,
    ) -> None:
        self._catalogue = catalogue
        self._reader = reader
        self._renderer = renderer
        self._write_coverage = write_coverage
        self._settings = settings

    @property
    def publication(self) -> Publication:
        return self._renderer.publication

    def answer(self, asked: Asked, trace: RequestTrace) -> Answer:
        """Answer one request; raises the OwsError that names what went wrong."""
        query = self._parse(asked, trace)
        asked.deadline.check("search")
        extents: Mapping[str, CollectionExtent] = {}
        found: dict[str, Found] = {}
        # A legend is of the mapfile alone, and is drawn while the catalogue is away.
        if query.operation != GET_LEGEND_GRAPHIC:
            with trace.stage("search") as stage:
                extents = self._catalogue.state().extents
                if isinstance(query, PixelRequest):
                    found = self._search(query, extents, asked.deadline, stage)
        rasters: dict[str, Raster] = {}
        if isinstance(query, PixelRequest) and query.layers:
            with trace.stage("read") as stage:
                rasters = self._read(query, found, asked.deadline, stage)
        asked.deadline.check("render")
        with trace.stage("render") as stage:
            content_type, body = self._render(query, found, rasters, extents, asked)
            stage.record("bytes", len(body))
            stage.record("remaining_ms", round(asked.deadline.remaining() * 1000))
        return Answer(
            content_type,
            body,
            _each_once(raster.scenes for raster in rasters.values()),
            _each_once(raster.warnings for raster in rasters.values()),
        )

    def _parse(self, asked: Asked, trace: RequestTrace) -> OwsQuery:
        with trace.stage("parse") as stage:
            opening = read_opening(decode_form(*asked.texts))
            trace.identify(opening.service, opening.operation)
            query = read_query(opening, self.publication, self._settings)
            if isinstance(query, PixelRequest):
                trace.identify(query.service, query.operation, len(query.layers))
                stage.record("pixels", query.grid.width * query.grid.height)
            return query

    def _search(
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
                searched[key] = Found(scenes[:limit], cut=len(scenes) > limit)
                stage.add("scenes", len(searched[key].scenes))
            found[selection.name] = searched[key]
        return found

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

    def _read(
        self,
        query: PixelRequest,
        found: Mapping[str, Found],
        deadline: Deadline,
        stage: StageTrace,
    ) -> dict[str, Raster]:
        """Read each archive layer."""
        rasters: dict[str, Raster] = {}
        for selection in query.layers:
            deadline.check("read")
            layer = selection.recipe
            scenes = found[selection.name]
            raster = self._reader.read(
                layer, query.grid, scenes.scenes, selection.cloud_mask, deadline
            )
            if scenes.cut and not raster.valid.all():
                raster = replace(raster, warnings=(*raster.warnings, self._cut_warning(layer)))
            stage.add("scenes", len(raster.scenes))
            stage.add("scenes_read", raster.counts.scenes)
            stage.add("scenes_skipped", raster.counts.skipped)
            stage.add("windows", raster.counts.windows)
            stage.add("samples", raster.counts.samples)
            stage.add("tiles_decoded", raster.counts.tiles_decoded)
            stage.add("tiles_kept", raster.counts.tiles_kept)
            stage.add("fetches", raster.counts.fetches)
            stage.add("bytes_fetched", raster.counts.bytes_fetched)
            stage.add("indexes_built", raster.counts.indexes_built)
            stage.add("windows_unfit", raster.counts.windows_unfit)
            for warning in raster.warnings:
                stage.warn(warning)
            rasters[selection.name] = raster
        return rasters

    def _render(
        self,
        query: OwsQuery,
        found: Mapping[str, Found],
        rasters: Mapping[str, Raster],
        extents: Mapping[str, CollectionExtent],
        asked: Asked,
    ) -> tuple[str, bytes | StoredBody]:
        """The answer's media type and body."""
        if isinstance(query, CoverageRequest):
            (name,) = rasters
            stored = self._write_coverage(query, rasters[name], found[name].scenes)
            return stored.content_type, stored
        rendering = self._renderer.answer(
            query.parameters, rasters, extents, asked.online_resource, query.changed_layers
        )
        return rendering.content_type, rendering.body

    def _cut_warning(self, layer: ArchiveLayer) -> str:
        return (
            f"layer {layer.name} is made of the best {self._settings.max_scenes} scenes,"
            " there are more: ask for a smaller area or a shorter time"
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


def _each_once(texts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(texts)))
