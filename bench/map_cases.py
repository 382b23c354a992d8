"""The maps that are asked for: what they show, how large, how far out, and where."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlencode

from pyproj import Transformer

from bench.full_size_products import CELLS, NORTH
from function.demo.itinerary import CRS

ONE_DATE = "2025-05-20"
TEN_DATES = "2025-05-20/2025-08-18"
# A map in Web Mercator is turned against the image by up to 1.3 degrees: the corners of the widest
# one reach 300 m further out.
MARGIN = 500.0
OVERLAP_WEST = 598000.0  # a walk from here on leaves one cell for the next
STEPS = 8
STEP = 0.25  # of the map's width


@dataclass(frozen=True, slots=True)
class Case:
    """Maps of one kind; ``metres`` is the size of a pixel on the ground."""

    name: str
    layer: str
    image_format: str
    size: int
    metres: float
    dates: str = ONE_DATE
    pans: bool = False
    strata: tuple[int, int] = (4, 3)
    clear: bool = False
    """Whether clouds are taken out."""
    bar: float = 1.0
    """How many times faster than MapServer on the same files the median must be."""


def _true_colour(name: str, layer: str) -> list[Case]:
    kind = (layer, "image/jpeg")
    return [
        Case(f"{name}, 256 px", *kind, 256, 10.0, bar=3.0),
        Case(f"{name}, 512 px", *kind, 512, 10.0, bar=3.0),
        Case(f"{name}, 1024 px", *kind, 1024, 10.0, bar=2.0),
        Case(f"{name}, 256 px at 100 m", *kind, 256, 100.0),
        Case(f"{name}, 512 px at 40 m", *kind, 512, 40.0),
        Case(f"{name}, ten deep", *kind, 512, 10.0, TEN_DATES, strata=(3, 2), bar=20.0),
    ]


TCI, BANDS = "S2_L2A_TRUE_COLOR", "S2_L2A_TRUE_COLOR_BANDS"
CASES = (
    *_true_colour("TCI", TCI),
    *_true_colour("bands", BANDS),
    Case("NDVI, 512 px", "S2_L2A_NDVI", "image/png", 512, 10.0, bar=3.0),
    Case("panning TCI, 512 px", TCI, "image/jpeg", 512, 10.0, pans=True, strata=(2, 1)),
    Case("panning bands, 512 px", BANDS, "image/jpeg", 512, 10.0, pans=True, strata=(2, 1)),
)
CLOUDLESS_CASES = (
    Case("TCI, 256 px", TCI, "image/jpeg", 256, 10.0, TEN_DATES, clear=True),
    Case("TCI, 512 px", TCI, "image/jpeg", 512, 10.0, TEN_DATES, clear=True),
    Case("TCI, 512 px at 40 m", TCI, "image/jpeg", 512, 40.0, TEN_DATES, clear=True),
    Case("NDVI, 512 px", "S2_L2A_NDVI", "image/png", 512, 10.0, TEN_DATES, clear=True),
    Case(
        "NDVI, 1024 px",
        "S2_L2A_NDVI",
        "image/png",
        1024,
        10.0,
        TEN_DATES,
        strata=(3, 2),
        clear=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Site:
    """The western cell, where the maps lie: its corner in UTM, and how long its sides are."""

    west: float
    north: float
    length: float

    @classmethod
    def of(cls, pixels: int) -> "Site":
        """Take an archive whose 10 m images are ``pixels`` wide."""
        return cls(min(CELLS.values()), NORTH, pixels * 10.0)


def walks(case: Case, site: Site, crs: str, seed: int) -> list[list[str]]:
    """Give query strings, in the order in which one client asks: a map, or the maps of a pan.

    The first maps lie in strata, so that two of them have few of an image's tiles in common.
    """
    choose = random.Random(f"{case.name} {seed}")  # noqa: S311 - places, no secrets
    ground = case.size * case.metres
    starts = list(_centres(case, site, ground, choose))
    if not case.pans:
        return [[_query(case, crs, start)] for start in starts]
    starts.append((OVERLAP_WEST + choose.uniform(0, 1000) + ground / 2, starts[0][1]))
    return [
        [_query(case, crs, (x + step * STEP * ground, y)) for step in range(STEPS)]
        for x, y in starts
    ]


def elsewhere(case: Case, site: Site, crs: str) -> str:
    """Give the query of a small map over the neighbouring cell alone, to start a process up."""
    east = max(CELLS.values()) + site.length - 2000.0
    wide = Case(case.name, case.layer, case.image_format, 64, 10.0)
    return _query(wide, crs, (east, site.north - site.length / 2))


def _centres(
    case: Case, site: Site, ground: float, choose: random.Random
) -> Iterator[tuple[float, float]]:
    columns, rows = case.strata
    xs = _edges(site.west + MARGIN, site.west + site.length - MARGIN, columns)
    ys = _edges(site.north - site.length + MARGIN, site.north - MARGIN, rows)
    for low, high in pairwise(ys):
        for left, right in pairwise(xs):
            reach = STEPS * STEP * ground if case.pans else 0.0
            yield (
                _between(left, right - reach, ground, choose),
                _between(low, high, ground, choose),
            )


def _edges(start: float, end: float, parts: int) -> list[float]:
    return [start + (end - start) * part / parts for part in range(parts + 1)]


def _between(low: float, high: float, length: float, choose: random.Random) -> float:
    """Choose the middle of a ``length`` inside ``low`` and ``high``, in their middle at worst."""
    slack = max(high - low - length, 0.0) / 2
    return (low + high) / 2 + choose.uniform(-slack, slack)


def _query(case: Case, crs: str, centre: tuple[float, float]) -> str:
    x, y = Transformer.from_crs(CRS, crs, always_xy=True).transform(*centre)
    half = case.size * case.metres / 2
    if crs == "EPSG:3857":
        latitude = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(*centre)[1]
        half /= math.cos(math.radians(latitude))
    return urlencode(
        {
            "SERVICE": "WMS",
            "VERSION": "1.3.0",
            "REQUEST": "GetMap",
            "LAYERS": case.layer,
            "STYLES": "",
            "CRS": crs,
            "BBOX": ",".join(f"{edge:.3f}" for edge in (x - half, y - half, x + half, y + half)),
            "WIDTH": case.size,
            "HEIGHT": case.size,
            "FORMAT": case.image_format,
            "TIME": case.dates,
            "CLOUDMASK": "on" if case.clear else "off",
        }
    )
