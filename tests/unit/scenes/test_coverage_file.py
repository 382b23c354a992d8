"""Coverages as files: their blocks."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from function.grid import Grid
from function.layer import LayerKind
from function.parse.coverage.query import CoverageFormat
from function.raster import Raster
from function.scenes.coverage_file import CoverageLabels, write_coverage


@pytest.mark.parametrize(
    ("shape", "choice", "block"),
    [
        ((600, 700), CoverageFormat.GEOTIFF, (512, 512)),
        ((600, 700), CoverageFormat.COG, (512, 512)),
        # Blocks beyond the image would be compressed and dropped.
        ((2, 5000), CoverageFormat.GEOTIFF, (16, 512)),
        ((5000, 100), CoverageFormat.GEOTIFF, (512, 112)),
        ((2, 5000), CoverageFormat.COG, (16, 16)),
        ((1, 1), CoverageFormat.COG, (16, 16)),
    ],
)
def test_blocks_are_no_larger_than_the_image_needs(
    shape: tuple[int, int], choice: CoverageFormat, block: tuple[int, int]
) -> None:
    height, width = shape
    values = np.arange(height * width, dtype=np.float32).reshape(1, height, width)
    grid = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), width, height)
    labels = CoverageLabels("INDEX", LayerKind.INDEX, ("INDEX",), ())
    with (
        write_coverage(Raster(grid, values, np.ones(shape, bool)), labels, choice) as file,
        rasterio.open(file) as image,
    ):
        assert image.block_shapes == [block]
        np.testing.assert_array_equal(image.read(), values)
