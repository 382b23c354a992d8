"""Clouds by probability, by the L1C mask and by polygons, held against whole images."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from archives import local_archive
from array_archive import (
    GRID,
    INDEX,
    NORTH,
    SIZE,
    WEST,
    Archive,
    ArrayDecoder,
    bands,
    ndvi,
    read,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import ArchiveLayer
from function.scene import Asset, Scene, VectorMask
from function.scenes.decoder import PixelWindow
from function.scenes.polygon_masks import PolygonMasks
from function.scenes.polygons import draw_polygons, read_polygons
from function.scenes.reader import SceneReader

UNMASKED = replace(INDEX, masked_classes=frozenset())
LIKELY = replace(UNMASKED, masked_probability=40.0)
RANDOM = np.random.default_rng(11)


@pytest.fixture
def decoder() -> ArrayDecoder:
    return ArrayDecoder()


@pytest.fixture
def reader(decoder: ArrayDecoder) -> Iterator[SceneReader]:
    with ThreadPoolExecutor(2) as workers:
        yield SceneReader(PolygonMasks(decoder, local_archive(), 1 << 20), workers)


def masked_scene(
    decoder: ArrayDecoder, name: str, infrared: int, band: str, codes: NDArray[np.uint8]
) -> Scene:
    """A scene with a mask of 20 or 60 m, without nodata, as ingest catalogues it."""
    scene = Archive(decoder).scene(name, bands(2000, infrared))
    resolution = 10.0 * SIZE / codes.shape[-1]
    transform = Affine(resolution, 0, WEST, 0, -resolution, NORTH)
    decoder.images[f"{name}_{band}.jp2"] = codes
    grid = Grid(GRID.crs, transform, codes.shape[2], codes.shape[1])
    mask = Asset(band, f"{name}_{band}.jp2", grid, codes.shape[0], 8, nodata=None)
    return replace(scene, assets=(*scene.assets, mask))


def enlarged(mask: Any) -> NDArray[np.bool_]:
    factor = SIZE // mask.shape[0]
    return np.kron(mask.astype(np.uint8), np.ones((factor, factor), np.uint8)).astype(np.bool_)


def check_fall_through(
    reader: SceneReader, layer: ArchiveLayer, scenes: list[Scene], clouds: list[NDArray[np.bool_]]
) -> None:
    raster = read(reader, layer, scenes, cloud_mask=True)
    upper, lower = clouds
    np.testing.assert_array_equal(raster.valid, ~(upper & lower))
    np.testing.assert_allclose(raster.bands[0][~upper], ndvi(2000, 3000), rtol=1e-6)
    np.testing.assert_allclose(raster.bands[0][upper & ~lower], ndvi(2000, 5000), rtol=1e-6)
    assert raster.warnings == ()
    unmasked = read(reader, layer, scenes)
    np.testing.assert_allclose(unmasked.bands[0], ndvi(2000, 3000), rtol=1e-6)


@pytest.mark.parametrize("size", [60, 20])
def test_what_is_likely_cloud_falls_through(
    reader: SceneReader, decoder: ArrayDecoder, size: int
) -> None:
    codes = [RANDOM.integers(0, 101, (1, size, size), dtype=np.uint8) for _ in "AB"]
    codes[0][0, 0, :2] = (39, 40)
    scenes = [
        masked_scene(decoder, name, infrared, "CLDPRB", each)
        for name, infrared, each in zip("AB", (3000, 5000), codes, strict=True)
    ]
    clouds = [enlarged(each[0] >= 40) for each in codes]
    assert clouds[0][0, : 2 * SIZE // size].tolist() == [False] * (SIZE // size) + [True] * (
        SIZE // size
    )
    check_fall_through(reader, LIKELY, scenes, clouds)


def test_classes_and_probability_both_mask(reader: SceneReader, decoder: ArrayDecoder) -> None:
    probability = np.zeros((1, 60, 60), np.uint8)
    probability[0, :30] = 90
    scene = masked_scene(decoder, "A", 3000, "CLDPRB", probability)
    classes = np.full((60, 60), 4, np.uint8)
    classes[:, :30] = 3
    shadowed = Archive(decoder).scene("A", {"SCL": classes})
    scene = replace(scene, assets=(*scene.assets, *shadowed.assets))
    layer = replace(LIKELY, masked_classes=frozenset({3}))
    raster = read(reader, layer, [scene], cloud_mask=True)
    np.testing.assert_array_equal(raster.valid, ~enlarged((classes == 3) | (probability[0] >= 40)))


@pytest.mark.parametrize(
    ("kinds", "components"),
    [(("opaque",), [0]), (("opaque", "cirrus"), [0, 1]), (("snow", "opaque"), [0, 2])],
)
def test_the_kinds_of_cloud_that_are_named_fall_through(
    reader: SceneReader, decoder: ArrayDecoder, kinds: tuple[str, ...], components: list[int]
) -> None:
    codes = [(RANDOM.random((3, 20, 20)) < 0.3).astype(np.uint8) for _ in "AB"]
    scenes = [
        masked_scene(decoder, name, infrared, "MSK_CLASSI", each)
        for name, infrared, each in zip("AB", (3000, 5000), codes, strict=True)
    ]
    layer = replace(UNMASKED, masked_clouds=frozenset(kinds))
    clouds = [enlarged((each[components] > 0).any(axis=0)) for each in codes]
    check_fall_through(reader, layer, scenes, clouds)


@pytest.mark.parametrize(
    ("layer", "band"),
    [(LIKELY, "CLDPRB"), (replace(UNMASKED, masked_clouds=frozenset({"snow"})), "MSK_CLASSI")],
)
def test_a_scene_without_its_mask_is_a_warning(
    reader: SceneReader, decoder: ArrayDecoder, layer: ArchiveLayer, band: str
) -> None:
    scene = Archive(decoder).scene("A", bands(2000, 3000))
    with pytest.raises(SceneUnreadableError, match=f"has no {band}, so nothing can be masked"):
        read(reader, layer, [scene], cloud_mask=True).unread.check("NDVI")


Corners = list[tuple[float, float]]


def ring(corners: Corners) -> str:
    places = [f"{WEST + 10 * x} {NORTH - 10 * y}" for x, y in [*corners, corners[0]]]
    return (
        f"<g:LinearRing><g:posList srsDimension='2'>{' '.join(places)}</g:posList></g:LinearRing>"
    )


def gml(*members: tuple[str, Corners, list[Corners]]) -> bytes:
    """A mask in the form of ESA's; corners are in pixels of GRID."""
    features = "".join(
        f"<eop:MaskFeature><eop:maskType codeSpace='urn:gs2:S2PDGS:maskType'>{kind}</eop:maskType>"
        f"<eop:extentOf><g:Polygon><g:exterior>{ring(outer)}</g:exterior>"
        + "".join(f"<g:interior>{ring(hole)}</g:interior>" for hole in holes)
        + "</g:Polygon></eop:extentOf></eop:MaskFeature>"
        for kind, outer, holes in members
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><eop:Mask xmlns:eop='http://www.opengis.net/eop/2.0'"
        " xmlns:g='http://www.opengis.net/gml/3.2'>"
        f"<eop:maskMembers>{features}</eop:maskMembers></eop:Mask>"
    ).encode()


def box(left: float, upper: float, right: float, lower: float) -> Corners:
    return [(left, upper), (right, upper), (right, lower), (left, lower)]


# Half a pixel inside the pixels that they fill, so that an edge leaves no doubt.
CLOUDS = gml(
    ("OPAQUE", box(10.5, 20.5, 49.5, 59.5), [box(19.5, 29.5, 30.5, 40.5)]),
    ("CIRRUS", box(70.5, -50.0, 99.5, 30.5), []),
    ("OPAQUE", box(80.5, 80.5, 500.0, 500.0), []),
)


def opaque() -> NDArray[np.bool_]:
    mask = np.zeros((SIZE, SIZE), np.bool_)
    mask[20:60, 10:50] = True
    mask[30:40, 20:30] = False
    mask[80:, 80:] = True
    return mask


def cirrus() -> NDArray[np.bool_]:
    mask = np.zeros((SIZE, SIZE), np.bool_)
    mask[:31, 70:100] = True
    return mask


def polygon_scene(decoder: ArrayDecoder, directory: Path, content: bytes) -> Scene:
    path = directory / "MSK_CLOUDS_B00.gml"
    path.write_bytes(content)
    scene = Archive(decoder).scene("A", bands(2000, 3000))
    return replace(scene, vector_masks=(VectorMask("CLOUDS", str(path)),))


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"opaque"}, opaque),
        ({"cirrus"}, cirrus),
        ({"opaque", "cirrus"}, lambda: opaque() | cirrus()),
    ],
)
def test_polygons_mask_what_they_outline(
    reader: SceneReader,
    decoder: ArrayDecoder,
    tmp_path: Path,
    kinds: set[str],
    expected: Callable[[], NDArray[np.bool_]],
) -> None:
    layer = replace(UNMASKED, masked_clouds=frozenset(kinds))
    raster = read(reader, layer, [polygon_scene(decoder, tmp_path, CLOUDS)], cloud_mask=True)
    # An edge that touches a pixel masks it: within the hole, the ring around it.
    differing = raster.valid != ~expected()
    allowed = np.zeros_like(differing)
    allowed[29:41, 19:31] = True
    allowed[31:39, 21:29] = False
    assert not (differing & ~allowed).any()


def test_a_mask_without_polygons_masks_nothing(
    reader: SceneReader, decoder: ArrayDecoder, tmp_path: Path
) -> None:
    layer = replace(UNMASKED, masked_clouds=frozenset({"opaque"}))
    assert read(
        reader, layer, [polygon_scene(decoder, tmp_path, gml())], cloud_mask=True
    ).valid.all()


@pytest.mark.parametrize(
    "content",
    [
        b"no XML",
        CLOUDS.replace(b"600105.0", b"east"),
        CLOUDS.replace(b"600105.0", b"nan"),
        CLOUDS.replace(b"600105.0 ", b"", 1),
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    ],
)
def test_a_broken_mask_is_a_warning(
    reader: SceneReader, decoder: ArrayDecoder, tmp_path: Path, content: bytes
) -> None:
    broken = polygon_scene(decoder, tmp_path, content)
    below = replace(Archive(decoder).scene("B", bands(2000, 5000)), vector_masks=())
    layer = replace(UNMASKED, masked_clouds=frozenset({"opaque"}))
    with pytest.raises(SceneUnreadableError, match="MSK_CLOUDS_B00"):
        read(reader, layer, [broken, below], cloud_mask=True).unread.check("NDVI")


@given(
    st.lists(st.tuples(st.floats(-50, 170), st.floats(-50, 170)), min_size=3, max_size=3),
    st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(1, 40), st.integers(1, 40)),
)
def test_windows_of_triangles(corners: Corners, part: tuple[int, int, int, int]) -> None:
    """A pixel well inside a triangle is drawn, one well outside is not, in whatever window."""
    window = PixelWindow(*part)
    drawn = draw_polygons(read_polygons(gml(("OPAQUE", corners, [])), "mask.gml"), GRID, window)
    rows, columns = np.mgrid[: window.height, : window.width]
    x, y = columns + window.column + 0.5, rows + window.row + 0.5
    distances = []
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        length = max(np.hypot(bx - ax, by - ay), 1e-6)
        distances.append(((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length)
    inner = np.min(distances, axis=0)
    outer = np.min(-np.array(distances), axis=0)
    well_inside = (inner > 1) | (outer > 1)
    assert drawn[0][well_inside].all()
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    upper, lower = min(y for _, y in corners), max(y for _, y in corners)
    far = (x < left - 1) | (x > right + 1) | (y < upper - 1) | (y > lower + 1)
    assert not drawn[0][far].any()
    assert not drawn[1:].any()
