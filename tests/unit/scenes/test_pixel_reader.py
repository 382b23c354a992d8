"""One pixel of a map: as the map shows it, with its bands and the scene that gave it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from array_archive import (
    CLASSES,
    COLOUR,
    GRID,
    INDEX,
    NORTH,
    SIZE,
    WEST,
    AfterDecoding,
    Archive,
    ArrayDecoder,
    Images,
    bands,
    plain,
)
from hypothesis import given
from hypothesis import strategies as st
from test_composites import Stack

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite
from function.pixel import PixelReading
from function.scene import Scene
from function.scenes import pixel_reader as module
from function.scenes.pixel_reader import PixelReader
from function.scenes.reader import SceneReader

STACK = Stack()
WORKERS = ThreadPoolExecutor(2)
FINE = replace(COLOUR, visual=None)
SCL = replace(CLASSES, masked_classes=frozenset({8, 9}))
# Grids that are not the scenes' own: finer, coarser, of another reference system.
GRIDS = {
    "own": GRID,
    "finer": Grid("EPSG:32629", Affine(3, 0, WEST + 100, 0, -3, NORTH - 100), 200, 150),
    "coarser": Grid("EPSG:32629", Affine(37, 0, WEST - 100, 0, -37, NORTH + 100), 40, 40),
    "mercator": Grid("EPSG:3857", Affine(15, 0, -838000, 0, -15, 6860600), 130, 110),
}


def look(
    layer: ArchiveLayer,
    scenes: list[Scene],
    pixel: tuple[int, int],
    grid: Grid = GRID,
    cloud_mask: bool = False,
    decoder: ArrayDecoder = STACK.decoder,
) -> PixelReading:
    reader = PixelReader(decoder, WORKERS)
    return reader.read(layer, grid, pixel, scenes, cloud_mask, Deadline.after(60.0))


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("cloud_mask", [False, True])
@pytest.mark.parametrize("composite", list(Composite))
def test_an_index_is_what_the_map_shows(name: str, cloud_mask: bool, composite: Composite) -> None:
    grid, layer = GRIDS[name], replace(INDEX, composite=composite)
    drawn = SceneReader(STACK.decoder, WORKERS).read(
        layer, grid, STACK.scenes, cloud_mask, Deadline.after(60.0)
    )
    seen = 0
    for column in range(0, grid.width, grid.width // 7):
        for row in range(0, grid.height, grid.height // 5):
            reading = look(layer, STACK.scenes, (column, row), grid, cloud_mask)
            assert bool(reading.scenes) == bool(drawn.valid[row, column])
            if reading.scenes:
                seen += 1
                assert dict(reading.values)["value"] == pytest.approx(
                    float(drawn.bands[0, row, column]), rel=1e-4, abs=1e-5
                )
    # Clouds of single pixels leave nothing clear of what is reduced.
    assert (seen > 5) == (not (cloud_mask and name == "coarser"))


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.booleans())
def test_the_scene_is_the_first_that_has_the_pixel(column: int, row: int, masked: bool) -> None:
    expected = None
    for number, images in enumerate(STACK.images):
        measured = images["B04"][row, column] != 0
        if measured and not (masked and STACK.clouds[number][row // 2, column // 2] in (8, 9)):
            expected = number
            break
    reading = look(INDEX, STACK.scenes, (column, row), cloud_mask=masked)
    assert [scene.name for scene in reading.scenes] == (
        [] if expected is None else [f"S{expected}"]
    )
    if expected is not None:
        red, infrared = (
            (int(STACK.images[expected][band][row, column]) - 1000) / 10000
            for band in ("B04", "B08")
        )
        values = dict(reading.values)
        assert list(values) == ["value", "B04", "B08"]
        assert values["B04"] == pytest.approx(red, abs=1e-6)
        assert values["B08"] == pytest.approx(infrared, abs=1e-6)
        assert values["value"] == pytest.approx((infrared - red) / (infrared + red), abs=1e-5)


def test_colours_are_told_as_reflectance() -> None:
    decoder = ArrayDecoder()
    images: Images = {
        "B04": plain(2000),
        "B03": plain(1500),
        "B02": plain(1250),
        "TCI": np.full((3, SIZE, SIZE), 99, np.uint8),
    }
    scene = Archive(decoder).scene("A", images)
    reading = look(COLOUR, [scene], (5, 6), decoder=decoder)
    assert dict(reading.values) == pytest.approx({"B04": 0.1, "B03": 0.05, "B02": 0.025})


def test_a_band_that_the_scene_lacks_is_unknown() -> None:
    decoder = ArrayDecoder()
    images: Images = {"B04": plain(2000), "TCI": np.full((3, SIZE, SIZE), 99, np.uint8)}
    scene = Archive(decoder).scene("A", images)
    reading = look(COLOUR, [scene], (5, 6), decoder=decoder)
    assert dict(reading.values) == {"B04": pytest.approx(0.1), "B03": None, "B02": None}


def test_a_class_is_its_code() -> None:
    for pixel in ((3, 3), (110, 110), (60, 61)):
        reading = look(SCL, STACK.scenes, pixel)
        assert reading.values == (("class", int(STACK.clouds[0][pixel[1] // 2, pixel[0] // 2])),)
        assert isinstance(reading.values[0][1], int)


def test_a_median_has_all_its_scenes_and_no_bands() -> None:
    reading = look(replace(INDEX, composite=Composite.MEDIAN), STACK.scenes, (70, 80))
    here = [n for n, images in enumerate(STACK.images) if images["B04"][80, 70] != 0]
    assert [scene.name for scene in reading.scenes] == [f"S{number}" for number in here]
    assert [name for name, _ in reading.values] == ["value"]


@pytest.mark.parametrize(
    ("composite", "expected"), [(Composite.MEDIAN, np.median), (Composite.MEAN, np.mean)]
)
def test_composed_colours_are_told_band_by_band(composite: Composite, expected: object) -> None:
    assert callable(expected)
    reading = look(replace(FINE, composite=composite), STACK.scenes, (70, 80))
    here = [images for images in STACK.images if images["B04"][80, 70] != 0]
    for band, value in reading.values:
        numbers = [(float(images[band][80, 70]) - 1000) / 10000 for images in here]
        assert value == pytest.approx(float(expected(numbers)), abs=1e-6)


def test_the_greatest_names_the_scene_that_it_is_of() -> None:
    reading = look(replace(INDEX, composite=Composite.MAX), STACK.scenes, (70, 80))
    (scene,) = reading.scenes
    everyone = [dict(look(INDEX, [each], (70, 80)).values).get("value") for each in STACK.scenes]
    best = max(value for value in everyone if value is not None)
    assert dict(reading.values)["value"] == best == everyone[int(scene.name[1:])]


def test_no_more_is_decoded_than_around_the_pixel() -> None:
    decoder = ArrayDecoder()
    scenes = [Archive(decoder).scene(f"S{number}", bands(2000, 3000)) for number in range(4)]
    look(INDEX, scenes, (50, 60), decoder=decoder)
    assert {href.split("_")[0] for href in decoder.files} == {"S0"}
    assert all(window.width <= 21 and window.height <= 21 for _, window, _ in decoder.decoded)


def test_parts_of_a_large_map_are_those_of_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 50)
    for pixel in ((0, 0), (49, 50), (50, 49), (119, 119), (101, 7)):
        whole = look(INDEX, STACK.scenes, pixel)
        assert [scene.name for scene in whole.scenes] == [
            scene.name
            for scene in STACK.scenes
            if STACK.images[int(scene.name[1:])]["B04"][pixel[1], pixel[0]] != 0
        ][:1]


def test_a_pixel_without_a_scene_has_no_values() -> None:
    grid = Grid(GRID.crs, Affine(10, 0, WEST + 1e5, 0, -10, NORTH), 10, 10)
    reading = look(INDEX, STACK.scenes, (5, 5), grid)
    assert (reading.values, reading.scenes, reading.warnings) == ((), (), ())
    assert reading.counts.skipped == len(STACK.scenes)


def test_a_scene_that_cannot_be_read_falls_through_with_a_warning() -> None:
    decoder = ArrayDecoder()
    archive = Archive(decoder)
    broken = archive.scene("A", bands(2000, 3000), missing=frozenset({"B04"}))
    reading = look(INDEX, [broken, archive.scene("B", bands(2000, 5000))], (1, 1), decoder=decoder)
    assert [scene.name for scene in reading.scenes] == ["B"]
    assert reading.warnings == ("A: A_B04.jp2 cannot be decoded",)
    with pytest.raises(SceneUnreadableError, match="no scene of layer NDVI could be read: A"):
        look(INDEX, [broken], (1, 1), decoder=decoder).unread.check("NDVI")


def test_a_masked_pixel_has_no_values_though_another_scene_cannot_be_read() -> None:
    decoder = ArrayDecoder()
    archive = Archive(decoder)
    images = {**bands(2000, 3000), "SCL": np.full((60, 60), 8, np.uint8)}
    masked = archive.scene("M", images)
    broken = archive.scene("A", images, missing=frozenset({"SCL"}))
    for scenes in ([broken, masked], [masked, broken]):
        reading = look(INDEX, scenes, (1, 1), cloud_mask=True, decoder=decoder)
        assert (reading.values, reading.scenes) == ((), ())
        assert reading.warnings == ("A: A_SCL.jp2 cannot be decoded",)
    with pytest.raises(SceneUnreadableError, match="A: A_SCL"):
        look(INDEX, [broken], (1, 1), cloud_mask=True, decoder=decoder).unread.check("NDVI")


@pytest.mark.parametrize("images", [0, 1, 3])
def test_of_a_pixel_that_comes_late_nothing_is_told(images: int) -> None:
    """Be it late by its value or, after that, by the bands behind it."""
    decoder = ArrayDecoder()
    decoder.images = STACK.decoder.images
    deadline = AfterDecoding(0.0, decoder, images)
    reading = PixelReader(decoder, WORKERS).read(
        INDEX, GRID, (60, 60), STACK.scenes, False, deadline
    )
    assert reading.late
    assert reading.values == ()
    assert reading.scenes == ()
    assert reading.counts.skipped == 0
    assert len(decoder.prepared) == min(images, 2)
