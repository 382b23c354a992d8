"""What ingest is told of a file."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from scene_images import ImageMaker, natural

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.scenes.image_header import ImageHeader, read_image_header

PRODUCT = "S2A_MSIL2A_20221005T115411_N0400_R023_T29UNU_20221005T164454.SAFE"


@pytest.fixture
def make_image(tmp_path: Path) -> ImageMaker:
    return ImageMaker(tmp_path)


def test_header_of_generated_images(make_image: ImageMaker) -> None:
    band = make_image(natural(50, 60), resolution=20.0)
    assert read_image_header(band.href) == ImageHeader(band.grid, 1, 16)
    colour = make_image(np.ones((3, 30, 40), np.uint8), band="TCI")
    assert read_image_header(colour.href) == ImageHeader(colour.grid, 3, 8)


def test_header_of_a_real_band(shared: Path) -> None:
    product = shared / "data" / "sentinel-2" / PRODUCT
    path = next(product.glob("GRANULE/*/IMG_DATA/R60m/*_B04_60m.jp2"))
    grid = Grid("EPSG:32629", Affine(60, 0, 499980, 0, -60, 5900040), 1830, 1830)
    assert read_image_header(str(path)) == ImageHeader(grid, 1, 15)


def test_what_is_no_image_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.jp2"
    path.write_bytes(b"")
    with pytest.raises(SceneUnreadableError, match=r"^empty\.jp2 is no readable image$"):
        read_image_header(str(path))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_image_without_reference_system_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bare.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8"
    ) as dataset:
        dataset.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(SceneUnreadableError, match="no reference system"):
        read_image_header(str(path))
