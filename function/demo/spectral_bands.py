"""The instrument's bands as the product metadata describes them.

Wavelengths and solar irradiances are ESA's (Sentinel-2 Spectral Response Functions,
COPE-GSEG-EOPG-TN-15-0007), which every product's MTD_MSIL2A.xml repeats.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpectralBand:
    """Wavelengths in nanometres, irradiance at one astronomical unit in W/m²/µm."""

    physical_name: str
    resolution: int
    shortest: int
    longest: int
    central: float
    irradiance: float


# The index of a band in these tuples is its bandId.
SENTINEL_2A = (
    SpectralBand("B1", 60, 412, 456, 442.7, 1884.69),
    SpectralBand("B2", 10, 456, 533, 492.7, 1959.66),
    SpectralBand("B3", 10, 538, 583, 559.8, 1823.24),
    SpectralBand("B4", 10, 646, 684, 664.6, 1512.06),
    SpectralBand("B5", 20, 695, 714, 704.1, 1424.64),
    SpectralBand("B6", 20, 731, 749, 740.5, 1287.61),
    SpectralBand("B7", 20, 769, 797, 782.8, 1162.08),
    SpectralBand("B8", 10, 760, 907, 832.8, 1041.63),
    SpectralBand("B8A", 20, 837, 881, 864.7, 955.32),
    SpectralBand("B9", 60, 932, 958, 945.1, 812.92),
    SpectralBand("B10", 60, 1337, 1412, 1373.5, 367.15),
    SpectralBand("B11", 20, 1539, 1682, 1613.7, 245.59),
    SpectralBand("B12", 20, 2078, 2320, 2202.4, 85.25),
)
SENTINEL_2B = (
    SpectralBand("B1", 60, 411, 456, 442.3, 1874.3),
    SpectralBand("B2", 10, 456, 532, 492.3, 1959.75),
    SpectralBand("B3", 10, 536, 582, 559.0, 1824.93),
    SpectralBand("B4", 10, 646, 685, 665.0, 1512.79),
    SpectralBand("B5", 20, 694, 714, 703.8, 1425.78),
    SpectralBand("B6", 20, 730, 748, 739.1, 1291.13),
    SpectralBand("B7", 20, 766, 794, 779.7, 1175.57),
    SpectralBand("B8", 10, 774, 907, 833.0, 1041.28),
    SpectralBand("B8A", 20, 848, 880, 864.0, 953.93),
    SpectralBand("B9", 60, 930, 957, 943.2, 817.58),
    SpectralBand("B10", 60, 1339, 1415, 1376.9, 365.41),
    SpectralBand("B11", 20, 1538, 1679, 1610.4, 247.08),
    SpectralBand("B12", 20, 2065, 2303, 2185.7, 87.75),
)
SPECTRAL_BANDS = {"S2A": SENTINEL_2A, "S2B": SENTINEL_2B}
