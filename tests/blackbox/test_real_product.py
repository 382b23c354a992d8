"""The real product beside its own true colour image, which GDAL decodes and warps."""

from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pictures import decode_picture
from rasterio.warp import Resampling, reproject
from serving import Served

# Land, water and cloud near the edge of the swath, on the product's grid of 60 m.
COLUMN, ROW, WIDTH, HEIGHT = 700, 300, 700, 600


def draw(service: Served, **changes: object) -> NDArray[np.int32]:
    """A map as (red, green, blue, opacity)."""
    reply = service.ask(
        "/ows?"
        + urlencode(
            {
                "SERVICE": "WMS",
                "VERSION": "1.3.0",
                "REQUEST": "GetMap",
                "LAYERS": "S2_L2A_TRUE_COLOR",
                "STYLES": "",
                "FORMAT": "image/png",
                "TRANSPARENT": "TRUE",
            }
            | changes
        )
    )
    assert reply.status == 200, reply.body
    colours, opacity = decode_picture(reply.body)
    return np.concatenate([colours, opacity[None]])


@pytest.fixture(scope="module")
def true_colour(shared: Path) -> Path:
    (file,) = (shared / "data" / "sentinel-2").glob(
        "S2A_MSIL2A_*.SAFE/GRANULE/*/IMG_DATA/R60m/*_TCI_60m.jp2"
    )
    return file


def test_on_its_own_grid_it_is_the_image_itself(irish_service: Served, true_colour: Path) -> None:
    with rasterio.open(true_colour) as image:
        west, north = image.transform @ (COLUMN, ROW)
        east, south = image.transform @ (COLUMN + WIDTH, ROW + HEIGHT)
        expected = image.read()[:, ROW : ROW + HEIGHT, COLUMN : COLUMN + WIDTH]
    picture = draw(
        irish_service,
        CRS="EPSG:32629",
        BBOX=f"{west},{south},{east},{north}",
        WIDTH=WIDTH,
        HEIGHT=HEIGHT,
    )
    assert 0.5 < (picture[3] == 255).mean() < 1
    np.testing.assert_array_equal(picture[:3], expected)
    assert (picture[3, expected.any(axis=0)] == 255).all()


def test_in_web_mercator_it_looks_like_the_image(irish_service: Served, true_colour: Path) -> None:
    # 98 m of Web Mercator are 60 m on the ground at this latitude.
    west, north, pixel, size = -980_000.0, 7_000_000.0, 98.0, 500
    bounds = (west, north - size * pixel, west + size * pixel, north)
    picture = draw(
        irish_service,
        CRS="EPSG:3857",
        BBOX=",".join(map(str, bounds)),
        WIDTH=size,
        HEIGHT=size,
    )
    expected = np.zeros((3, size, size), np.float32)
    with rasterio.open(true_colour) as image:
        reproject(
            image.read().astype(np.float32),
            expected,
            src_crs=image.crs,
            src_transform=image.transform,
            dst_crs="EPSG:3857",
            dst_transform=rasterio.Affine(pixel, 0, west, 0, -pixel, north),
            resampling=Resampling.bilinear,
            tolerance=0.0,
        )
    assert (picture[3] == 255).all()
    difference = np.abs(picture[:3] - expected)
    # The position is within an eighth of a pixel, at the contrast of clouds' edges.
    assert difference.mean() < 2
    assert np.quantile(difference, 0.99) < 25


@pytest.mark.parametrize(
    "layer", ["S2_L2A_TRUE_COLOR", "S2_L2A_FALSE_COLOR", "S2_L2A_NDVI", "S2_L2A_SCL"]
)
def test_each_layer_is_there_although_images_of_10_and_20_metres_are_not(
    irish_service: Served, layer: str
) -> None:
    picture = draw(
        irish_service,
        LAYERS=layer,
        CRS="EPSG:32629",
        BBOX="510000,5800000,530000,5820000",
        WIDTH=400,
        HEIGHT=400,
    )
    assert (picture[3] == 255).all()
    assert len(np.unique(picture[:3].reshape(3, -1), axis=1).T) > 3


def test_a_coverage_of_all_bands_has_those_that_the_product_has(
    irish_service: Served, true_colour: Path
) -> None:
    """No image of B08 is there: it comes at 10 m alone."""
    with rasterio.open(true_colour) as image:
        west, north = image.transform @ (COLUMN, ROW)
        east, south = image.transform @ (COLUMN + 100, ROW + 80)
    query = {
        "SERVICE": "WCS",
        "VERSION": "1.0.0",
        "REQUEST": "GetCoverage",
        "COVERAGE": "S2_L2A",
        "CRS": "EPSG:32629",
        "BBOX": f"{west},{south},{east},{north}",
        "RESX": 60,
        "RESY": 60,
        "FORMAT": "GeoTIFF",
    }
    reply = irish_service.ask("/ows?" + urlencode(query))
    assert reply.status == 200, reply.body
    product = true_colour.parents[4].name.removesuffix(".SAFE")
    assert reply.headers["x-sentinel-ows-warning"] == (
        f"{product}: the scene has no B08, which is no data there"
    )
    with rasterio.MemoryFile(reply.body) as file, file.open() as coverage:
        bands = dict(zip(coverage.descriptions, coverage.read(), strict=True))
    assert (bands.pop("B08") == -32768).all()
    assert len(bands) == 11
    for band, values in bands.items():
        (path,) = true_colour.parent.glob(f"*_{band}_60m.jp2")
        with rasterio.open(path) as image:
            samples = image.read(1)[ROW : ROW + 80, COLUMN : COLUMN + 100].astype(np.int32)
        np.testing.assert_array_equal(values, np.where(samples == 0, -32768, samples - 1000))


def test_with_clouds_masked_they_are_gaps(irish_service: Served) -> None:
    area = {
        "CRS": "EPSG:32629",
        "BBOX": "500040,5840040,545040,5885040",
        "WIDTH": 750,
        "HEIGHT": 750,
    }
    classes = draw(irish_service, LAYERS="S2_L2A_SCL", **area)
    masked = draw(irish_service, CLOUDMASK="on", **area)
    vegetation = (classes[:3] == np.array([0, 160, 0])[:, None, None]).all(axis=0)
    cloud = (classes[:3] == np.array([255, 255, 255])[:, None, None]).all(axis=0)
    assert vegetation.mean() > 0.1
    assert cloud.mean() > 0.02
    assert (masked[3, vegetation] == 255).all()
    assert (masked[3, cloud] == 0).all()
