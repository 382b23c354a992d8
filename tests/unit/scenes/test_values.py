"""Coverages of values: every band by itself, as it was measured."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from archives import local_archive
from numpy.typing import NDArray
from scene_images import ORIGIN, ImageMaker, natural

from function.deadline import Deadline
from function.errors import ImageLackingError
from function.grid import Grid
from function.layer import ArchiveLayer, Composite, LayerKind, Resampling
from function.raster import NO_VALUE, Raster
from function.scene import Asset, Scene
from function.scenes.calibration import reflectance
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.reader import SceneReader

SIZE = 128
WEST, NORTH = ORIGIN
OWN_GRID = Grid.from_bounds(
    "EPSG:32629", (WEST, NORTH - 10 * SIZE, WEST + 10 * SIZE, NORTH), SIZE, SIZE
)
VALUES = ArchiveLayer(
    "S2", "s", LayerKind.VALUES, ("B02", "B03", "B04"), resampling=Resampling.NEAREST
)
MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
WHOLE = "MULTIPOLYGON(((-10 51, -6 51, -6 54, -10 54, -10 51)))"


@pytest.fixture(scope="module")
def reader() -> Iterator[SceneReader]:
    decoder = GdalDecoder(local_archive())
    with ThreadPoolExecutor(2) as workers:
        yield SceneReader(decoder, workers)
    decoder.close()


@pytest.fixture
def make(tmp_path: Path) -> ImageMaker:
    return ImageMaker(tmp_path)


def make_band(make: ImageMaker, band: str, samples: NDArray[np.uint16]) -> Asset:
    return replace(make(samples), band=band, offset=-1000.0, quantification=10_000.0)


def scene_of(name: str, *assets: Asset) -> Scene:
    return Scene("s", name, MOMENT, MOMENT, "S2A", "05.12", "", 23, "29UNU", 0.0, WHOLE, assets)


def read(reader: SceneReader, layer: ArchiveLayer, *scenes: Scene) -> Raster:
    return reader.read(layer, OWN_GRID, scenes, False, Deadline.after(60.0))


def test_a_band_without_a_measurement_leaves_the_others_theirs(
    reader: SceneReader, make: ImageMaker
) -> None:
    samples = {band: natural(SIZE, SIZE, low=200, high=9000) for band in ("B02", "B03", "B04")}
    samples["B02"][:50] = 0
    samples["B03"][:, :60] = 0
    samples["B04"][:50, :60] = 0
    below = {band: natural(SIZE, SIZE, low=10_000, high=20_000) for band in samples}
    top = scene_of("top", *(make_band(make, band, each) for band, each in samples.items()))
    bottom = scene_of("bottom", *(make_band(make, band, each) for band, each in below.items()))
    raster = read(reader, VALUES, top, bottom)
    covered = (np.stack(list(samples.values())) != 0).any(axis=0)
    assert not covered.all()
    for values, band in zip(raster.bands, samples, strict=True):
        expected = np.where(samples[band] == 0, NO_VALUE, samples[band].astype(np.int32) - 1000)
        np.testing.assert_array_equal(values[covered], expected[covered])
        np.testing.assert_array_equal(
            values[~covered], below[band].astype(np.int32)[~covered] - 1000
        )
    assert raster.valid.all()
    assert raster.scenes == ("top", "bottom")


def complete(make: ImageMaker, name: str, seed: int) -> Scene:
    return scene_of(
        name,
        *(
            make_band(make, band, natural(SIZE, SIZE, seed + number, low=200, high=9000))
            for number, band in enumerate(VALUES.bands)
        ),
    )


def without(scene: Scene, *bands: str) -> Scene:
    return replace(scene, assets=tuple(each for each in scene.assets if each.band not in bands))


def test_a_band_that_the_scene_lacks_is_no_data_where_it_gives_others(
    reader: SceneReader, make: ImageMaker
) -> None:
    holed = natural(SIZE, SIZE, low=200, high=9000)
    holed[:50] = 0
    top = scene_of("top", make_band(make, "B04", holed))
    bottom = complete(make, "bottom", 7)
    below = read(reader, VALUES, bottom).bands
    raster = read(reader, VALUES, top, bottom)
    assert raster.full
    assert raster.scenes == ("top", "bottom")
    assert raster.warnings == ("top: the scene has no B02, B03, which is no data there",)
    np.testing.assert_array_equal(raster.bands[:, :50], below[:, :50])
    np.testing.assert_array_equal(raster.bands[2, 50:], holed[50:].astype(np.int32) - 1000)
    assert (raster.bands[:2, 50:] == NO_VALUE).all()
    raster.unread.check("S2")


def test_a_scene_that_has_none_of_the_bands_falls_through(
    reader: SceneReader, make: ImageMaker
) -> None:
    whole = complete(make, "bottom", 7)
    top, layer = without(replace(whole, name="top"), "B03"), replace(VALUES, bands=("B03",))
    raster = read(reader, layer, top, whole)
    assert raster.scenes == ("bottom",)
    assert raster.warnings == ("top: the scene has no B03",)
    np.testing.assert_array_equal(raster.bands[0], read(reader, VALUES, whole).bands[1])
    with pytest.raises(ImageLackingError, match="no scene of layer S2 could be read: top"):
        read(reader, layer, top).unread.check("S2")


def test_nothing_is_told_of_a_scene_that_lacks_a_band_and_gives_no_pixel(
    reader: SceneReader, make: ImageMaker
) -> None:
    whole = complete(make, "top", 7)
    raster = read(reader, VALUES, whole, without(replace(whole, name="below"), "B03"))
    assert (raster.scenes, raster.warnings) == (("top",), ())


def test_a_composite_of_a_band_is_made_of_the_scenes_that_have_it(
    reader: SceneReader, make: ImageMaker
) -> None:
    layer = replace(VALUES, composite=Composite.MAX)
    one, two = complete(make, "one", 7), complete(make, "two", 17)
    raster = read(reader, layer, without(one, "B03"), two)
    whole = read(reader, layer, one, two)
    np.testing.assert_array_equal(raster.bands[[0, 2]], whole.bands[[0, 2]])
    np.testing.assert_array_equal(raster.bands[1], read(reader, VALUES, two).bands[1])
    assert raster.warnings == ("one: the scene has no B03, which is no data there",)


def test_only_the_bands_asked_for_are_read(reader: SceneReader, make: ImageMaker) -> None:
    scene = scene_of(
        "one",
        *(make_band(make, band, natural(SIZE, SIZE, low=1, high=9)) for band in VALUES.bands),
    )
    for bands in (("B03",), ("B04", "B02"), VALUES.bands):
        raster = read(reader, replace(VALUES, bands=bands), scene)
        assert raster.counts.windows == len(bands)
        assert raster.bands.shape[0] == len(bands)


@pytest.mark.parametrize(
    ("offset", "quantification", "samples", "values"),
    [
        (-1000.0, 10_000.0, [1, 999, 1000, 32767], [-999, -1, 0, 31767]),
        (0.0, 10_000.0, [1, 32767, 65535], [1, 32767, 32767]),
        (0.0, 1000.0, [1, 2, 3276], [10, 20, 32760]),
        (-0.5, 10_000.0, [1, 2], [0, 2]),
    ],
)
def test_values_are_ten_thousandths_of_reflectance(
    make: ImageMaker, offset: float, quantification: float, samples: list[int], values: list[int]
) -> None:
    asset = replace(
        make(natural(8, 8, low=1, high=9)), offset=offset, quantification=quantification
    )
    given = np.array([samples], np.uint16)
    np.testing.assert_array_equal(reflectance(asset, given), [values])
