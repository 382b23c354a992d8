"""Five hundred answers leave nothing behind: no open file, no memory that grows."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from map_requests import (
    NDVI,
    ONLINE_RESOURCE,
    TRUE_COLOUR,
    UTM,
    colours,
    get_map,
    package_server,
    unhurried,
)

from function.errors import OwsError
from function.grid import Grid
from function.raster import Raster

ANSWERS = 500

# What the allocator may keep between the marks. One array of the map below, or one request's copy
# of the mapfile, left behind by each answer would come to more than 100 MB.
SLACK = 8 << 20

GRID = Grid.from_bounds("EPSG:32629", UTM.bounds, 256, 256)
RASTER = colours(GRID)
INDEX = Raster(GRID, (RASTER.bands[:1] / 255).astype(np.float32), RASTER.valid)


def draw_a_map() -> None:
    request = get_map(GRID, f"{TRUE_COLOUR},{NDVI}", FORMAT="image/jpeg")
    rasters = {TRUE_COLOUR: RASTER, NDVI: INDEX}
    package_server().answer(request, rasters, {}, ONLINE_RESOURCE, {}, unhurried())


def fail_to_draw() -> None:
    with pytest.raises(OwsError):
        package_server().answer(
            get_map(GRID, "GRID_CELLS"), {}, {}, ONLINE_RESOURCE, {}, unhurried()
        )


def refuse() -> None:
    with pytest.raises(OwsError):
        package_server().answer(get_map(GRID, "nowhere"), {}, {}, ONLINE_RESOURCE, {}, unhurried())


def describe() -> None:
    request = [("SERVICE", "WMS"), ("VERSION", "1.3.0"), ("REQUEST", "GetCapabilities")]
    package_server().answer(request, {}, {}, ONLINE_RESOURCE, {}, unhurried())


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("answer", [draw_a_map, fail_to_draw, refuse, describe])
def test_answers_leave_no_files_and_no_memory(answer: Callable[[], None]) -> None:
    for _ in range(30):
        answer()
    files, memory = open_files(), resident_bytes()
    for _ in range(ANSWERS):
        answer()
    assert open_files() == files
    assert resident_bytes() - memory < SLACK
