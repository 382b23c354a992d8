"""What a Sentinel-2 product is called and which images it is made of.

Naming and layout follow the Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD),
compact SAFE format.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from affine import Affine

from function.grid import Grid

RESOLUTIONS = (10, 20, 60)
PREVIEW_RESOLUTION = 320
OFFSET_SINCE = "04.00"
QUANTIFICATION = 10000

ATMOSPHERE = ("AOT", "WVP")
# L1C has each band once, at the size that the instrument gives it.
L1C_BANDS = (
    *((name, 10) for name in ("B02", "B03", "B04", "B08", "TCI")),
    *((name, 20) for name in ("B05", "B06", "B07", "B8A", "B11", "B12")),
    *((name, 60) for name in ("B01", "B09", "B10")),
)
REFLECTANCE_10M = ("B02", "B03", "B04", "B08")
REFLECTANCE_20M = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B8A", "B11", "B12")
REFLECTANCE_60M = (*("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B8A", "B09", "B11", "B12"),)


@dataclass(frozen=True, slots=True)
class Image:
    """One image file of a product; ``name`` is the band, mask or composite it holds."""

    name: str
    resolution: int


@dataclass(frozen=True, slots=True)
class Product:
    """One acquisition over one grid cell, generated once.

    ``acquired`` is the datatake's start (the time in the product's name), ``datastrip`` the
    datastrip's, ``sensed`` the granule's; all UTC. ``station`` is the processing centre's code.
    ``grid`` is the one at 10 m; its width and height are multiples of 6. ``outline`` is the ring
    of the valid pixels, closed, in the grid's CRS. Sun angles are in degrees, azimuth clockwise
    from north. ``left_out`` are images that the product lacks and does not list. ``level`` is that
    of processing, ``L1C`` or ``L2A``.
    """

    platform: str
    acquired: datetime
    datastrip: datetime
    sensed: datetime
    generated: datetime
    baseline: str
    absolute_orbit: int
    relative_orbit: int
    station: str
    cell: str
    grid: Grid
    outline: tuple[tuple[float, float], ...]
    sun_zenith: float
    sun_azimuth: float
    left_out: frozenset[Image] = frozenset()
    level: str = "L2A"

    @property
    def name(self) -> str:
        return (
            f"{self.platform}_MSI{self.level}_{compact(self.acquired)}"
            f"_N{self.baseline.replace('.', '')}_R{self.relative_orbit:03}"
            f"_T{self.cell}_{compact(self.generated)}"
        )

    @property
    def level_name(self) -> str:
        """``Level-2A``, as metadata spell it."""
        return f"Level-{self.level[1:]}"

    @property
    def granule(self) -> str:
        return f"{self.level}_T{self.cell}_A{self.absolute_orbit:06}_{compact(self.datastrip)}"

    @property
    def datastrip_directory(self) -> str:
        return f"DS_{self.station}_{compact(self.generated)}_S{compact(self.datastrip)}"

    @property
    def datastrip_identifier(self) -> str:
        return (
            f"{self.platform}_OPER_MSI_{self.level}_DS_{self.station}_{compact(self.generated)}"
            f"_S{compact(self.datastrip)}_N{self.baseline}"
        )

    @property
    def tile_identifier(self) -> str:
        return (
            f"{self.platform}_OPER_MSI_{self.level}_TL_{self.station}_{compact(self.generated)}"
            f"_A{self.absolute_orbit:06}_T{self.cell}_N{self.baseline}"
        )

    @property
    def datatake_identifier(self) -> str:
        return (
            f"G{self.platform}_{compact(self.acquired)}_{self.absolute_orbit:06}_N{self.baseline}"
        )

    @property
    def has_offset(self) -> bool:
        return self.baseline >= OFFSET_SINCE

    @property
    def offset(self) -> int:
        """ESA's BOA_ADD_OFFSET or RADIO_ADD_OFFSET: reflectance = (sample + offset) / 10000."""
        return -1000 if self.has_offset else 0

    @property
    def bands(self) -> tuple[Image, ...]:
        """Every image of IMG_DATA, in the order in which the product's metadata lists them."""
        if self.level == "L1C":
            return tuple(Image(*each) for each in L1C_BANDS if Image(*each) not in self.left_out)
        fine = (*REFLECTANCE_10M, "TCI", *ATMOSPHERE)
        middle = REFLECTANCE_20M if self.has_offset else REFLECTANCE_20M[1:]
        derived = ("TCI", *ATMOSPHERE, "SCL")
        whole = (
            *(Image(name, 10) for name in fine),
            *(Image(name, 20) for name in (*middle, *derived)),
            *(Image(name, 60) for name in (*REFLECTANCE_60M, *derived)),
        )
        return tuple(image for image in whole if image not in self.left_out)

    @property
    def masks(self) -> tuple[Image, ...]:
        """The masks of QI_DATA; MSK_CLASSI replaced vector masks with baseline 04.00."""
        classification = (Image("MSK_CLASSI", 60),) if self.has_offset else ()
        probabilities = (
            Image(name, resolution)
            for resolution in (20, 60)
            for name in ("MSK_CLDPRB", "MSK_SNWPRB")
        )
        whole = classification if self.level == "L1C" else (*classification, *probabilities)
        return tuple(image for image in whole if image not in self.left_out)

    @property
    def preview(self) -> Image:
        return Image("PVI", PREVIEW_RESOLUTION)

    def path_of(self, image: Image) -> PurePosixPath:
        """Give the image file's path inside the product."""
        granule = PurePosixPath("GRANULE", self.granule)
        stem = f"T{self.cell}_{compact(self.acquired)}_{image.name}"
        match image.name:
            case "PVI":
                return granule / "QI_DATA" / f"{stem}.jp2"
            case "MSK_CLASSI":
                return granule / "QI_DATA" / "MSK_CLASSI_B00.jp2"
            case "MSK_CLDPRB" | "MSK_SNWPRB":
                return granule / "QI_DATA" / f"{image.name}_{image.resolution}m.jp2"
        if self.level == "L1C":
            return granule / "IMG_DATA" / f"{stem}.jp2"
        folder = f"R{image.resolution}m"
        return granule / "IMG_DATA" / folder / f"{stem}_{image.resolution}m.jp2"

    def grid_at(self, resolution: int) -> Grid:
        """The grid of ``resolution`` metres from the same corner: whole pixels only."""
        width, height = (
            size * round(self.grid.transform.a) // resolution
            for size in (self.grid.width, self.grid.height)
        )
        west, north = self.grid.transform.c, self.grid.transform.f
        transform = Affine(resolution, 0.0, west, 0.0, -resolution, north)
        return Grid(self.grid.crs, transform, width, height)


def compact(moment: datetime) -> str:
    """Format a time as product names have it: ``20250510T102019``."""
    return f"{moment:%Y%m%dT%H%M%S}"
