"""Stand-ins for what the request path works with; each records what it was asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from itertools import takewhile
from types import MappingProxyType

import numpy as np
from publications import COLLECTION, PUBLICATION

from function.deadline import Deadline
from function.errors import OwsError, RenderError, SceneUnreadableError
from function.grid import Grid
from function.item_search import ItemSearch
from function.layer import ArchiveLayer, Publication
from function.parse.coverage.query import CoverageRequest
from function.picture import FailurePicture
from function.pixel import PixelReading
from function.raster import Raster, ReadCounts
from function.scene import Scene
from function.search import CatalogueState, CollectionExtent, Search
from function.stored_body import StoredBody
from function.unread import Unread

# A request for a map as the publication of the tests has it.
MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "TRUE_COLOUR",
    "STYLES": "",
    "CRS": "EPSG:3857",
    "BBOX": "0,0,400,300",
    "WIDTH": "4",
    "HEIGHT": "3",
    "FORMAT": "image/png",
}

FIRST = datetime(2026, 5, 1, 10, 30, 15, 24_000, tzinfo=UTC)
LAST = datetime(2026, 6, 30, 10, 30, 15, 24_000, tzinfo=UTC)

EXTENTS = MappingProxyType(
    {COLLECTION: CollectionExtent(COLLECTION, -10.0, 50.0, -5.0, 55.0, FIRST, LAST, 3)}
)
STATE = CatalogueState("1", MappingProxyType({COLLECTION: "1"}), EXTENTS)


def make_scene(name: str) -> Scene:
    return Scene(
        collection=COLLECTION,
        name=name,
        acquired=LAST,
        generated=LAST,
        platform="Sentinel-2A",
        baseline="05.11",
        datatake="GS2A_20260630T103015_000001_N05.11",
        relative_orbit=23,
        cell="29UNU",
        cloud_cover=None,
        footprint="MULTIPOLYGON(((-10 50,-5 50,-5 55,-10 50)))",
        assets=(),
    )


@dataclass
class StandInCatalogue:
    """Holds scenes, which all cover maps if ``covering``; raises ``failure`` where one is set.

    Where it is asked what lies below those that cover, it raises ``failure_below``.
    """

    scenes: tuple[Scene, ...] = (make_scene("one"), make_scene("two"))
    covering: bool = False
    failure: Exception | None = None
    failure_below: OwsError | None = None
    searches: list[tuple[str, Grid, Search, int]] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    states_asked: int = 0

    def search(
        self, collection: str, grid: Grid, search: Search, limit: int, deadline: Deadline
    ) -> tuple[Scene, ...]:
        deadline.check("search")
        self.searches.append((collection, grid, search, limit))
        self.deadlines.append(deadline)
        if self.covering and search.coverings is not None and search.scene is None:
            return self.scenes[: search.coverings]
        if self.failure_below is not None:
            raise self.failure_below
        return self.scenes[:limit]

    def state(self) -> CatalogueState:
        self.states_asked += 1
        self.ready()
        return STATE

    def ready(self) -> None:
        if self.failure is not None:
            raise self.failure


@dataclass
class StandInListing:
    """Lists scenes in the order they are given, from after the position asked for."""

    scenes: tuple[Scene, ...] = (make_scene("two"), make_scene("one"))
    failure: Exception | None = None
    searches: list[ItemSearch] = field(default_factory=list)

    def page(self, search: ItemSearch, deadline: Deadline) -> tuple[Scene, ...]:
        deadline.check("search")
        self.searches.append(search)
        if self.failure is not None:
            raise self.failure
        names = [scene.name for scene in self.scenes]
        first = names.index(search.after.name) + 1 if search.after is not None else 0
        wanted = [
            scene
            for scene in self.scenes[first:]
            if search.names is None or scene.name in search.names
        ]
        return tuple(wanted[: search.limit])


@dataclass
class StandInReader:
    """Fills the grid with the number of scenes, unless ``warnings`` or ``filled`` say otherwise.

    Scenes that are named in ``broken`` fail, and where all do, nothing is filled. Time runs out
    before those of ``slow``.
    """

    warnings: tuple[str, ...] = ()
    used: Callable[[Sequence[Scene]], Sequence[Scene]] = tuple
    filled: bool = True
    broken: Mapping[str, SceneUnreadableError] = field(default_factory=dict)
    slow: frozenset[str] = frozenset()
    counts: ReadCounts = field(default_factory=ReadCounts)
    reads: list[tuple[str, tuple[str, ...], bool]] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)
    upon: list[Raster | None] = field(default_factory=list)

    def read(
        self,
        layer: ArchiveLayer,
        grid: Grid,
        scenes: Sequence[Scene],
        cloud_mask: bool,
        deadline: Deadline,
        upon: Raster | None,
    ) -> Raster:
        deadline.check("read")
        self.reads.append((layer.name, tuple(scene.name for scene in scenes), cloud_mask))
        self.upon.append(upon)
        self.deadlines.append(deadline)
        in_time = _in_time(scenes, self.slow)
        late = len(in_time) < len(scenes)
        sound, unread = _sound(in_time, self.broken)
        return Raster(
            grid,
            np.full((1, *grid.shape), len(scenes), np.uint8),
            np.full(grid.shape, self.filled and not late and (bool(sound) or not scenes)),
            tuple(scene.name for scene in self.used(sound)),
            (*unread.warnings, *self.warnings),
            self.counts,
            unread,
            late,
        )


@dataclass
class StandInPixels:
    """Finds 0.25 in the best scene that is not ``broken``; time runs out before ``slow`` ones."""

    warnings: tuple[str, ...] = ()
    broken: Mapping[str, SceneUnreadableError] = field(default_factory=dict)
    slow: frozenset[str] = frozenset()
    counts: ReadCounts = field(default_factory=ReadCounts)
    reads: list[tuple[str, tuple[int, int], bool]] = field(default_factory=list)

    def read(
        self,
        layer: ArchiveLayer,
        grid: Grid,
        pixel: tuple[int, int],
        scenes: Sequence[Scene],
        cloud_mask: bool,
        deadline: Deadline,
    ) -> PixelReading:
        deadline.check("read")
        assert pixel[0] < grid.width
        self.reads.append((layer.name, pixel, cloud_mask))
        in_time = _in_time(scenes, self.slow)
        sound, unread = _sound(in_time, self.broken)
        return PixelReading(
            (("value", 0.25),) if sound else (),
            tuple(sound[:1]),
            (*unread.warnings, *self.warnings),
            self.counts,
            unread,
            late=not sound and len(in_time) < len(scenes),
        )


def _in_time(scenes: Sequence[Scene], slow: frozenset[str]) -> list[Scene]:
    return list(takewhile(lambda scene: scene.name not in slow, scenes))


def _sound(
    scenes: Sequence[Scene], broken: Mapping[str, SceneUnreadableError]
) -> tuple[list[Scene], Unread]:
    """The scenes that can be read, and what the others fail with."""
    sound = [scene for scene in scenes if scene.name not in broken]
    failures = [(scene.name, broken[scene.name]) for scene in scenes if scene.name in broken]
    return sound, Unread(tuple(failures), bool(sound))


@dataclass(frozen=True)
class StandInRendering:
    content_type: str
    body: bytes


@dataclass
class StandInRenderer:
    """Answers a text; raises ``failure`` where one is set."""

    publication: Publication = PUBLICATION
    failure: OwsError | Exception | None = None
    asked: list[tuple[dict[str, str], dict[str, Raster], str]] = field(default_factory=list)
    changed_layers: Mapping[str, ArchiveLayer] = field(default_factory=dict)
    messages: list[tuple[FailurePicture, str]] = field(default_factory=list)

    def answer(
        self,
        parameters: Sequence[tuple[str, str]],
        rasters: Mapping[str, Raster],
        extents: Mapping[str, CollectionExtent],
        online_resource: str,
        changed_layers: Mapping[str, ArchiveLayer],
        deadline: Deadline,
    ) -> StandInRendering:
        deadline.check("render")
        of_mapfile = {"GetLegendGraphic", "GetStyles", "DescribeLayer"}
        assert extents == ({} if dict(parameters)["REQUEST"] in of_mapfile else EXTENTS)
        self.asked.append((dict(parameters), dict(rasters), online_resource))
        self.changed_layers = changed_layers
        if self.failure is not None:
            raise self.failure
        return StandInRendering("image/png", b"a picture")

    def draw_message(
        self, picture: FailurePicture, message: str, deadline: Deadline
    ) -> StandInRendering:
        deadline.check("render")
        if isinstance(self.failure, RenderError):
            raise self.failure
        self.messages.append((picture, message))
        return StandInRendering(picture.format, b"a message")


def stand_in_writer(
    query: CoverageRequest, raster: Raster, scenes: Sequence[Scene], deadline: Deadline
) -> StoredBody:
    """Writes the names of the scenes, and of those that gave pixels."""
    deadline.check("render")
    text = f"{query.layers[0].name} {[scene.name for scene in scenes]} {raster.scenes}".encode()
    return StoredBody(query.format.value, BytesIO(text), len(text), "coverage.txt")
