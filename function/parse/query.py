"""What parsing hands on: a request that has been checked, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from function.grid import Grid
from function.layer import ArchiveLayer
from function.search import Search


@dataclass(frozen=True, slots=True)
class OwsQuery:
    """An operation to be answered by MapServer; ``parameters`` is all that it is told.

    ``changed_layers`` are the archive layers that the request makes otherwise than the mapfile
    does, by name.
    """

    service: str
    version: str
    operation: str
    parameters: tuple[tuple[str, str], ...]
    changed_layers: Mapping[str, ArchiveLayer] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, slots=True)
class LayerSelection:
    """An archive layer to be read: how, of which scenes, and whether their clouds are taken out."""

    recipe: ArchiveLayer
    search: Search
    cloud_mask: bool

    @property
    def name(self) -> str:
        return self.recipe.name


@dataclass(frozen=True, slots=True)
class PixelRequest(OwsQuery):
    """A request for pixels of the archive: on which grid, and of which layers."""

    grid: Grid
    layers: tuple[LayerSelection, ...]


@dataclass(frozen=True, slots=True)
class MapRequest(PixelRequest):
    """A GetMap; ``layers`` are the archive layers among those that it draws."""
