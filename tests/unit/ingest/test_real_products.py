"""Real products of every baseline at hand; what is expected was read from their XML by eye."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from affine import Affine
from safe_products import Header, header_reader, read_local, with_images

from function.grid import Grid
from function.ingest.errors import NoImagesError
from function.ingest.reading import ReadHeader
from function.ingest.spectral_bands import BANDS, NATIVE_RESOLUTIONS
from function.scene import Asset, VectorMask
from function.scenes.image_header import read_image_header

IRELAND = "S2A_MSIL2A_20221005T115411_N0400_R023_T29UNU_20221005T164454"
IRELAND_GRANULE = "GRANULE/L2A_T29UNU_A038058_20221005T115407"
BANDS_10M = {"B02", "B03", "B04", "B08", "TCI", "AOT", "WVP"}
BANDS_20M = (BANDS_10M - {"B08"}) | {"B05", "B06", "B07", "B8A", "B11", "B12", "SCL"}
BANDS_60M = BANDS_20M | {"B01", "B09"}


class Expected(NamedTuple):
    directory: str
    acquired: datetime
    generated: datetime
    platform: str
    baseline: str
    datatake: str
    relative_orbit: int
    cell: str
    cloud_cover: float
    crs: str
    corner: tuple[float, float]
    extension: str
    offset: float
    # 20 m has B01 since baseline 04.00
    extra_20m: frozenset[str]
    # MSK_CLASSI is an image since 04.00
    masks: frozenset[str]


OLD_MASKS = frozenset({"CLDPRB", "SNWPRB"})
NEW_MASKS = OLD_MASKS | {"MSK_CLASSI"}
PRODUCTS = [
    Expected(
        "S2A_MSIL2A_20190212T192651_N0212_R013_T07HFE_20201007T160857",
        datetime(2019, 2, 12, 19, 26, 51, 24000, UTC),
        datetime(2020, 10, 7, 16, 8, 57, 135000, UTC),
        "Sentinel-2A", "02.12", "GS2A_20190212T192651_019029", 13, "07HFE", 51.580326,
        "EPSG:32707", (600000.0, 6500020.0), ".tif", 0.0, frozenset(), OLD_MASKS,
    ),
    Expected(
        "S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500",
        datetime(2021, 1, 22, 13, 32, 29, 24000, UTC),
        datetime(2021, 1, 22, 15, 55, 0, 0, UTC),
        "Sentinel-2B", "02.14", "GS2B_20210122T133229_020270", 81, "22HBD", 0.447807,
        "EPSG:32722", (199980.0, 5900020.0), ".jp2", 0.0, frozenset(), OLD_MASKS,
    ),
    Expected(
        "S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126",
        datetime(2022, 4, 13, 15, 7, 59, 24000, UTC),
        datetime(2022, 4, 14, 8, 21, 26, 580338, UTC),
        "Sentinel-2B", "04.00", "GS2B_20220413T150759_026649", 25, "33XWJ", 98.944211,
        "EPSG:32633", (499980.0, 8900040.0), ".tif", -1000.0, frozenset({"B01"}), NEW_MASKS,
    ),
    Expected(
        "S2A_MSIL2A_20230625T234621_N0509_R073_T01WCP_20230626T022157",
        datetime(2023, 6, 25, 23, 46, 21, 24000, UTC),
        datetime(2023, 6, 26, 2, 21, 57, 0, UTC),
        "Sentinel-2A", "05.09", "GS2A_20230625T234621_041826", 73, "01WCP", 15.047897000000003,
        "EPSG:32601", (300000.0, 7400040.0), ".jp2", -1000.0, frozenset({"B01"}), NEW_MASKS,
    ),
    Expected(
        "S2A_MSIL2A_20230625T234621_N0509_R073_T01WCP_20230626T022158",
        datetime(2023, 6, 25, 23, 46, 21, 24000, UTC),
        # By its name it was generated a second later than its twin; its metadata say the same.
        datetime(2023, 6, 26, 2, 21, 57, 0, UTC),
        "Sentinel-2A", "05.09", "GS2A_20230625T234621_041826", 73, "01WCP", 15.047897000000003,
        "EPSG:32601", (300000.0, 7400040.0), ".jp2", -1000.0, frozenset({"B01"}), NEW_MASKS,
    ),
    Expected(
        "S2B_MSIL2A_20241115T100159_N0511_R122_T32TQM_20241115T125542",
        datetime(2024, 11, 15, 10, 1, 59, 24000, UTC),
        datetime(2024, 11, 15, 12, 55, 42, 0, UTC),
        "Sentinel-2B", "05.11", "GS2B_20241115T100159_040188", 122, "32TQM", 0.324627,
        "EPSG:32632", (699960.0, 4700040.0), ".jp2", -1000.0, frozenset({"B01"}), NEW_MASKS,
    ),
]  # fmt: skip


@pytest.mark.parametrize("expected", PRODUCTS, ids=lambda product: product.directory)
def test_metadata_of_every_baseline(shared: Path, tmp_path: Path, expected: Expected) -> None:
    source = shared / "data" / "sentinel-2-metadata" / f"{expected.directory}.SAFE"
    product = with_images(source, tmp_path)
    read = read_local(product, header_reader(expected.crs, *expected.corner))
    scene = read.scene
    assert read.warnings == ()
    assert (scene.collection, scene.name) == ("sentinel-2-l2a", expected.directory)
    assert (scene.acquired, scene.generated) == (expected.acquired, expected.generated)
    assert (scene.platform, scene.baseline) == (expected.platform, expected.baseline)
    assert (scene.datatake, scene.relative_orbit) == (expected.datatake, expected.relative_orbit)
    assert (scene.cell, scene.cloud_cover) == (expected.cell, expected.cloud_cover)
    _check_assets(product, expected, scene.assets)


def _check_assets(product: Path, expected: Expected, assets: tuple[Asset, ...]) -> None:
    images = [
        *((band, 10.0) for band in BANDS_10M),
        *((band, 20.0) for band in BANDS_20M | expected.extra_20m),
        *((band, 60.0) for band in BANDS_60M),
        *((band, size) for band in expected.masks for size in (20.0, 60.0)),
    ]
    if "MSK_CLASSI" in expected.masks:
        images.remove(("MSK_CLASSI", 20.0))
    assert Counter((each.band, each.resolution) for each in assets) == Counter(images)
    for each in assets:
        assert each.href.startswith(str(product))
        assert each.href.endswith(expected.extension)
        assert (each.grid.crs, each.grid.transform.c, each.grid.transform.f) == (
            expected.crs, *expected.corner,
        )  # fmt: skip
        reflectance = each.band.startswith("B")
        atmosphere = each.band in {"AOT", "WVP"}
        assert each.offset == (expected.offset if reflectance else 0.0)
        assert each.quantification == (10000 if reflectance else 1000 if atmosphere else 1)
        assert each.nodata == (None if each.band in expected.masks else 0)


@pytest.mark.parametrize("expected", PRODUCTS[:1], ids=lambda product: product.directory)
def test_metadata_without_images_is_refused(shared: Path, expected: Expected) -> None:
    source = shared / "data" / "sentinel-2-metadata" / f"{expected.directory}.SAFE"
    with pytest.raises(NoImagesError, match=r"^all 39 images that it lists are missing$"):
        read_local(source, read_image_header)


def test_the_irish_product_with_some_of_its_images(shared: Path) -> None:
    root = (shared / "data" / "sentinel-2" / f"{IRELAND}.SAFE").resolve()
    read = read_local(root, read_image_header)
    scene = read.scene
    assert scene.name == IRELAND
    assert scene.acquired == datetime(2022, 10, 5, 11, 54, 11, 24000, UTC)
    assert scene.generated == datetime(2022, 10, 5, 16, 44, 54, 0, UTC)
    assert (scene.platform, scene.baseline) == ("Sentinel-2A", "04.00")
    assert (scene.datatake, scene.relative_orbit) == ("GS2A_20221005T115411_038058", 23)
    assert (scene.cell, scene.cloud_cover) == ("29UNU", 59.769726)
    there = [
        *((band, 60.0) for band in BANDS_60M),
        ("SCL", 20.0), ("AOT", 20.0), ("AOT", 10.0),
        *((band, size) for band in ("CLDPRB", "SNWPRB") for size in (20.0, 60.0)),
        ("MSK_CLASSI", 60.0),
    ]  # fmt: skip
    assert Counter((each.band, each.resolution) for each in scene.assets) == Counter(there)
    grid = Grid("EPSG:32629", Affine(60.0, 0.0, 499980.0, 0.0, -60.0, 5900040.0), 1830, 1830)
    images = f"{root}/{IRELAND_GRANULE}/IMG_DATA/R60m/T29UNU_20221005T115411"
    by_name = {(each.band, each.resolution): each for each in scene.assets}
    assert by_name["B04", 60.0] == Asset(
        "B04", f"{images}_B04_60m.jp2", grid, 1, 15, -1000.0, 10000.0, 0
    )
    assert by_name["TCI", 60.0] == Asset("TCI", f"{images}_TCI_60m.jp2", grid, 3, 8, 0.0, 1.0, 0)
    assert by_name["MSK_CLASSI", 60.0] == Asset(
        "MSK_CLASSI",
        f"{root}/{IRELAND_GRANULE}/QI_DATA/MSK_CLASSI_B00.jp2",
        grid,
        3,
        8,
        nodata=None,
    )
    (warning,) = read.warnings
    assert warning.startswith("18 images are missing: T29UNU_20221005T115411_B02_10m.jp2, ")


def native_header(corner: tuple[float, float], crs: str) -> ReadHeader:
    """Read a header by the native resolution of the band that the name ends with."""

    def read_header(href: str) -> Header:
        band = Path(href).stem[-3:]
        step = NATIVE_RESOLUTIONS.get(band, 60)
        transform = Affine(float(step), 0.0, corner[0], 0.0, float(-step), corner[1])
        colours = 3 if band == "TCI" else 1
        return Header(Grid(crs, transform, 109800 // step, 109800 // step), colours, 15)

    return read_header


def test_level_1c_of_baseline_03_01(shared: Path, tmp_path: Path) -> None:
    name = "S2A_MSIL1C_20210908T042701_N0301_R133_T46RER_20210908T070248"
    source = shared / "data" / "sentinel-2-metadata" / f"{name}.SAFE"
    product = with_images(source, tmp_path)
    read = read_local(product, native_header((499980.0, 3100020.0), "EPSG:32646"))
    scene = read.scene
    assert read.warnings == ()
    assert (scene.collection, scene.name, scene.baseline) == ("sentinel-2-l1c", name, "03.01")
    assert (scene.cell, scene.cloud_cover) == ("46RER", 88.2972)
    assert scene.datatake == "GS2A_20210908T042701_032448"
    assert [each.band for each in scene.assets] == [*BANDS, "TCI"]
    assert {(each.offset, each.quantification) for each in scene.assets[:-1]} == {(0.0, 10000.0)}
    quality = f"{product}/GRANULE/L1C_T46RER_A032448_20210908T043714/QI_DATA"
    assert scene.vector_masks == (
        *(VectorMask("NODATA", f"{quality}/MSK_NODATA_{band}.gml", band) for band in BANDS),
        VectorMask("CLOUDS", f"{quality}/MSK_CLOUDS_B00.gml"),
    )


def test_level_1c_with_one_of_its_images(shared: Path) -> None:
    name = "S2A_MSIL1C_20180101T105441_N0206_R051_T31TDH_20180101T124911"
    read = read_local(shared / "data" / "sentinel-2" / f"{name}.SAFE", read_image_header)
    (asset,) = read.scene.assets
    grid = Grid("EPSG:32631", Affine(60.0, 0.0, 399960.0, 0.0, -60.0, 4800000.0), 1830, 1830)
    assert (asset.band, asset.grid, asset.offset, asset.quantification) == ("B01", grid, 0, 10000)
    assert (read.scene.baseline, read.scene.relative_orbit) == ("02.06", 51)
    manifest, images, masks = read.warnings
    assert manifest == "manifest.safe is missing"
    assert images.startswith("13 images are missing: T31TDH_20180101T105441_B02.jp2, ")
    assert masks.startswith("14 vector masks are missing: MSK_NODATA_B01.gml, ")


def test_no_real_product_is_left_out(shared: Path, tmp_path: Path) -> None:
    """Whatever lies in the folders is found, and read once it has images."""
    read = []
    for folder in ("sentinel-2", "sentinel-2-metadata"):
        for product in sorted((shared / "data" / folder).glob("*.SAFE")):
            if (product / "manifest.safe").exists():
                copy = with_images(product, tmp_path)
                read.append(read_local(copy, native_header((0.0, 0.0), "EPSG:32601")).scene)
            else:
                read.append(read_local(product, read_image_header).scene)
    names = [scene.name for scene in read]
    assert len(names) == len(set(names)) == 9
    assert Counter(scene.collection for scene in read) == {
        "sentinel-2-l1c": 2,
        "sentinel-2-l2a": 7,
    }
