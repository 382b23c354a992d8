"""The real product of Ireland's west coast, of which only the 60 m images are at hand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from archives import local_archive
from numpy.typing import NDArray
from scene_images import ORIGIN, UTM29

from function.deadline import Deadline
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind
from function.scene import Asset, Scene
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.reader import SceneReader

PRODUCT = "S2A_MSIL2A_20221005T115411_N0400_R023_T29UNU_20221005T164454.SAFE"
# The product's own footprint, with fewer corners.
FOOTPRINT = (
    "MULTIPOLYGON(((-9.000305 53.249626, -7.760468 53.241073, -8.297485 52.257760,"
    " -9.000305 52.262546, -9.000305 53.249626)))"
)
WEST, NORTH = ORIGIN
TRUE_COLOUR = ArchiveLayer(
    "TC",
    "s",
    LayerKind.COLOUR,
    ("B04", "B03", "B02"),
    visual="TCI",
    stretch=(0.0, 0.25),
    masked_classes=frozenset({0, 1, 3, 8, 9, 10}),
)
FROM_BANDS = replace(TRUE_COLOUR, visual=None)
NDVI = ArchiveLayer(
    "NDVI",
    "s",
    LayerKind.INDEX,
    ("B04", "B08"),
    substitutes=(("B08", "B8A"),),
    expression="(B08-B04)/(B08+B04)",
)


@pytest.fixture(scope="module")
def scene(shared: Path) -> Scene:
    directory = shared / "data" / "sentinel-2" / PRODUCT
    assets = []
    for path in sorted(directory.glob("GRANULE/*/IMG_DATA/R60m/*_60m.jp2")):
        band = path.name.split("_")[2]
        reflectance = band.startswith("B")
        assets.append(
            Asset(
                band,
                str(path),
                Grid(UTM29, Affine(60, 0, WEST, 0, -60, NORTH), 1830, 1830),
                3 if band == "TCI" else 1,
                15 if reflectance else 8,
                offset=-1000.0 if reflectance else 0.0,
                quantification=10000.0 if reflectance else 1.0,
            )
        )
    moment = datetime(2022, 10, 5, 11, 54, 11, tzinfo=UTC)
    return Scene(
        "s", "A", moment, moment, "S2A", "04.00", "", 23, "29UNU", 59.8, FOOTPRINT, tuple(assets)
    )


@pytest.fixture(scope="module")
def reader() -> Iterator[SceneReader]:
    decoder = GdalDecoder(local_archive())
    with ThreadPoolExecutor(3) as workers:
        yield SceneReader(decoder, workers)
    decoder.close()


def window(column: int, row: int, width: int, height: int) -> Grid:
    transform = Affine(60, 0, WEST + 60 * column, 0, -60, NORTH - 60 * row)
    return Grid(UTM29, transform, width, height)


def whole(scene: Scene, band: str) -> NDArray[np.uint16]:
    href = next(asset.href for asset in scene.assets if asset.band == band)
    with rasterio.open(href) as dataset:
        samples: NDArray[np.uint16] = dataset.read()
    return samples


def test_true_colour_from_bands_is_esas_own(reader: SceneReader, scene: Scene) -> None:
    grid = window(300, 200, 700, 500)
    visual = reader.read(TRUE_COLOUR, grid, [scene], False, Deadline.after(60.0))
    bands = reader.read(FROM_BANDS, grid, [scene], False, Deadline.after(60.0))
    assert visual.valid.all()
    assert bands.valid.all()
    np.testing.assert_array_equal(visual.bands, bands.bands)
    np.testing.assert_array_equal(visual.bands, whole(scene, "TCI")[:, 200:700, 300:1000])


def test_swath_edge_is_where_the_bands_have_it(reader: SceneReader, scene: Scene) -> None:
    grid = window(900, 700, 400, 600)
    visual = reader.read(TRUE_COLOUR, grid, [scene], False, Deadline.after(60.0))
    bands = reader.read(FROM_BANDS, grid, [scene], False, Deadline.after(60.0))
    part = (slice(700, 1300), slice(900, 1300))
    measured = np.all([whole(scene, band)[0][part] for band in ("B02", "B03", "B04")], axis=0)
    assert 0.2 < measured.mean() < 0.8
    np.testing.assert_array_equal(bands.valid, measured)
    # TCI is black in some pixels of the edge that the classification does not know either.
    known = (whole(scene, "TCI") != 0).any(axis=0) | (whole(scene, "SCL")[0] != 0)
    np.testing.assert_array_equal(visual.valid, known[part])
    assert (visual.valid <= measured).all()


def test_deep_water_is_black_and_not_missing(reader: SceneReader, scene: Scene) -> None:
    black = (whole(scene, "TCI") == 0).all(axis=0) & (whole(scene, "SCL")[0] != 0)
    rows, columns = np.nonzero(black)
    assert rows.size > 1000
    grid = window(int(columns.min()), int(rows.min()), 400, 400)
    raster = reader.read(TRUE_COLOUR, grid, [scene], False, Deadline.after(60.0))
    part = black[rows.min() : rows.min() + 400, columns.min() : columns.min() + 400]
    assert part.any()
    assert raster.valid[part].all()
    assert not raster.bands[:, part].any()


def test_ndvi_with_offset_and_substitute(reader: SceneReader, scene: Scene) -> None:
    grid = window(1000, 700, 200, 300)
    raster = reader.read(NDVI, grid, [scene], False, Deadline.after(60.0))
    numbers = [whole(scene, band)[0, 700:1000, 1000:1200] for band in ("B04", "B8A")]
    red, infrared = ((number.astype(np.float64) - 1000) / 10000 for number in numbers)
    valid = (numbers[0] != 0) & (numbers[1] != 0) & (red + infrared != 0)
    assert 0.2 < valid.mean() < 1
    np.testing.assert_array_equal(raster.valid, valid)
    expected = ((infrared - red) / (infrared + red))[valid]
    np.testing.assert_allclose(raster.bands[0][valid], expected, rtol=1e-4, atol=1e-5)


def test_clouds_are_taken_out(reader: SceneReader, scene: Scene) -> None:
    grid = window(200, 300, 500, 400)
    raster = reader.read(TRUE_COLOUR, grid, [scene], True, Deadline.after(60.0))
    classes = whole(scene, "SCL")[0, 300:700, 200:700]
    expected = ~np.isin(classes, sorted(TRUE_COLOUR.masked_classes))
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(raster.valid, expected)
