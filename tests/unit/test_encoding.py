"""JPEG 2000 as ESA writes it: marker by marker beside real files, and without loss."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markers import COD, COM, PLT, QCD, SIZ, TLM, Layout, read_layout

from function.grid import Grid
from function.scenes.encoding import (
    COLOUR,
    PREVIEW,
    Jpeg2000Profile,
    band_profile,
    write_jpeg2000,
)

IMAGES = "GRANULE/L2A_T29UNU_A038058_20221005T115407"
STEM = f"{IMAGES}/IMG_DATA/R{{0}}m/T29UNU_20221005T115411_{{1}}_{{0}}m.jp2"
REAL_FILES = [
    pytest.param(STEM.format(10, "AOT"), band_profile(10, 15), id="band at 10 m"),
    pytest.param(STEM.format(20, "AOT"), band_profile(20, 15), id="band at 20 m"),
    pytest.param(STEM.format(60, "B02"), band_profile(60, 15), id="band at 60 m"),
    pytest.param(STEM.format(20, "SCL"), band_profile(20, 8), id="classes at 20 m"),
    pytest.param(STEM.format(60, "SCL"), band_profile(60, 8), id="classes at 60 m"),
    pytest.param(STEM.format(60, "TCI"), COLOUR, id="true colour"),
    pytest.param(f"{IMAGES}/QI_DATA/MSK_CLASSI_B00.jp2", COLOUR, id="cloud mask"),
    pytest.param(f"{IMAGES}/QI_DATA/MSK_CLDPRB_20m.jp2", band_profile(20, 8), id="cloud 20 m"),
]

# SGcod and SPcod as ISO/IEC 15444-1 A.6.1 lays them out: precincts given, LRCP, one layer,
# colour transform, four decompositions, code-block exponents less two, reversible 5-3.
CODING_STYLES = [
    (band_profile(10, 15), "01 00 0001 00 04 04 04 00 01 8888888888"),
    (band_profile(20, 15), "01 00 0001 00 04 01 01 00 01 7777777777"),
    (band_profile(60, 15), "01 00 0001 00 04 00 00 00 01 6666666666"),
    (COLOUR, "01 00 0001 01 04 02 02 00 01 7777777777"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "image.jp2"


def a_grid(width: int, height: int, pixel: int = 10) -> Grid:
    return Grid("EPSG:32632", Affine(pixel, 0, 600000, 0, -pixel, 5985000), width, height)


def noise(profile: Jpeg2000Profile, height: int, width: int, seed: int = 0) -> np.ndarray:
    components = 3 if profile.colour_transform else 1
    kind = np.uint8 if profile.bits <= 8 else np.uint16
    drawn = np.random.default_rng(seed).integers(0, 2**profile.bits, (components, height, width))
    return drawn.astype(kind)


def written(path: Path, profile: Jpeg2000Profile, height: int = 1030, width: int = 1100) -> Layout:
    write_jpeg2000(path, noise(profile, height, width), a_grid(width, height), profile)
    return read_layout(path)


@pytest.mark.parametrize(("name", "profile"), REAL_FILES)
def test_markers_equal_those_of_a_real_file(
    shared: Path, path: Path, name: str, profile: Jpeg2000Profile
) -> None:
    (product,) = (shared / "data" / "sentinel-2").glob("S2A_MSIL2A_*.SAFE")
    real, ours = read_layout(product / name), written(path, profile)

    def order(layout: Layout) -> list[int]:
        return [marker for marker, _ in layout.header if marker != COM]

    assert order(ours) == order(real)
    assert ours.segment(COD) == real.segment(COD)
    assert sized_alike(ours) == sized_alike(real)
    assert quantised_alike(ours) == quantised_alike(real)
    assert {part.markers for part in ours.tile_parts} == {part.markers for part in real.tile_parts}
    assert ours.box("ftyp") == real.box("ftyp")
    assert ours.box("colr") == real.box("colr")
    boxes = [name for name, _ in real.boxes if name != "xml "]
    assert [name for name, _ in ours.boxes] == boxes


def sized_alike(layout: Layout) -> tuple[bytes, bytes]:
    """SIZ without the image's size: the rest does not depend on how large the image is."""
    segment = layout.segment(SIZ)
    return segment[:2], segment[10:]


def quantised_alike(layout: Layout) -> tuple[int, int]:
    """QCD's style (none) and number of subbands; guard bits are the encoder's own choice."""
    segment = layout.segment(QCD)
    return segment[0] & 0x1F, len(segment) - 1


@pytest.mark.parametrize(("profile", "coding_style"), CODING_STYLES)
def test_coding_style_is_as_specified(
    path: Path, profile: Jpeg2000Profile, coding_style: str
) -> None:
    layout = written(path, profile)

    assert layout.segment(COD) == bytes.fromhex(coding_style)
    tiles = -(-1030 // profile.tile) * -(-1100 // profile.tile)
    assert [part.tile for part in layout.tile_parts] == list(range(tiles))
    assert {part.markers for part in layout.tile_parts} == {(PLT,)}
    assert TLM not in dict(layout.header)


def test_tile_part_lengths_are_told_where_the_profile_wants_them(path: Path) -> None:
    layout = written(path, Jpeg2000Profile(1024, 64, 256, 15, tile_part_lengths=True), 1100, 1100)

    told = layout.segment(TLM)
    assert told[1] == 0x50  # 8 bit for the tile's index, 32 for its length
    lengths = [int.from_bytes(told[at + 1 : at + 5], "big") for at in range(2, len(told), 5)]
    assert lengths == [part.length for part in layout.tile_parts]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    profile=st.sampled_from([*(profile for profile, _ in CODING_STYLES), PREVIEW]),
    width=st.integers(32, 700),
    height=st.integers(32, 700),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_written_reads_back_unchanged(
    path: Path, profile: Jpeg2000Profile, width: int, height: int, seed: int
) -> None:
    samples, grid = noise(profile, height, width, seed), a_grid(width, height, 60)
    write_jpeg2000(path, samples, grid, profile)

    with rasterio.open(path) as image:
        np.testing.assert_array_equal(image.read(), samples)
        assert image.crs.to_string() == grid.crs
        assert image.transform == grid.transform
    assert list(path.parent.iterdir()) == [path]


def test_a_name_without_jp2_still_makes_a_jp2_file(tmp_path: Path) -> None:
    layout = written(tmp_path / "image.unfinished", band_profile(60, 15), 64, 64)

    assert layout.box("ftyp").startswith(b"jp2 ")


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((1, 40, 50), np.uint8), "15 bit"),
        (np.zeros((1, 50, 40), np.uint16), "grid"),
        (np.zeros((40, 50), np.uint16), "grid"),
        (np.full((1, 40, 50), 2**15, np.uint16), "exceeds 15 bit"),
    ],
)
def test_samples_that_do_not_fit_are_refused(path: Path, samples: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_jpeg2000(path, samples, a_grid(50, 40), band_profile(10, 15))
    assert not path.exists()
