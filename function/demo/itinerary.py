"""Where and when the demo's products were taken.

The grid cells are real: 32UNE and 32UPE meet on the Baltic's south-western shore and overlap by
9,780 m. Days and orbits follow Sentinel-2's ten-day cycle, counted from real products. The land
is invented: no map shows it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from affine import Affine

from function.demo.footprint import SwathEdge, valid_ring
from function.demo.materials import AUTUMN, SPRING, Season
from function.demo.product import Product
from function.demo.weather import Sky
from function.grid import Grid

CRS = "EPSG:32632"
SIZE = 1830  # pixels of 10 m: a sixth of a real image, two tiles of 1024 with an odd remainder
NORTH = 5985000.0
# The west image ends where cell 32UNE ends and the east image begins where 32UPE begins, so
# that the two overlap exactly as the real ones do.
CELLS = {"32UNE": 609780.0 - 10.0 * SIZE, "32UPE": 600000.0}
WEST = min(CELLS.values())
GROUND = Grid(
    CRS,
    Affine(10.0, 0.0, WEST, 0.0, -10.0, NORTH),
    round((max(CELLS.values()) - WEST) / 10.0) + SIZE,
    SIZE,
)
LANDSCAPE_SEED = 15


@dataclass(frozen=True, slots=True)
class Pass:
    """One flight over the ground, and how its data were processed.

    Its images have ``size`` pixels of 10 m a side, and begin ``inset`` pixels from the corner of
    the ground's part in ``cells``.
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
    season: Season
    sky: Sky
    edge: SwathEdge | None = None
    level: str = "L2A"
    size: int = SIZE
    inset: int = 0
    cells: tuple[str, ...] = tuple(CELLS)

    def product(self, cell: str) -> Product:
        """Describe this pass's product over ``cell``."""
        corner = Affine(10.0, 0.0, CELLS[cell], 0.0, -10.0, NORTH)
        corner = corner @ Affine.translation(self.inset, self.inset)
        grid = Grid(CRS, corner, self.size, self.size)
        return Product(
            platform=self.platform,
            acquired=self.acquired,
            datastrip=self.datastrip,
            sensed=self.sensed,
            generated=self.generated,
            baseline=self.baseline,
            absolute_orbit=self.absolute_orbit,
            relative_orbit=self.relative_orbit,
            station=self.station,
            cell=cell,
            grid=grid,
            outline=valid_ring(grid, self.edge),
            sun_zenith=self.sky.sun_zenith,
            sun_azimuth=self.sky.sun_azimuth,
            level=self.level,
        )


# Before baseline 04.00: no offset. The swath ends over the east image.
AUTUMN_PASS = Pass(
    platform="S2A",
    acquired=datetime(2020, 9, 21, 10, 30, 31, 24000, UTC),
    datastrip=datetime(2020, 9, 21, 10, 30, 27, 0, UTC),
    sensed=datetime(2020, 9, 21, 10, 36, 4, 512000, UTC),
    generated=datetime(2020, 9, 21, 13, 41, 12, 0, UTC),
    baseline="02.14",
    absolute_orbit=27418,
    relative_orbit=108,
    station="SGS_",
    season=AUTUMN,
    sky=Sky(
        seed=72,
        amount=0.62,
        cells=(160, 80, 40, 20, 10, 5),
        towards_east=0.5,
        towards_south=0.9,
        base=1300.0,
        cirrus=0.3,
        sun_zenith=53.8,
        sun_azimuth=169.2,
    ),
    # The ground track's heading at this latitude is 16 degrees off north.
    edge=SwathEdge(x=615000.0, y=5975850.0, slope=0.287),
)
# A Collection-1 baseline with the offset of -1000.
SPRING_PASS = Pass(
    platform="S2B",
    acquired=datetime(2025, 5, 10, 10, 20, 19, 24000, UTC),
    datastrip=datetime(2025, 5, 10, 10, 20, 15, 0, UTC),
    sensed=datetime(2025, 5, 10, 10, 26, 1, 337000, UTC),
    generated=datetime(2025, 5, 10, 13, 22, 40, 0, UTC),
    baseline="05.11",
    absolute_orbit=42705,
    relative_orbit=65,
    station="2BPS",
    season=SPRING,
    sky=Sky(
        seed=71,
        amount=0.36,
        cells=(70, 35, 18, 9, 5),
        towards_east=-0.9,
        towards_south=-0.5,
        base=1500.0,
        cirrus=0.0,
        sun_zenith=37.5,
        sun_azimuth=160.8,
    ),
)
# A part of that pass's east image before the atmosphere was taken out of it, with clouds in it:
# small, for the whole takes 12 MB.
SPRING_PASS_L1C = replace(SPRING_PASS, level="L1C", cells=("32UPE",), size=480, inset=540)
PASSES = (AUTUMN_PASS, SPRING_PASS, SPRING_PASS_L1C)
