"""STAC items of every dialect become scenes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from safe_products import header_reader, read_local, write_product
from stac_items import NAME, item
from stac_reading import BASE, grid, no_header, only, read, real

from function.ingest.errors import (
    UnsupportedProductError,
)
from function.ingest.readers import Readers
from function.ingest.reading import ReadProduct
from function.ingest.stac.item import read_item


def test_an_item_of_cdse(shared: Path) -> None:
    product = read(real(shared, "S2C_MSIL2A_*.json"))
    scene = product.scene
    assert product.warnings == ()
    assert scene.name == "S2C_MSIL2A_20250330T100051_N0511_R122_T33UWP_20250330T145914"
    assert (scene.collection, scene.platform) == ("sentinel-2-l2a", "Sentinel-2C")
    assert scene.acquired.isoformat() == "2025-03-30T10:00:51.025000+00:00"
    assert scene.generated.isoformat() == "2025-03-30T14:59:14+00:00"
    assert (scene.baseline, scene.datatake) == ("05.11", "GS2C_20250330T100051_002952")
    assert (scene.relative_orbit, scene.cell, scene.cloud_cover) == (122, "33UWP", 86.041468)
    red = only(product, "B04", 10)
    assert red.href.startswith("s3://eodata/Sentinel-2/MSI/L2A/2025/03/30/")
    assert red.href.endswith("/R10m/T33UWP_20250330T100051_B04_10m.jp2")
    assert red.grid == grid("EPSG:32633", 10, 499980.0, 5400000.0)
    assert (red.components, red.bits, red.nodata) == (1, 15, 0)
    assert (red.offset, red.quantification) == (-1000.0, 10000.0)
    assert (only(product, "SCL", 20).offset, only(product, "SCL", 20).bits) == (0.0, 8)
    assert only(product, "TCI", 60).components == 3
    # The item says -0.1 of AOT as of the bands; ESA's AOT has no offset and is in thousandths.
    assert (only(product, "AOT", 10).offset, only(product, "AOT", 10).quantification) == (0, 1000)
    assert len(scene.assets) == 36


def test_an_item_of_planetary_computer_has_offsets_by_its_baseline(shared: Path) -> None:
    content = real(shared, "S2B_MSIL2A_2019*.json")
    product = read(content)
    assert product.scene.name == "S2B_MSIL2A_20190629T212529_N0212_R043_T06VVN_20201006T080531"
    assert product.scene.datatake == "GS2B_20190629T212529_012081"
    red = only(product, "B04", 10)
    assert red.grid == grid("EPSG:32606", 10, 399960.0, 6800040.0)
    assert (red.offset, red.quantification, red.bits) == (0.0, 10000.0, 16)
    uri = content["properties"]["s2:product_uri"].replace("N0212", "N0500")
    content["properties"]["s2:product_uri"] = uri
    assert only(read(content), "B04", 10).offset == -1000.0


def test_an_item_of_earth_search(shared: Path) -> None:
    product = read(real(shared, "earth_search_search.json"))
    scene = product.scene
    assert scene.name == "S2B_MSIL1C_20240206T131259_N0510_R081_T27VWK_20240206T133903"
    assert scene.collection == "sentinel-2-l1c"
    # The item's time is that over the grid cell, a minute after the one in the product's name.
    assert scene.acquired.isoformat() == "2024-02-06T13:12:59+00:00"
    red = only(product, "B04", 10)
    assert red.href == "s3://sentinel-s2-l1c/tiles/27/V/WK/2024/2/6/0/B04.jp2"
    assert (red.offset, red.quantification, red.bits) == (-1000.0, 10000.0, 15)
    assert {asset.band for asset in scene.assets} == {
        "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12",
        "TCI",
    }  # fmt: skip


def test_an_old_item_of_earth_search_is_partial(shared: Path) -> None:
    product = read(real(shared, "S2A_28QCH_*.json"))
    assert product.scene.name == "S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310"
    assert product.warnings == ("it names no datatake: other generations of it are not recognised",)
    assert only(product, "AOT", 60).grid == grid("EPSG:32628", 60, 300000.0, 2300040.0)


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        (
            "earthsearch-s1-grd.json",
            (
                "s3://sentinel-s1-l1c/GRD/2024/3/25/EW/DH/"
                "S1A_EW_GRDM_1SDH_20240325T094655_20240325T094811_053136_066FDB_411C"
            ),
        ),
        (
            "mspc-s1-grd.json",
            (
                "https://sentinel1euwest.blob.core.windows.net/s1-grd/GRD/2024/3/25/IW/DV/"
                "S1A_IW_GRDH_1SDV_20240325T055038_20240325T055103_053134_066FC4_F9DE"
            ),
        ),
    ],
)
def test_products_of_sentinel_1_are_read_where_they_lie(
    shared: Path, name: str, directory: str
) -> None:
    expected = read(item())
    asked: list[str] = []

    def read_directory(href: str) -> ReadProduct:
        asked.append(href)
        return expected

    raw = json.dumps(real(shared, name)).encode()
    found = read_item(raw, BASE, Readers(no_header, read_directory))
    assert found == replace(expected, source=f"item {json.loads(raw)['id']}")
    assert asked == [directory]


def test_an_answer_of_odata_is_told_what_is_read() -> None:
    answer = {"@odata.context": "$metadata#Products", "value": [{"Id": "0", "Name": NAME}]}
    with pytest.raises(UnsupportedProductError, match=r"FeatureCollection of them, .*; not OData"):
        read(answer)


def test_items_of_other_products_are_refused() -> None:
    content = item()
    del content["properties"]["s2:product_uri"]
    with pytest.raises(UnsupportedProductError, match="names no Sentinel-2 L1C or L2A product"):
        read(content)


def test_all_dialects_of_one_product_make_one_scene() -> None:
    old = item()
    new = item()
    for asset in (new["assets"]["red"], new["assets"]["scl"]):
        asset["proj:code"] = "EPSG:32629"
        (described,) = asset.pop("raster:bands")
        asset.update({f"raster:{key}": described[key] for key in ("scale", "offset")})
    del new["properties"]["proj:epsg"]
    assert read(new).scene == read(old).scene
    within = item()
    for asset in (within["assets"]["red"], within["assets"]["scl"]):
        (described,) = asset.pop("raster:bands")
        asset["bands"] = [{f"raster:{key}": value for key, value in described.items()}]
    assert read(within).scene == read(old).scene


def test_an_item_and_a_safe_product_are_one_scene(tmp_path: Path) -> None:
    product = read_local(write_product(tmp_path), header_reader("EPSG:32629", 499980.0, 5900040.0))
    of_item, of_safe = read(item()).scene, product.scene
    for name in (
        "collection", "name", "acquired", "generated", "platform", "baseline", "datatake",
        "relative_orbit", "cell", "cloud_cover",
    ):  # fmt: skip
        assert getattr(of_item, name) == getattr(of_safe, name), name
    (red,) = (asset for asset in of_safe.assets if asset.band == "B04")
    found = only(read(item()), "B04", 10)
    assert (found.grid, found.offset, found.quantification, found.nodata) == (
        red.grid,
        red.offset,
        red.quantification,
        red.nodata,
    )
