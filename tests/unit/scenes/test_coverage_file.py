"""Coverages as files: their blocks, and the time that they take."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from function.deadline import Deadline
from function.errors import DeadlineExceededError
from function.grid import Grid
from function.layer import LayerKind
from function.parse.coverage.query import CoverageFormat
from function.raster import Raster
from function.scenes.coverage_file import CoverageLabels, write_coverage

LABELS = CoverageLabels("INDEX", LayerKind.INDEX, ("INDEX",), ())


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
    raster = Raster(grid, values, np.ones(shape, bool))
    with (
        write_coverage(raster, LABELS, choice, Deadline.after(60)) as file,
        rasterio.open(file) as image,
    ):
        assert image.block_shapes == [block]
        np.testing.assert_array_equal(image.read(), values)


@pytest.mark.parametrize("choice", list(CoverageFormat))
@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_what_cannot_be_written_in_time_is_not_begun(
    choice: CoverageFormat, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made: list[Path] = []
    monkeypatch.setattr(tempfile, "mkdtemp", lambda *_: made.append(tmp_path))
    values = np.zeros((1, 1000, 1000), np.int16)  # 2 MB: 30 ms of the fastest format
    grid = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), 1000, 1000)
    raster = Raster(grid, values, np.ones((1000, 1000), bool))
    with pytest.raises(DeadlineExceededError):
        write_coverage(raster, LABELS, choice, Deadline.after(seconds))
    assert made == []


@pytest.mark.parametrize("choice", list(CoverageFormat))
def test_nothing_is_left_of_a_file_that_was_sent(
    choice: CoverageFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    grid = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), 20, 10)
    raster = Raster(grid, np.ones((1, 10, 20), np.int16), np.ones((10, 20), bool))
    labels = CoverageLabels("VALUES", LayerKind.VALUES, ("B04",), ())
    with write_coverage(raster, labels, choice, Deadline.after(60)) as file:
        assert list(tmp_path.iterdir()) == []
        assert file.read(1)


SCENE = "S2A_MSIL2A_20250510T102021"


def write_bands(tmp_path: Path, bands: tuple[str, ...], choice: CoverageFormat) -> Path:
    """A file of reflectances with as many bands, made of one scene."""
    grid = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), 20, 10)
    values = np.arange(len(bands) * 200, dtype=np.int16).reshape(len(bands), 10, 20)
    raster = Raster(grid, values, np.ones((10, 20), bool), (SCENE,))
    labels = CoverageLabels("VALUES", LayerKind.VALUES, bands, (datetime(2025, 5, 10, tzinfo=UTC),))
    path = tmp_path / "sent"
    with write_coverage(raster, labels, choice, Deadline.after(60)) as file:
        path.write_bytes(file.read())
    return path


@pytest.mark.parametrize(
    ("bands", "variables"), [(("B8A",), ["B8A"]), (("B8A", "B09"), ["B8A_1", "B09_2"])]
)
def test_variables_of_netcdf_are_called_as_their_bands(
    tmp_path: Path, bands: tuple[str, ...], variables: list[str]
) -> None:
    path = write_bands(tmp_path, bands, CoverageFormat.NETCDF)
    for number, (band, variable) in enumerate(zip(bands, variables, strict=True)):
        with rasterio.open(f"netcdf:{path}:{variable}") as image:
            assert image.tags(1)["long_name"] == band
            assert (image.nodata, image.scales) == (-32768, (0.0001,))
            assert image.read(1)[0, 0] == number * 200
            assert str(tempfile.gettempdir()) not in str(image.tags())


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # a PNG
@pytest.mark.parametrize("choice", list(CoverageFormat))
def test_every_format_names_its_scenes(tmp_path: Path, choice: CoverageFormat) -> None:
    with rasterio.open(write_bands(tmp_path, ("B04",), choice)) as image:
        told = {key.rpartition("GDAL_")[2]: text for key, text in image.tags().items()}
    assert told["SCENES"] == SCENE
    assert told["ACQUIRED"] == "2025-05-10T00:00:00Z"
