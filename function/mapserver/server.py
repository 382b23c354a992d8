"""MapServer as the service uses it: it speaks OGC, and is brought the archive's pixels."""

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from function.deadline import Deadline
from function.errors import DeadlineExceededError, InvalidParameterError
from function.layer import ArchiveLayer, Publication
from function.mapserver.capabilities import Legends, hold_to_the_service
from function.mapserver.coverage_documents import correct_description
from function.mapserver.coverage_metadata import state_coverages
from function.mapserver.dispatch import Rendered, dispatch, one_at_a_time
from function.mapserver.extents import state_extents
from function.mapserver.feeding import feed, has_square_pixels
from function.mapserver.layer_description import correct_layers
from function.mapserver.legend_sizes import measure_legends
from function.mapserver.map_object import stated
from function.mapserver.map_template import make_template
from function.mapserver.mapfile import load_mapfile
from function.mapserver.message_picture import draw_message
from function.mapserver.ramp_style import LEGEND_SECTIONS, MAP_SECTIONS, lay_ramp
from function.mapserver.style_document import read_named_layers, write_styles
from function.parse.coverage.request import SERVICE as WCS
from function.picture import FailurePicture
from function.raster import Raster
from function.search import CollectionExtent

# Exceptions are written by the edge, as the request wants them. Here they are only read.
ANSWERED_ELSEWHERE = frozenset({"EXCEPTIONS"})

# MapServer draws transparent maps in these formats too, on black instead of the background.
OPAQUE_FORMATS = frozenset({"image/jpeg"})

# Maps kept ready, by the layers that they show: 180 KB each. Most clients ask for one layer.
TEMPLATES = 32

STYLES_TYPE = "application/vnd.ogc.sld+xml; charset=UTF-8"


class MapServer:
    """Answers OGC requests from a mapfile; shared by the threads of a process."""

    def __init__(self, mapfile: Path, database_url: str) -> None:
        """Load ``mapfile``; raises MapfileError.

        ``database_url`` is where the layers with ``CONNECTION "catalogue"`` read.
        """
        self._mapfile = load_mapfile(mapfile, database_url)
        formats = stated(self._mapfile.map.web.metadata, "getlegendgraphic_formatlist") or ""
        self._legends = Legends(
            tuple(text.strip() for text in formats.split(",")),
            measure_legends(self._mapfile.map, self._mapfile.publication),
        )
        self._template = lru_cache(TEMPLATES)(partial(make_template, self._mapfile))

    @property
    def publication(self) -> Publication:
        """What a request is checked against."""
        return self._mapfile.publication

    def answer(
        self,
        parameters: Sequence[tuple[str, str]],
        rasters: Mapping[str, Raster],
        extents: Mapping[str, CollectionExtent],
        online_resource: str,
        changed_layers: Mapping[str, ArchiveLayer],
        deadline: Deadline,
    ) -> Rendered:
        """Answer one request.

        ``parameters`` are checked, and cleared of what MapServer must not see. ``rasters`` holds
        the pixels of every archive layer that is drawn, on the request's grid; ``extents`` what
        the catalogue holds of each collection, by its name. ``online_resource`` is the address
        that the client used; ``changed_layers`` are those whose ramp may be the request's own.
        Raises the OwsError that MapServer's exception tells, and DeadlineExceededError where other
        requests keep MapServer busy until the ``deadline``.
        """
        asked = {key.upper(): value for key, value in parameters}
        if asked.get("FORMAT") in OPAQUE_FORMATS:
            asked["TRANSPARENT"] = "FALSE"
        passed = [(key, asked[key]) for key in asked if key not in ANSWERED_ELSEWHERE]
        operation = asked.get("REQUEST", "").lower()
        if asked.get("SERVICE") == WCS:
            with _alone(deadline):
                return self._describe_coverages(passed, extents, online_resource)
        if operation == "getstyles":
            with _alone(deadline):
                return self._write_styles(asked["LAYERS"].split(","))
        with _alone(deadline):
            answer = self._draw(
                operation, passed, rasters, extents, online_resource, changed_layers
            )
        if operation == "getcapabilities":
            return Rendered(answer.content_type, self._correct(answer.body, extents))
        if operation == "describelayer":
            coverages = frozenset(self.publication.coverages)
            corrected = correct_layers(answer.body, coverages, online_resource)
            return Rendered(answer.content_type, corrected)
        return answer

    def draw_message(self, picture: FailurePicture, message: str, deadline: Deadline) -> Rendered:
        """Draw ``message`` as the picture that a request wants of its failure.

        Raises RenderError, and DeadlineExceededError as ``answer`` does.
        """
        if picture.format in OPAQUE_FORMATS:
            picture = replace(picture, transparent=False)
        with _alone(deadline):
            return draw_message(self._mapfile.map.clone(), picture, message)

    def _write_styles(self, names: Sequence[str]) -> Rendered:
        """The styles of ours, and those that MapServer writes of plain layers."""
        ours = self.publication.archive_layers
        drawn = self._mapfile.map.clone()
        plain = []
        for name in names:
            if name not in ours:
                # MapServer knows the operation in this version alone.
                asked = (("SERVICE", "WMS"), ("VERSION", "1.1.1"), ("REQUEST", "GetStyles"))
                answer = dispatch(self._mapfile.map.clone(), (*asked, ("LAYERS", name)))
                plain += read_named_layers(answer.body)
        layers = [ours[name] for name in names if name in ours]
        return Rendered(STYLES_TYPE, write_styles(drawn, layers, plain))

    def _clone(
        self, operation: str, drawn: Iterable[str], changed_layers: Mapping[str, ArchiveLayer]
    ) -> Any:
        """Make the map to answer with; that of a GetMap has no archive layers but those drawn."""
        mapped = operation == "getmap"
        clone = (self._template(frozenset(drawn)) if mapped else self._mapfile.map).clone()
        for name, layer in changed_layers.items():
            if layer.ramp is not None:
                sections = MAP_SECTIONS if mapped else LEGEND_SECTIONS
                lay_ramp(clone.getLayerByName(name), layer.ramp, sections)
        return clone

    def _draw(
        self,
        operation: str,
        parameters: Sequence[tuple[str, str]],
        rasters: Mapping[str, Raster],
        extents: Mapping[str, CollectionExtent],
        online_resource: str,
        changed_layers: Mapping[str, ArchiveLayer],
    ) -> Rendered:
        drawn = self._clone(operation, rasters, changed_layers)
        drawn.web.metadata.set("wms_onlineresource", online_resource)
        # MapServer scales symbols by it, but reads it from mapfiles alone.
        drawn.resolution = float(dict(parameters).get("MAP_RESOLUTION", drawn.resolution))
        # MapServer reads the arrays where they lie: the name keeps them while it draws.
        pixels = self._feed(drawn, rasters) if operation == "getmap" else []
        if operation == "getcapabilities":
            state_extents(drawn, self.publication, extents)
        if operation == "getlegendgraphic":
            _check_rule(drawn, dict(parameters))
        answer = dispatch(drawn, parameters)
        pixels.clear()
        return answer

    def _describe_coverages(
        self,
        parameters: Sequence[tuple[str, str]],
        extents: Mapping[str, CollectionExtent],
        online_resource: str,
    ) -> Rendered:
        described = self._mapfile.map.clone()
        described.web.metadata.set("wcs_onlineresource", online_resource)
        state_coverages(described, self.publication, extents)
        answer = dispatch(described, parameters)
        return Rendered(answer.content_type, correct_description(answer.body, self.publication))

    def _feed(self, drawn: Any, rasters: Mapping[str, Raster]) -> list[Any]:
        """Feed the archive layers; without pixels there is none, lest it be drawn blank."""
        pixels = []
        for name, raster in rasters.items():
            layer = self.publication.archive_layers[name]
            pixels.append(feed(drawn.getLayerByName(name), layer, raster))
            if not has_square_pixels(raster.grid):
                # MapServer itself looks away where a whole map is off by up to a pixel.
                drawn.setConfigOption("MS_NONSQUARE", "YES")
        return pixels

    def _correct(self, body: bytes, extents: Mapping[str, CollectionExtent]) -> bytes:
        timed = {
            name
            for name, layer in self.publication.archive_layers.items()
            if layer.collection in extents
        }
        return hold_to_the_service(body, timed, self._legends)


@contextmanager
def _alone(deadline: Deadline) -> Iterator[None]:
    """Keep all other threads from MapServer, also while a map that could not be drawn is freed."""
    if not one_at_a_time.acquire(timeout=max(0.0, deadline.remaining())):
        raise DeadlineExceededError("the request ran out of time while others were drawn")
    try:
        yield
    except BaseException as error:
        # The frames of what failed hold the map for as long as somebody holds the error.
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        one_at_a_time.release()


def _check_rule(drawn: Any, asked: Mapping[str, str]) -> None:
    """Refuse a rule that the layer's legend does not have: MapServer fails on one."""
    rule = asked.get("RULE")
    if rule is None:
        return
    layer = drawn.getLayerByName(asked["LAYER"])
    rules = [layer.getClass(number).name for number in range(layer.numclasses)]
    if rule not in rules:
        raise InvalidParameterError(
            f"RULE is none of the legend's: {', '.join(filter(None, rules))}"
        )
