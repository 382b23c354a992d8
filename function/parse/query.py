"""What parsing hands on: a request that has been checked, as frozen values."""

from dataclasses import dataclass

from function.grid import Grid
from function.search import Search


@dataclass(frozen=True, slots=True)
class OwsQuery:
    """An operation to be answered by MapServer; ``parameters`` is all that it is told."""

    service: str
    version: str
    operation: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LayerSelection:
    """An archive layer to be read: which scenes, and whether their clouds are taken out."""

    name: str
    search: Search
    cloud_mask: bool


@dataclass(frozen=True, slots=True)
class MapRequest(OwsQuery):
    """A GetMap: the pixels it asks for, and the archive layers among those it draws."""

    grid: Grid
    layers: tuple[LayerSelection, ...]
