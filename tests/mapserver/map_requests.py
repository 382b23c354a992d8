"""Requests as the parse stage hands them over, rasters to answer them with, answers decoded."""

import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from function.deadline import Deadline
from function.grid import Grid
from function.mapserver.dispatch import Rendered
from function.mapserver.server import MapServer
from function.raster import Raster
from function.settings import PACKAGE_MAPFILE

# Nothing listens there: what reaches for the database fails at once.
DEAD_DATABASE = "postgresql://keeper:s3cret@127.0.0.1:1/catalogue"

ONLINE_RESOURCE = "https://maps.example.org/ows?"

TRUE_COLOUR = "S2_L2A_TRUE_COLOR"
NDVI = "S2_L2A_NDVI"
SCL = "S2_L2A_SCL"

UTM = Grid.from_bounds("EPSG:32629", (500000, 5800000, 500480, 5800320), 48, 32)
MERCATOR = Grid.from_bounds("EPSG:3857", (-1e6, 7e6, -998765.4321, 7000987.654321), 48, 32)
LONLAT = Grid.from_bounds("EPSG:4326", (-9.1, 52.3, -9.0, 52.4), 48, 32)

GRIDS = {grid.crs: grid for grid in (UTM, MERCATOR, LONLAT)}


@lru_cache(maxsize=1)
def package_server() -> MapServer:
    return MapServer(PACKAGE_MAPFILE, DEAD_DATABASE)


def get_map(
    grid: Grid, layers: str, version: str = "1.3.0", **changes: str
) -> list[tuple[str, str]]:
    """A GetMap of ``grid``, with the axis order of the version; ``changes`` win."""
    west, south, east, north = grid.bounds
    bounds = [west, south, east, north]
    if version == "1.3.0" and grid.crs == "EPSG:4326":
        bounds = [south, west, north, east]
    parameters = {
        "SERVICE": "WMS",
        "VERSION": version,
        "REQUEST": "GetMap",
        "LAYERS": layers,
        "STYLES": ",".join("" for _ in layers.split(",")),
        "CRS" if version == "1.3.0" else "SRS": grid.crs,
        "BBOX": ",".join(map(repr, bounds)),
        "WIDTH": str(grid.width),
        "HEIGHT": str(grid.height),
        "FORMAT": "image/png",
        "TRANSPARENT": "TRUE",
    }
    return list((parameters | changes).items())


def unhurried() -> Deadline:
    return Deadline.after(60.0)


def draw(
    server: MapServer, parameters: list[tuple[str, str]], rasters: Mapping[str, Raster]
) -> NDArray[np.uint8]:
    """The answer's pixels, (height, width, bands)."""
    return decode(server.answer(parameters, rasters, {}, ONLINE_RESOURCE, {}, unhurried()))


def decode(answer: Rendered) -> NDArray[np.uint8]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.MemoryFile(answer.body) as file, file.open() as image:
            pixels: NDArray[np.uint8] = np.moveaxis(image.read(), 0, -1)
    return pixels


def colours(grid: Grid, seed: int = 1, valid_share: float = 0.8) -> Raster:
    """Random colours, every fifth pixel without a scene."""
    random = np.random.default_rng(seed)
    return Raster(
        grid,
        random.integers(0, 256, (3, *grid.shape), dtype=np.uint8),
        random.random(grid.shape) < valid_share,
    )


def one_band(grid: Grid, values: NDArray[Any]) -> Raster:
    """``values``, repeated to fill the grid, valid everywhere."""
    bands = np.resize(values, (1, *grid.shape))
    return Raster(grid, np.ascontiguousarray(bands), np.ones(grid.shape, np.bool_))


def expected_colours(raster: Raster) -> NDArray[np.uint8]:
    """The transparent picture of ``raster``, (height, width, 4); black where nothing is valid."""
    opacity = np.where(raster.valid, np.uint8(255), np.uint8(0))
    return np.dstack([*np.where(raster.valid, raster.bands, 0), opacity])
