"""Mosaics: what lies on top, what falls through, what is never decoded."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace

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
    Archive,
    ArrayDecoder,
    Images,
    bands,
    ndvi,
    plain,
    read,
)
from scene_images import UTM29

from function.deadline import Deadline
from function.errors import (
    ArchiveThrottledError,
    ArchiveUnavailableError,
    InvalidParameterError,
    SceneUnreadableError,
)
from function.grid import Grid
from function.layer import Composite, Resampling
from function.raster import Raster
from function.scene import Asset
from function.scenes.decoder import PixelWindow, Samples
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.reader import SceneReader


@pytest.fixture
def decoder() -> ArrayDecoder:
    return ArrayDecoder()


@pytest.fixture
def archive(decoder: ArrayDecoder) -> Archive:
    return Archive(decoder)


@pytest.fixture(scope="module")
def workers() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as pool:
        yield pool


@pytest.fixture
def reader(decoder: ArrayDecoder, workers: Executor) -> SceneReader:
    return SceneReader(decoder, workers)


def test_first_scene_lies_on_top_and_the_rest_is_never_decoded(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    scenes = [archive.scene(f"S{number}", bands(2000, 3000 + number)) for number in range(4)]
    raster = read(reader, INDEX, scenes)
    assert raster.bands.dtype == np.float32
    assert raster.bands.shape == (1, SIZE, SIZE)
    np.testing.assert_allclose(raster.bands[0], ndvi(2000, 3000), rtol=1e-6)
    assert raster.valid.all()
    assert raster.scenes == ("S0",)
    assert raster.warnings == ()
    assert sorted(decoder.files) == ["S0_B04.jp2", "S0_B08.jp2"]
    assert raster.counts.scenes == 1
    assert raster.counts.skipped == 3
    assert raster.counts.windows == 2
    assert raster.counts.samples == 2 * SIZE * SIZE


def test_nodata_falls_through_and_only_what_is_left_is_read(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    upper = bands(2000, 3000)
    upper["B04"][:30, 80:] = 0
    upper["B08"][40:44, 100:110] = 0
    scenes = [archive.scene("A", upper), archive.scene("B", bands(2000, 5000))]
    raster = read(reader, INDEX, scenes)
    hole = np.zeros((SIZE, SIZE), np.bool_)
    hole[:30, 80:] = hole[40:44, 100:110] = True
    np.testing.assert_allclose(raster.bands[0][~hole], ndvi(2000, 3000), rtol=1e-6)
    np.testing.assert_allclose(raster.bands[0][hole], ndvi(2000, 5000), rtol=1e-6)
    assert raster.scenes == ("A", "B")
    windows = [window for href, window, _ in decoder.decoded if href.startswith("B")]
    # The hole's bounds, and a sample around.
    assert windows == [PixelWindow(79, 0, 41, 45)] * 2


def test_masked_classes_fall_through_with_the_mask_on(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    classes = np.full((60, 60), 4, np.uint8)
    classes[10:20, 10:20] = 9
    classes[40:50, 0:10] = 8
    cloudy = {**bands(2000, 3000), "SCL": classes}
    clear = {**bands(2000, 5000), "SCL": np.full((60, 60), 4, np.uint8)}
    clear["SCL"][15, 15] = 9
    scenes = [archive.scene("A", cloudy), archive.scene("B", clear)]
    masked = read(reader, INDEX, scenes, cloud_mask=True)
    cloud = np.kron(classes, np.ones((2, 2), np.uint8)) >= 8
    np.testing.assert_allclose(masked.bands[0][~cloud], ndvi(2000, 3000), rtol=1e-6)
    everywhere = np.zeros((SIZE, SIZE), np.bool_)
    everywhere[30:32, 30:32] = True
    np.testing.assert_array_equal(masked.valid, ~everywhere)
    np.testing.assert_allclose(masked.bands[0][cloud & ~everywhere], ndvi(2000, 5000), rtol=1e-6)
    assert np.isnan(masked.bands[0][everywhere]).all()
    decoder.decoded.clear()
    unmasked = read(reader, INDEX, scenes)
    np.testing.assert_allclose(unmasked.bands[0], ndvi(2000, 3000), rtol=1e-6)
    assert not any("SCL" in file for file in decoder.files)


def test_bands_of_a_wholly_clouded_scene_are_never_decoded(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    overcast = {**bands(2000, 3000), "SCL": np.full((60, 60), 9, np.uint8)}
    clear = {**bands(2000, 5000), "SCL": np.full((60, 60), 5, np.uint8)}
    scenes = [archive.scene("A", overcast), archive.scene("B", clear)]
    raster = read(reader, INDEX, scenes, cloud_mask=True)
    assert raster.scenes == ("B",)
    assert raster.valid.all()
    assert sorted(decoder.files) == ["A_SCL.jp2", "B_B04.jp2", "B_B08.jp2", "B_SCL.jp2"]


def test_masked_pixels_do_not_bleed_into_interpolated_ones(
    reader: SceneReader, archive: Archive
) -> None:
    classes = np.full((60, 60), 4, np.uint8)
    classes[20:40, 20:40] = 9
    cloud = np.kron(classes, np.ones((2, 2), np.uint8)) == 9
    images: Images = {
        "B04": np.where(cloud, 9000, 2000).astype(np.uint16),
        "B08": np.where(cloud, 9000, 3000).astype(np.uint16),
        "SCL": classes,
    }
    off_grid = Grid(UTM29, Affine(10, 0, WEST + 23.7, 0, -10, NORTH - 31.1), 100, 100)
    for method in (Resampling.BILINEAR, Resampling.CUBIC):
        layer = replace(INDEX, resampling=method)
        raster = read(reader, layer, [archive.scene("A", images)], True, off_grid)
        assert 0.5 < raster.valid.mean() < 0.9
        np.testing.assert_allclose(raster.bands[0][raster.valid], ndvi(2000, 3000), rtol=1e-5)


def test_scene_outside_of_the_grid_or_of_the_hole_is_never_decoded(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    left = bands(2000, 3000)
    left["B04"][:, 60:] = 0
    far = archive.scene("FAR", bands(2000, 4000), west=WEST + 50000.0)
    # Its image reaches into the hole, its data does not.
    strip = "MULTIPOLYGON(((-7.9 51, -7.6 51, -7.6 53, -7.9 53, -7.9 51)))"
    beside = archive.scene("BESIDE", bands(2000, 4000), footprint=strip)
    raster = read(reader, INDEX, [archive.scene("A", left), far, beside])
    assert raster.scenes == ("A",)
    assert not raster.valid[:, 60:].any()
    assert raster.counts.skipped == 2
    assert {file[0] for file in decoder.files} == {"A"}


def test_what_surrounds_an_image_asks_for_no_further_scene(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    # The grid goes on beyond the images, where no date will ever have a pixel.
    scenes = [archive.scene(f"S{number}", bands(2000, 3000)) for number in range(10)]
    for crs, bounds in (
        (UTM29, (WEST - 200, NORTH - 1400, WEST + 1400, NORTH + 200)),
        ("EPSG:3857", (-839000, 6859500, -836000, 6862500)),
    ):
        decoder.decoded.clear()
        grid = Grid.from_bounds(crs, bounds, 300, 300)
        raster = read(reader, INDEX, scenes, grid=grid)
        assert 0.2 < raster.valid.mean() < 0.9
        assert raster.scenes == ("S0",)
        assert {file[:2] for file in decoder.files} == {"S0"}
        assert (raster.counts.scenes, raster.counts.skipped) == (1, 9)


def test_unreadable_scene_is_a_warning_and_falls_through(
    reader: SceneReader, archive: Archive
) -> None:
    broken = archive.scene("A", bands(2000, 3000), missing=frozenset({"B08"}))
    raster = read(reader, INDEX, [broken, archive.scene("B", bands(2000, 5000))])
    np.testing.assert_allclose(raster.bands[0], ndvi(2000, 5000), rtol=1e-6)
    assert raster.scenes == ("B",)
    assert raster.warnings == ("A: A_B08.jp2 cannot be decoded",)


def test_scene_without_the_band_or_the_classification_is_a_warning(
    reader: SceneReader, archive: Archive
) -> None:
    half = archive.scene("A", {"B04": plain(2000)})
    bare = archive.scene("B", bands(2000, 3000))
    full = archive.scene("C", {**bands(2000, 5000), "SCL": np.full((60, 60), 4, np.uint8)})
    raster = read(reader, INDEX, [half, bare, full], cloud_mask=True)
    assert raster.scenes == ("C",)
    assert raster.warnings == (
        "A: the scene has no B08",
        "B: the scene has no SCL, so nothing can be masked",
    )


def test_nothing_readable_at_all_is_an_error(reader: SceneReader, archive: Archive) -> None:
    every = frozenset({"B04", "B08"})
    broken = [archive.scene(name, bands(2000, 3000), missing=every) for name in "AB"]
    with pytest.raises(SceneUnreadableError, match=r"none of 2 scenes of layer NDVI .* A: A_B0"):
        read(reader, INDEX, broken).unread.check("NDVI")


def test_a_map_that_would_be_blank_for_want_of_a_file_is_an_error(
    reader: SceneReader, archive: Archive
) -> None:
    images = {**bands(2000, 3000), "SCL": plain(4, SIZE // 2).astype(np.uint8)}
    scene = archive.scene("A", images, missing=frozenset({"B08"}))
    with pytest.raises(SceneUnreadableError, match="no scene of layer NDVI could be read: A: A_B0"):
        read(reader, INDEX, [scene], cloud_mask=True).unread.check("NDVI")


@pytest.mark.parametrize("composite", [Composite.FIRST, Composite.MEAN])
def test_a_map_that_is_masked_is_blank_though_another_scene_cannot_be_read(
    reader: SceneReader, archive: Archive, composite: Composite
) -> None:
    layer = replace(INDEX, composite=composite)
    clouds = np.full((60, 60), 8, np.uint8)
    masked = archive.scene("M", {**bands(2000, 3000), "SCL": clouds})
    broken = archive.scene(
        "A", {**bands(2000, 3000), "SCL": clouds}, missing=frozenset({"B04", "SCL"})
    )
    for scenes in ([broken, masked], [masked, broken]):
        raster = read(reader, layer, scenes, cloud_mask=True)
        assert not raster.valid.any()
        assert raster.scenes == ()
        assert raster.warnings == ("A: A_SCL.jp2 cannot be decoded",)
        raster.unread.check("NDVI")
    with pytest.raises(SceneUnreadableError, match="A: A_SCL"):
        read(reader, layer, [broken], cloud_mask=True).unread.check("NDVI")


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ((ArchiveThrottledError, ArchiveThrottledError), ArchiveThrottledError),
        ((ArchiveThrottledError, ArchiveUnavailableError), SceneUnreadableError),
    ],
)
def test_what_all_scenes_fail_with_is_what_the_map_fails_with(
    archive: Archive,
    failures: tuple[type[SceneUnreadableError], ...],
    expected: type[SceneUnreadableError],
) -> None:
    class FailingDecoder(ArrayDecoder):
        def decode(
            self,
            asset: Asset,
            window: PixelWindow,  # noqa: ARG002
            reduction: int,  # noqa: ARG002
            counts: DecodingCounts | None = None,  # noqa: ARG002
        ) -> Samples:
            raise failures[asset.href.startswith("B")]("not now")

    scenes = [archive.scene(name, bands(2000, 3000)) for name in "AB"]
    with ThreadPoolExecutor(2) as workers, pytest.raises(SceneUnreadableError) as raised:
        read(SceneReader(FailingDecoder(), workers), INDEX, scenes).unread.check("NDVI")
    assert raised.type is expected


def test_what_was_read_before_stays_and_is_not_read_again(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    upper = bands(2000, 3000)
    upper["B04"][:30, 80:] = 0
    half = archive.scene("H", {"B04": plain(2000)})
    above = read(reader, INDEX, [half, archive.scene("A", upper)])
    assert above.unread.of_scenes
    assert not above.full
    decoder.decoded.clear()
    scenes = [archive.scene(name, bands(2000, 5000)) for name in "BC"]
    raster = reader.read(INDEX, GRID, scenes, False, Deadline.after(60.0), above)
    assert raster.full
    hole = np.zeros((SIZE, SIZE), np.bool_)
    hole[:30, 80:] = True
    np.testing.assert_allclose(raster.bands[0][~hole], ndvi(2000, 3000), rtol=1e-6)
    np.testing.assert_allclose(raster.bands[0][hole], ndvi(2000, 5000), rtol=1e-6)
    # The hole's bounds, and a sample around.
    assert [window for _, window, _ in decoder.decoded] == [PixelWindow(79, 0, 41, 31)] * 2
    assert (raster.scenes, raster.warnings, raster.unread.failures) == (("B",), (), ())
    assert (raster.counts.scenes, raster.counts.skipped) == (1, 1)


def test_no_scene_is_an_empty_raster(reader: SceneReader) -> None:
    raster = read(reader, COLOUR, [])
    assert raster.bands.shape == (3, SIZE, SIZE)
    assert raster.bands.dtype == np.uint8
    assert not raster.bands.any()
    assert not raster.valid.any()
    index = read(reader, INDEX, [])
    assert np.isnan(index.bands).all()


def test_index_that_is_no_number_falls_through(reader: SceneReader, archive: Archive) -> None:
    # Reflectances that sum up to 0.
    scenes = [archive.scene("A", bands(800, 1200)), archive.scene("B", bands(2000, 3000))]
    raster = read(reader, INDEX, scenes)
    assert raster.scenes == ("B",)
    np.testing.assert_allclose(raster.bands[0], ndvi(2000, 3000), rtol=1e-6)


def test_true_colour_from_bands_is_stretched(reader: SceneReader, archive: Archive) -> None:
    scene = archive.scene("A", {"B04": plain(2000), "B03": plain(3001), "B02": plain(900)})
    raster = read(reader, COLOUR, [scene])
    assert raster.bands.dtype == np.uint8
    assert raster.bands[:, 5, 5].tolist() == [102, 204, 0]
    assert raster.valid.all()


def test_black_is_missing_unless_the_classification_knows_better(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    colours = np.full((3, SIZE, SIZE), 90, np.uint8)
    colours[:, 20:30, 20:30] = 0  # deep water
    colours[:, 60:, :] = 0  # outside of the swath
    classes = np.full((60, 60), 6, np.uint8)
    classes[30:, :] = 0
    scene = archive.scene("A", {"TCI": colours, "SCL": classes})
    raster = read(reader, COLOUR, [scene])
    assert raster.valid[:60].all()
    assert not raster.valid[60:].any()
    np.testing.assert_array_equal(raster.bands[:, :60], colours[:, :60])
    unclassified = archive.scene("B", {"TCI": colours})
    raster = read(reader, COLOUR, [unclassified])
    assert not raster.valid[20:30, 20:30].any()
    assert raster.warnings == ()
    decoder.decoded.clear()
    bright = archive.scene("C", {"TCI": np.full_like(colours, 3), "SCL": classes})
    read(reader, COLOUR, [bright])
    assert decoder.files == ["C_TCI.jp2"]


def test_classes_are_never_interpolated_and_may_be_masked(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder
) -> None:
    classes = np.random.default_rng(2).integers(0, 12, (60, 60)).astype(np.uint8)
    grid = Grid(UTM29, Affine(30, 0, WEST, 0, -30, NORTH), 40, 40)
    scene = archive.scene("A", {"SCL": classes})
    raster = read(reader, CLASSES, [scene], grid=grid)
    # Centres of 30 m pixels in units of 20 m samples: 0.25, 1.75, 3.25, …
    places = np.floor((np.arange(40) * 30 + 15) / 20).astype(int)
    expected = classes[np.ix_(places, places)]
    np.testing.assert_array_equal(raster.bands[0], expected)
    np.testing.assert_array_equal(raster.valid, expected != 0)
    masked = read(reader, CLASSES, [scene], cloud_mask=True, grid=grid)
    np.testing.assert_array_equal(masked.valid, ~np.isin(expected, [0, 8, 9]))
    assert decoder.files == ["A_SCL.jp2", "A_SCL.jp2"]


def test_expression_is_checked_against_the_bands(reader: SceneReader) -> None:
    with pytest.raises(InvalidParameterError, match="B11"):
        read(reader, replace(INDEX, expression="B11/B04"), [])


@dataclass(frozen=True, slots=True)
class OnceFilled(Deadline):
    """Passes as soon as the pixels of one column are filled."""

    raster: Raster
    column: int

    def remaining(self) -> float:
        return -1.0 if self.raster.valid[:, self.column].all() else 60.0


def measured_to(column: int, infrared: int) -> Images:
    """Bands that were measured in the columns before this one only."""
    images = bands(2000, infrared)
    for samples in images.values():
        samples[:, column:] = 0
    return images


@pytest.mark.parametrize("column", [60, SIZE - 1])
def test_what_lies_above_and_what_was_filled_in_time_stays(
    reader: SceneReader, archive: Archive, decoder: ArrayDecoder, column: int
) -> None:
    upper = read(reader, INDEX, [archive.scene("TOP", measured_to(40, 3000))])
    below = [
        archive.scene("A", measured_to(80, 4000)),
        archive.scene("B", bands(2000, 5000)),
        archive.scene("C", bands(2000, 6000)),
    ]
    decoder.decoded.clear()
    raster = reader.read(INDEX, GRID, below, False, OnceFilled(0.0, upper, column), upper)
    late = column == 60
    assert raster.late == late
    assert raster.scenes == (("A",) if late else ("A", "B"))
    assert raster.warnings == ()
    expected = np.full((SIZE, SIZE), np.nan if late else ndvi(2000, 5000), np.float32)
    expected[:, :80] = ndvi(2000, 4000)
    expected[:, :40] = ndvi(2000, 3000)
    np.testing.assert_allclose(raster.bands[0], expected, rtol=1e-6)
    np.testing.assert_array_equal(raster.valid, ~np.isnan(expected))
    assert raster.counts.windows == len(decoder.files) == (2 if late else 4)
    assert (raster.counts.scenes, raster.counts.skipped) == ((1, 0) if late else (2, 1))
