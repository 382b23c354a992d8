"""Every format that maps come in: its kind of file, its transparency, its place on Earth."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from map_requests import (
    DEAD_DATABASE,
    ONLINE_RESOURCE,
    TRUE_COLOUR,
    UTM,
    colours,
    decode,
    expected_colours,
    get_map,
    package_server,
    unhurried,
)
from mapfiles import write_mapfile
from numpy.typing import NDArray

from function.mapserver.server import MapServer

DRIVERS = {
    "image/png": "PNG",
    "image/png; mode=8bit": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/tiff": "GTiff",
    "image/geotiff": "GTiff",
}
TRANSPARENT = [media_type for media_type in DRIVERS if media_type != "image/jpeg"]


def draw(media_type: str, **changes: str) -> tuple[Any, NDArray[np.uint8]]:
    """The file, closed, and its pixels (bands, height, width), a palette's looked up."""
    answer = package_server().answer(
        get_map(UTM, TRUE_COLOUR, FORMAT=media_type, **changes),
        {TRUE_COLOUR: colours(UTM)},
        {},
        ONLINE_RESOURCE,
        {},
        unhurried(),
    )
    assert answer.content_type == media_type
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.MemoryFile(answer.body) as file, file.open() as image:
            pixels = image.read()
            if image.colorinterp[0] is rasterio.enums.ColorInterp.palette:
                colour_map = np.array(list(image.colormap(1).values()), np.uint8)
                pixels = np.moveaxis(colour_map[pixels[0]], -1, 0)
            return image, pixels


@pytest.mark.parametrize("media_type", DRIVERS)
def test_a_map_comes_in_the_format_that_was_asked_for(media_type: str) -> None:
    image, pixels = draw(media_type, TRANSPARENT="FALSE", BGCOLOR="0x102030")
    assert image.driver == DRIVERS[media_type]
    assert pixels.shape[1:] == UTM.shape
    if len(pixels) > 3:
        assert (pixels[3] == 255).all()


@pytest.mark.parametrize("media_type", TRANSPARENT)
def test_transparency_shows_where_no_scene_is(media_type: str) -> None:
    _, pixels = draw(media_type)
    raster = colours(UTM)
    np.testing.assert_array_equal(pixels[3], np.where(raster.valid, 255, 0))


@pytest.mark.parametrize("media_type", ["image/png", "image/tiff", "image/geotiff"])
def test_lossless_formats_hold_the_pixels_themselves(media_type: str) -> None:
    _, pixels = draw(media_type)
    np.testing.assert_array_equal(np.moveaxis(pixels, 0, -1), expected_colours(colours(UTM)))


@pytest.mark.parametrize("media_type", ["image/tiff", "image/geotiff"])
def test_a_geotiff_knows_its_place(media_type: str) -> None:
    image, _ = draw(media_type)
    assert image.crs.to_string() == UTM.crs
    assert image.transform.almost_equals(UTM.transform, 1e-6)


def test_symbols_grow_with_the_pixels_an_inch(tmp_path: Path) -> None:
    outline = """
    LAYER NAME "line" TYPE LINE STATUS OFF PROJECTION "init=epsg:32629" END
      METADATA "wms_title" "line" END
      FEATURE POINTS 499000 5800160 501000 5800160 END END
      CLASS STYLE COLOR 0 0 0 WIDTH 4 END END
    END"""
    server = MapServer(write_mapfile(tmp_path, outline), DEAD_DATABASE)

    def width(**changes: str) -> float:
        answer = server.answer(
            get_map(UTM, "line", **changes), {}, {}, ONLINE_RESOURCE, {}, unhurried()
        )
        return float(decode(answer)[:, 10, 3].sum() / 255)

    assert width() == width(MAP_RESOLUTION="72") == pytest.approx(4, abs=0.1)
    assert width(MAP_RESOLUTION="144") == pytest.approx(8, abs=0.1)
