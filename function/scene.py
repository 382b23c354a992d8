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

    ``band`` is the standard name: ``B04``, ``B8A``, ``SCL``, ``TCI``, ``CLDPRB``,
    ``SNWPRB``, ``MSK_CLASSI``…
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
class VectorMask:
    """A mask of a scene that is polygons in GML, not an image; it lies on no grid.

    ``kind`` is ESA's without ``MSK_``: ``CLOUDS`` or ``NODATA`` (Sentinel-2 before baseline 04.00).
    ``band`` is the band that it is of, None where it is of all.
    """

    kind: str
    href: str
    band: str | None = None


@dataclass(frozen=True, slots=True)
class RadarImage:
    """One polarisation of a radar scene, in the geometry of its swath: it lies on no grid.

    ``height`` counts lines in azimuth, ``width`` samples in range. ``annotation`` holds the
    geolocation grid, ``calibration`` the vectors that scale samples to σ⁰, ``noise`` those of
    thermal noise; None where the product lacks the file.
    """

    polarisation: str
    href: str
    width: int
    height: int
    bits: int
    annotation: str | None
    calibration: str | None
    noise: str | None


@dataclass(frozen=True, slots=True)
class RadarAcquisition:
    """What a radar scene has beyond others (Sentinel-1 Product Specification, S1-RS-MDA-52-7441).

    ``mode`` is the acquisition mode (``IW``, ``EW``, ``S1`` … ``S6``); ``resolution_class`` is
    ``F``, ``H`` or ``M``; ``ended`` the time of the last line. ``orbit_direction`` is
    ``ascending`` or ``descending``. ``slice_number`` counts from 1 among ``slices`` of the
    datatake. None is what the product does not tell.
    """

    mode: str
    resolution_class: str
    ended: datetime
    absolute_orbit: int
    orbit_direction: str | None
    slice_number: int | None
    slices: int | None
    timeliness: str | None
    images: tuple[RadarImage, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """One product over one grid cell, or over a part of a swath.

    ``footprint`` is WKT of a MULTIPOLYGON in EPSG:4326, longitude first. ``cloud_cover`` is the
    product's own figure in percent, None where it has none. ``cell`` is the MGRS tile
    (``29UNU``), empty for a scene on no grid. Products of one ``datatake`` and cell are
    generations of one acquisition where they overlap. Images on a grid are ``assets``; those in
    the geometry of a swath are in ``radar``. Times are UTC.
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
    vector_masks: tuple[VectorMask, ...] = ()
    radar: RadarAcquisition | None = None
