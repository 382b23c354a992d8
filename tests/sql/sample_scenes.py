"""Scenes to fill a catalogue with."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from affine import Affine

from function.grid import Grid
from function.scene import Asset, Scene

COLLECTION = "sentinel-2-l2a"
GRID = Grid("EPSG:32629", Affine(60.0, 0.0, 499980.0, 0.0, -60.0, 5900040.0), 1830, 1830)

Box = tuple[float, float, float, float]


def day(number: int) -> datetime:
    """Midday of a day of June 2024."""
    return datetime(2024, 6, number, 12, tzinfo=UTC)


def multipolygon(*boxes: Box) -> str:
    """WKT of boxes (west, south, east, north), as PostGIS writes it."""
    rings = (
        f"(({w:g} {s:g},{e:g} {s:g},{e:g} {n:g},{w:g} {n:g},{w:g} {s:g}))" for w, s, e, n in boxes
    )
    return f"MULTIPOLYGON({','.join(rings)})"


def asset(band: str = "B04", href: str = "/archive/B04.jp2", grid: Grid = GRID) -> Asset:
    return Asset(band, href, grid, 1, 15, -1000.0, 10000.0, 0)


def scene(name: str, *boxes: Box, **changes: Any) -> Scene:
    """A scene over ``boxes``, its datatake its own unless ``changes`` say otherwise."""
    sample = Scene(
        collection=COLLECTION,
        name=name,
        acquired=day(1),
        generated=day(2),
        platform="Sentinel-2A",
        baseline="05.10",
        datatake=f"GS2A_{name}",
        relative_orbit=23,
        cell="29UNU",
        cloud_cover=10.0,
        footprint=multipolygon(*(boxes or ((-9.0, 52.0, -8.0, 53.0),))),
        assets=(asset(href=f"/archive/{name}/B04.jp2"),),
    )
    return replace(sample, **changes)


def lonlat(west: float, south: float, east: float, north: float) -> Grid:
    """A grid in degrees."""
    return Grid.from_bounds("EPSG:4326", (west, south, east, north), 64, 64)
