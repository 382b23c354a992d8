"""Reflectance of what covers the ground, and what covers it in which season.

The spectra are typical surface reflectances over Sentinel-2's bands, drawn by hand after the
shapes that every remote sensing textbook shows: chlorophyll's red edge, water's fall, bare
soil's rise, the dip of moist matter in the short-wave infrared.
"""

from dataclasses import dataclass
from enum import IntEnum, auto

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")

Spectrum = tuple[float, ...]

# fmt: off
DEEP_SEA = (.040, .042, .031, .013, .009, .006, .006, .005, .005, .005, .003, .002)
SHALLOW_SEA = (.052, .068, .082, .046, .036, .019, .017, .014, .013, .012, .006, .004)
LAKE = (.038, .046, .050, .028, .021, .012, .011, .009, .009, .009, .004, .003)
ALGAE = (.042, .050, .068, .038, .046, .027, .027, .022, .021, .020, .008, .005)
SAND = (.16, .20, .26, .31, .33, .35, .36, .37, .38, .38, .42, .38)
DRY_SOIL = (.070, .088, .118, .150, .168, .182, .196, .214, .228, .232, .300, .265)
DARK_SOIL = (.044, .051, .068, .086, .099, .108, .118, .131, .142, .148, .200, .165)
CROP = (.022, .029, .064, .032, .092, .335, .435, .465, .485, .485, .190, .086)
GRASS = (.033, .042, .081, .052, .120, .280, .345, .370, .390, .400, .230, .122)
BLOSSOM = (.040, .052, .168, .160, .205, .335, .390, .415, .430, .430, .205, .098)
STRAW = (.052, .066, .100, .128, .160, .195, .215, .240, .258, .268, .310, .220)
BROADLEAF_SPRING = (.020, .026, .053, .027, .083, .305, .415, .445, .465, .465, .175, .072)
BROADLEAF_AUTUMN = (.021, .027, .048, .031, .077, .225, .295, .320, .340, .340, .158, .070)
CONIFER = (.016, .020, .033, .020, .043, .125, .163, .180, .193, .198, .085, .040)
ASPHALT = (.068, .078, .088, .097, .103, .108, .113, .119, .124, .126, .140, .130)
RED_ROOF = (.062, .074, .088, .128, .150, .165, .178, .190, .200, .205, .240, .220)
PALE_ROOF = (.185, .210, .230, .240, .250, .255, .260, .265, .270, .270, .260, .235)
REED = (.026, .033, .056, .050, .082, .150, .180, .200, .215, .220, .170, .100)
CLOUD = (.620, .640, .650, .660, .670, .680, .685, .690, .690, .560, .420, .330)
CIRRUS = (.300, .300, .300, .300, .300, .300, .300, .300, .300, .240, .180, .150)
# fmt: on


class Cover(IntEnum):
    """What the land is used for; crops as farmers sow them."""

    SEA = 0
    LAKE = auto()
    BEACH = auto()
    REED = auto()
    BROADLEAF = auto()
    CONIFER = auto()
    MEADOW = auto()
    PASTURE = auto()
    WHEAT = auto()
    BARLEY = auto()
    RAPESEED = auto()
    MAIZE = auto()
    BEET = auto()
    GARDEN = auto()
    RED_HOUSES = auto()
    PALE_HALLS = auto()
    PAVED = auto()


@dataclass(frozen=True, slots=True)
class Mix:
    """Two materials in one pixel: ``share`` of ``over``, the rest ``under``."""

    under: Spectrum
    over: Spectrum
    share: float


@dataclass(frozen=True, slots=True)
class Season:
    """How each cover looks: once as most parcels do, once as the others (sown, cut, ploughed)."""

    usual: dict[Cover, Mix]
    other: dict[Cover, Mix]


_ALL_YEAR = {
    Cover.SEA: Mix(DEEP_SEA, SHALLOW_SEA, 0.0),
    Cover.LAKE: Mix(LAKE, ALGAE, 0.25),
    Cover.BEACH: Mix(SAND, DRY_SOIL, 0.3),
    Cover.CONIFER: Mix(CONIFER, BROADLEAF_AUTUMN, 0.12),
    Cover.PALE_HALLS: Mix(PALE_ROOF, ASPHALT, 0.35),
    Cover.PAVED: Mix(ASPHALT, GRASS, 0.15),
}

SPRING = Season(
    usual={
        **_ALL_YEAR,
        Cover.REED: Mix(REED, GRASS, 0.3),
        Cover.BROADLEAF: Mix(BROADLEAF_SPRING, CONIFER, 0.18),
        Cover.MEADOW: Mix(GRASS, CROP, 0.35),
        Cover.PASTURE: Mix(GRASS, CROP, 0.5),
        Cover.WHEAT: Mix(DARK_SOIL, CROP, 0.86),
        Cover.BARLEY: Mix(GRASS, CROP, 0.72),
        Cover.RAPESEED: Mix(CROP, BLOSSOM, 0.88),
        Cover.MAIZE: Mix(DRY_SOIL, DARK_SOIL, 0.45),
        Cover.BEET: Mix(DARK_SOIL, CROP, 0.10),
        Cover.GARDEN: Mix(GRASS, BROADLEAF_SPRING, 0.55),
        Cover.RED_HOUSES: Mix(RED_ROOF, BROADLEAF_SPRING, 0.40),
    },
    other={
        Cover.WHEAT: Mix(DARK_SOIL, CROP, 0.97),
        Cover.PASTURE: Mix(STRAW, GRASS, 0.6),
        Cover.MAIZE: Mix(DARK_SOIL, GRASS, 0.16),
        Cover.BEET: Mix(DRY_SOIL, DARK_SOIL, 0.75),
    },
)

AUTUMN = Season(
    usual={
        **_ALL_YEAR,
        Cover.REED: Mix(REED, STRAW, 0.4),
        Cover.BROADLEAF: Mix(BROADLEAF_AUTUMN, CONIFER, 0.2),
        Cover.MEADOW: Mix(GRASS, STRAW, 0.3),
        Cover.PASTURE: Mix(GRASS, STRAW, 0.18),
        Cover.WHEAT: Mix(STRAW, DRY_SOIL, 0.35),
        Cover.BARLEY: Mix(DARK_SOIL, CROP, 0.3),
        Cover.RAPESEED: Mix(DRY_SOIL, DARK_SOIL, 0.55),
        Cover.MAIZE: Mix(STRAW, CROP, 0.62),
        Cover.BEET: Mix(DARK_SOIL, CROP, 0.9),
        Cover.GARDEN: Mix(GRASS, BROADLEAF_AUTUMN, 0.55),
        Cover.RED_HOUSES: Mix(RED_ROOF, BROADLEAF_AUTUMN, 0.36),
    },
    other={
        Cover.WHEAT: Mix(DARK_SOIL, DRY_SOIL, 0.3),
        Cover.BARLEY: Mix(DARK_SOIL, CROP, 0.68),
        Cover.RAPESEED: Mix(DARK_SOIL, CROP, 0.22),
        Cover.MAIZE: Mix(DRY_SOIL, STRAW, 0.5),
        Cover.PASTURE: Mix(GRASS, CROP, 0.4),
    },
)
