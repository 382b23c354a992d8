"""From digital numbers to reflectances, colours and masks."""

import numpy as np
import pytest
from affine import Affine

from function.grid import Grid
from function.scene import Asset
from function.scenes.calibration import calibrate
from function.scenes.colour import stretch
from function.scenes.low_pass import halve
from function.scenes.masking import MIXED_SAMPLES, measured, outside_classes, unmixed

GRID = Grid("EPSG:32629", Affine(10, 0, 0, 0, -10, 0), 4, 1)
BAND = Asset("B04", "B04.jp2", GRID, 1, 15)


def test_offset_goes_before_quantification() -> None:
    samples = np.array([[[1, 1000, 1001, 11000]]], np.uint16)
    asset = Asset("B04", "B04.jp2", GRID, 1, 15, offset=-1000.0, quantification=10000.0)
    expected = np.array([[[-0.0999, 0.0, 0.0001, 1.0]]], np.float32)
    np.testing.assert_array_equal(calibrate(asset, samples), expected)
    without = Asset("B04", "B04.jp2", GRID, 1, 15, quantification=10000.0)
    assert calibrate(without, samples)[0, 0, 1] == np.float32(0.1)


def test_zero_is_not_measured_and_saturation_is() -> None:
    samples = np.array([[[0, 1, 65535, 0]]], np.uint16)
    asset = Asset("B04", "B04.jp2", GRID, 1, 16)
    np.testing.assert_array_equal(measured(asset, samples, 0), [[False, True, True, False]])
    every = Asset("CLDPRB", "CLDPRB.jp2", GRID, 1, 8, nodata=None)
    assert measured(every, samples, 0).all()


def test_colour_is_missing_where_all_components_are() -> None:
    samples = np.array([[[0, 0, 9]], [[0, 3, 9]], [[0, 0, 9]]], np.uint8)
    asset = Asset("TCI", "TCI.jp2", GRID, 3, 8)
    np.testing.assert_array_equal(measured(asset, samples, 0), [[False, True, True]])


def test_classes_are_taken_out() -> None:
    codes = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    kept = outside_classes(codes, frozenset({0, 3, 8, 9}))
    assert [code for code in range(12) if kept.ravel()[code]] == [1, 2, 4, 5, 6, 7, 10, 11]
    assert outside_classes(codes, frozenset()).all()


@pytest.mark.parametrize(
    ("reflectance", "colour"),
    # Where ESA's TCI changes from one value to the next.
    [
        (-0.1, 0),
        (0.0, 0),
        (0.0001, 1),
        (0.0009, 1),
        (0.0010, 2),
        (0.0482, 49),
        (0.0483, 50),
        (0.1003, 102),
        (0.1004, 103),
        (0.1250, 128),
        (0.2499, 254),
        (0.2500, 255),
        (1.5, 255),
    ],
)
def test_stretch_is_esas(reflectance: float, colour: int) -> None:
    values = np.array([reflectance], np.float32)
    assert stretch(values, 0.0, 0.25)[0] == colour


def test_reduced_samples_mixed_with_nodata_are_found() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        # An edge of the swath: a line in any direction, data on one side of it.
        angle, distance = random.uniform(0, 2 * np.pi), random.uniform(-40, 40)
        rows, columns = np.mgrid[-128:128, -128:128]
        data = columns * np.cos(angle) + rows * np.sin(angle) > distance
        samples = np.where(data, 3000, 0).astype(np.int32)[np.newaxis]
        for reduction in range(1, 5):
            samples = halve(samples).clip(0, 32767)
            valid = unmixed(measured(BAND, samples, reduction), reduction)
            assert valid.any()
            # Where the edge runs slantwise the outermost mixed sample may pass: a thousandth.
            assert np.abs(samples[0][valid] - 3000).max() <= 3
            # No more is given up than the samples the edge may have touched.
            assert np.count_nonzero(samples[0] == 3000) - np.count_nonzero(valid) <= 3 * 256


def test_dark_land_beside_bright_clouds_is_measured_at_every_reduction() -> None:
    random = np.random.default_rng(6)
    undershot = 0
    for _ in range(10):
        rows, columns = np.mgrid[0:512, 0:512]
        samples = np.full((1, 512, 512), 150, np.int32)
        for row, column, radius in random.uniform((0, 200, 2), (512, 512, 40), (25, 3)):
            samples[0][np.hypot(rows - row, columns - column) < radius] = 9000
        samples[0, :, :64] = 0
        for reduction in range(1, 5):
            samples = halve(samples)
            seen = samples.clip(0, 32767)
            valid = unmixed(measured(BAND, seen, reduction), reduction)
            edge = 64 >> reduction
            assert not valid[:, :edge].any()
            inner = (slice(10, -10), slice(edge + MIXED_SAMPLES, -10))
            assert valid[inner].all()
            undershot += int(np.count_nonzero(seen[0][inner] == 0))
    assert undershot > 1000


def test_full_resolution_is_not_mixed_and_image_edges_are_no_holes() -> None:
    valid = np.ones((9, 9), np.bool_)
    assert unmixed(valid, 3).all()
    valid[0, 0] = False
    np.testing.assert_array_equal(unmixed(valid, 0), valid)
    eroded = unmixed(valid, 1)
    assert not eroded[: MIXED_SAMPLES + 1, : MIXED_SAMPLES + 1].any()
    assert eroded[MIXED_SAMPLES + 1 :].all()
    assert eroded[:, MIXED_SAMPLES + 1 :].all()
