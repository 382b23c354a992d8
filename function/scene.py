"""A scene of the archive: one product over one grid cell, and the image files it is made of."""

from dataclasses import dataclass, field
from datetime import datetime

from function.grid import Grid


@dataclass(frozen=True, slots=True)
class CataloguePlace:
    """Where the catalogue holds an asset: the scene's name, its place among the assets, from 0."""

    scene: str
    asset: int


@dataclass(frozen=True, slots=True)
class Asset:
    """One image file of a scene.

    ``band`` is the standard name: ``B04``, ``B8A``, ``SCL``, ``TCI``, ``CLDPRB``, ``CLASSI``…
    A sample's physical value is (sample + ``offset``) / ``quantification`` (for reflectance
    ESA's BOA_ADD_OFFSET or RADIO_ADD_OFFSET and QUANTIFICATION_VALUE); ``nodata`` is the sample
    that means no measurement, None where every sample counts. ``grid`` is the file's own.
    ``place`` is where the asset was found, None where that was not in the catalogue; it says
    nothing of the file, so that assets are equal without it.
    """

    band: str
    href: str
    grid: Grid
    components: int
    bits: int
    offset: float = 0.0
    quantification: float = 1.0
    nodata: int | None = 0
    place: CataloguePlace | None = field(default=None, compare=False)

    @property
    def resolution(self) -> float:
        """Pixel size in units of the CRS (metres)."""
        return self.grid.transform.a


@dataclass(frozen=True, slots=True)
class Scene:
    """One product over one grid cell.

    ``footprint`` is WKT of a MULTIPOLYGON in EPSG:4326, longitude first. ``cloud_cover`` is the
    product's own figure in percent, None where it has none. ``cell`` is the MGRS tile
    (``29UNU``). Times are UTC.
    """

    collection: str
    name: str
    acquired: datetime
    generated: datetime
    platform: str
    baseline: str
    datatake: str
    relative_orbit: int
    cell: str
    cloud_cover: float | None
    footprint: str
    assets: tuple[Asset, ...]
