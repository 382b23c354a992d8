"""What the stages after parsing are to the request path."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from function.deadline import Deadline
from function.grid import Grid
from function.layer import ArchiveLayer, Publication
from function.parse.coverage.query import CoverageRequest
from function.picture import FailurePicture
from function.pixel import PixelReading
from function.raster import Raster
from function.scene import Scene
from function.search import CatalogueState, CollectionExtent, Search
from function.stored_body import StoredBody


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
        upon: Raster | None,
    ) -> Raster: ...


class PixelReader(Protocol):
    """Reads one pixel of a layer; see function.scenes.pixel_reader."""

    def read(
        self,
        layer: ArchiveLayer,
        grid: Grid,
        pixel: tuple[int, int],
        scenes: Sequence[Scene],
        cloud_mask: bool,
        deadline: Deadline,
    ) -> PixelReading: ...


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
        deadline: Deadline,
    ) -> Rendering: ...

    def draw_message(
        self, picture: FailurePicture, message: str, deadline: Deadline
    ) -> Rendering: ...


class CoverageWriter(Protocol):
    """Makes the answer of a GetCoverage; see function.scenes.coverage_answer."""

    def __call__(
        self, query: CoverageRequest, raster: Raster, scenes: Sequence[Scene], deadline: Deadline
    ) -> StoredBody: ...
