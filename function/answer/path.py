"""The request path: parse → search → read → render, each a stage of the trace."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeAlias, TypeVar

from function.answer.exchange import Answer, Asked
from function.answer.identifying import Identified, identify, needs_catalogue
from function.answer.reading import LayerReading, Read, drawn, wants_below, without_below
from function.answer.searching import Found, LayerSearch
from function.answer.stages import Catalogue, CoverageWriter, PixelReader, Reader, Renderer
from function.answer.telling import tell
from function.deadline import Deadline
from function.errors import CatalogueUnavailableError, DeadlineExceededError
from function.layer import Publication
from function.parse.coverage.query import CoverageRequest
from function.parse.failure_picture import read_failure_picture
from function.parse.feature_info import FeatureInfoRequest
from function.parse.parameters import decode_form
from function.parse.query import OwsQuery, PixelRequest
from function.parse.request import read_opening, read_query
from function.pixel import PixelReading
from function.raster import Raster
from function.search import CatalogueState, CollectionExtent
from function.settings import Settings
from function.single_flight import SingleFlight
from function.stored_body import StoredBody
from function.telemetry import RequestTrace, StageTrace
from function.turns import Turns

# The request's own time may be up; a report in XML takes none.
FAILURE_SECONDS = 1.0

Query = TypeVar("Query", bound=PixelRequest)
Reading: TypeAlias = Callable[
    [Query, Mapping[str, Found], Mapping[str, Read], Deadline, StageTrace], dict[str, Read]
]


class RequestPath:
    """Answers requests with what it is given; shared by the threads of a process.

    ``turns`` are those of whatever else works in the process, too.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        reader: Reader,
        renderer: Renderer,
        write_coverage: CoverageWriter,
        pixels: PixelReader,
        settings: Settings,
        turns: Turns,
    ) -> None:
        self._catalogue = catalogue
        self._search = LayerSearch(catalogue, settings)
        self._reading = LayerReading(reader, pixels, settings)
        self._renderer = renderer
        self._write_coverage = write_coverage
        self._settings = settings
        self._flights = SingleFlight[Answer]()
        self.turns = turns

    @property
    def publication(self) -> Publication:
        return self._renderer.publication

    def answer(self, asked: Asked, trace: RequestTrace) -> Answer:
        """Answer one request; raises the OwsError that names what went wrong.

        One that the client has already, or that is being made for another, is not made.
        """
        asked.deadline.check("parse")
        query = self._parse(asked, trace)
        state = self._state(trace) if needs_catalogue(query) else None
        identified = identify(query, asked.online_resource, state, self.publication, self._settings)
        if identified.validity.tag in asked.held:
            trace.originate("held")
            return Answer("", b"", validity=identified.validity, held=True)
        # A coverage is sent from a file, and a file can be at one place only.
        if isinstance(query, CoverageRequest):
            return self._make(query, state, identified, asked, trace)
        answer, own = self._flights.share(
            identified.key,
            lambda: self._make(query, state, identified, asked, trace),
            asked.deadline,
        )
        if not own:
            trace.originate("shared")
        return answer

    def _state(self, trace: RequestTrace) -> CatalogueState:
        """Tell what the catalogue holds; mostly from memory, so that it waits for no turn."""
        with trace.stage("search"):
            return self._catalogue.state()

    def _make(
        self,
        query: OwsQuery,
        state: CatalogueState | None,
        identified: Identified,
        asked: Asked,
        trace: RequestTrace,
    ) -> Answer:
        with self.turns.take(asked.deadline):
            answer = self._work(query, state.extents if state else {}, asked, trace)
        # What is missing may be there a moment later.
        return answer if answer.warnings else replace(answer, validity=identified.validity)

    def _work(
        self,
        query: OwsQuery,
        extents: Mapping[str, CollectionExtent],
        asked: Asked,
        trace: RequestTrace,
    ) -> Answer:
        found: dict[str, Found] = {}
        rasters: dict[str, Raster] = {}
        if isinstance(query, PixelRequest):
            asked.deadline.check("search")
            with trace.stage("search") as stage:
                found = self._search.search(query, extents, asked.deadline, stage)
        if isinstance(query, FeatureInfoRequest):
            return self._tell(query, found, asked, trace)
        if isinstance(query, PixelRequest) and query.layers:
            rasters = self._read(query, found, self._reading.read, asked.deadline, trace)
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

    def draw_failure(self, texts: Sequence[str], message: str) -> Answer | None:
        """The picture of a failure that a request for a map wants; None where it wants none.

        ``texts`` are the request's. Raises RenderError where it cannot be drawn, and
        DeadlineExceededError where MapServer has no time for it.
        """
        picture = read_failure_picture(texts, self.publication, self._settings.max_pixels)
        if picture is None:
            return None
        rendering = self._renderer.draw_message(picture, message, Deadline.after(FAILURE_SECONDS))
        return Answer(rendering.content_type, rendering.body)

    def _tell(
        self,
        query: FeatureInfoRequest,
        found: dict[str, Found],
        asked: Asked,
        trace: RequestTrace,
    ) -> Answer:
        """Tell what is at a place of the map."""
        readings: dict[str, PixelReading] = {}
        if query.layers:
            readings = self._read(query, found, self._reading.read_pixel, asked.deadline, trace)
        asked.deadline.check("render")
        with trace.stage("render") as stage:
            content_type, body = tell(
                query,
                readings,
                lambda: (
                    self._renderer.answer(
                        query.parameters, {}, {}, asked.online_resource, {}, asked.deadline
                    ).body
                ),
            )
            stage.record("bytes", len(body))
            stage.record("remaining_ms", round(asked.deadline.remaining() * 1000))
        names = [tuple(scene.name for scene in each.scenes) for each in readings.values()]
        warnings = [each.warnings for each in readings.values()]
        return Answer(content_type, body, _each_once(names), _each_once(warnings))

    def _read(
        self,
        query: Query,
        found: dict[str, Found],
        read: Reading[Query, Read],
        deadline: Deadline,
        trace: RequestTrace,
    ) -> dict[str, Read]:
        """Read layers, by ``read``.

        Where scenes that cover others cannot be read, what lies below is searched for, added to
        ``found``, and read too: in half of the time that is left, where the rest is drawn already
        and worth sending without.
        """
        with trace.stage("read") as stage:
            given = read(query, found, {}, deadline, stage)
        above = {name: found[name] for name in given if wants_below(found[name], given[name])}
        if not above:
            return given
        enough = all(drawn(given[name]) for name in above)
        with trace.stage("search") as stage:
            patience = deadline.half() if enough else deadline
            try:
                below = self._search.search_below(query, above, patience, stage)
            except (CatalogueUnavailableError, DeadlineExceededError) as error:
                if not enough:
                    raise
                return given | {
                    name: without_below(given[name], name, str(error), stage) for name in above
                }
        with trace.stage("read") as stage:
            given |= read(query, below, given, deadline, stage)
        found |= {name: found[name].above(below[name]) for name in above}
        return given

    def _parse(self, asked: Asked, trace: RequestTrace) -> OwsQuery:
        with trace.stage("parse") as stage:
            opening = read_opening(decode_form(*asked.texts))
            trace.identify(opening.service, opening.operation)
            query = read_query(
                opening, self.publication, self._settings, lambda: self._catalogue.state().extents
            )
            if isinstance(query, PixelRequest):
                trace.identify(query.service, query.operation, len(query.layers))
                stage.record("pixels", query.grid.width * query.grid.height)
            return query

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
            stored = self._write_coverage(query, rasters[name], found[name].scenes, asked.deadline)
            return stored.content_type, stored
        rendering = self._renderer.answer(
            query.parameters,
            rasters,
            extents,
            asked.online_resource,
            query.changed_layers,
            asked.deadline,
        )
        return rendering.content_type, rendering.body


def _each_once(texts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(texts)))
