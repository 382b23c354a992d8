"""STAC items of every dialect become scenes; hostile ones are refused with a reason."""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from safe_products import header_reader, read_local, write_product
from stac_items import NAME, item

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.ingest.errors import (
    BrokenMetadataError,
    NoImagesError,
    ProductRefusedError,
    UnsupportedProductError,
)
from function.ingest.readers import Readers
from function.ingest.reading import Header, ReadProduct
from function.ingest.stac.cell_grid import cell_grid
from function.ingest.stac.item import read_item
from function.ingest.stac.json_object import MAX_BYTES
from function.scene import Asset

BASE = "https://stac.example.com/items"


def no_header(href: str) -> Header:
    raise AssertionError(f"{href} was opened")


def no_directory(href: str) -> ReadProduct:
    raise AssertionError(f"{href} was opened")


CLOSED = Readers(no_header, no_directory)


def read(content: object, base: str = BASE) -> ReadProduct:
    return read_item(json.dumps(content).encode(), base, CLOSED)


def real(shared: Path, name: str) -> Any:
    (path,) = (shared / "data" / "stac").glob(name)
    content = json.loads(path.read_text())
    return content["features"][0] if "features" in content else content


def only(product: ReadProduct, band: str, resolution: float) -> Asset:
    (found,) = (
        asset
        for asset in product.scene.assets
        if (asset.band, asset.resolution) == (band, resolution)
    )
    return found


def grid(crs: str, step: int, west: float, north: float) -> Grid:
    size = 109800 // step
    return Grid(crs, Affine(float(step), 0.0, west, 0.0, -float(step), north), size, size)


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


def test_an_offset_that_is_applied_already_is_not_applied_again() -> None:
    content = item()
    content["properties"]["earthsearch:boa_offset_applied"] = True
    assert only(read(content), "B04", 10).offset == 0.0
    for href in ("s3://bucket/B04.jp2", "https://host/B04.JP2?sig=abc%3D"):
        content["assets"]["red"]["href"] = href
        asset = only(read(content), "B04", 10)
        assert (asset.offset, asset.bits) == (-1000.0, 15)


def test_cloud_cover_is_a_sum_of_rounded_shares() -> None:
    content = item()
    content["properties"]["eo:cloud_cover"] = 100.0000004
    assert read(content).scene.cloud_cover == 100.0


def test_of_an_image_that_is_there_twice_the_free_one_counts() -> None:
    content = item()
    paid = {**content["assets"]["red"], "href": "s3://paid/B04.jp2"}
    content["assets"]["red-jp2"] = paid
    assert only(read(content), "B04", 10).href == "https://data.example.com/B04.tif"
    del content["assets"]["red"]
    assert only(read(content), "B04", 10).href == "s3://paid/B04.jp2"


def test_an_alternate_address_in_a_bucket_is_preferred() -> None:
    content = item()
    content["assets"]["red"]["alternate"] = {
        "local": {"href": "/mnt/B04.tif"},
        "s3": {"href": "s3://eodata/B04.tif"},
    }
    assert only(read(content), "B04", 10).href == "s3://eodata/B04.tif"


def test_signed_addresses_are_kept() -> None:
    content = item()
    content["assets"]["red"]["href"] += "?sig=abc%3D"
    product = read(content)
    assert only(product, "B04", 10).href == "https://data.example.com/B04.tif?sig=abc%3D"
    assert product.warnings == ()


@pytest.mark.parametrize(
    ("base", "href", "expected"),
    [
        ("/data/items/a.json", "../B04.tif", "/data/B04.tif"),
        ("s3://bucket/items/a.json", "./B04.tif", "s3://bucket/items/B04.tif"),
        ("https://host/items/a.json", "B04.tif", "https://host/items/B04.tif"),
        ("/data/a.json", "file:///data/B04.tif", "file:///data/B04.tif"),
    ],
)
def test_addresses_beside_the_document(base: str, href: str, expected: str) -> None:
    content = item()
    content["assets"]["red"]["href"] = href
    assert only(read(content, base), "B04", 10).href == expected


@pytest.mark.parametrize("href", ["file:///etc/B04.tif", "ftp://host/B04.tif", "https:///B04.tif"])
def test_what_a_server_says_names_no_file_of_this_machine(href: str) -> None:
    content = item()
    content["assets"]["red"]["href"] = href
    product = read(content)
    assert [asset.band for asset in product.scene.assets] == ["SCL"]
    expected = f"1 images are left out: red: behind an address that is not read: {href}"
    assert product.warnings == (expected,)


def test_a_grid_that_the_item_lacks_is_the_cells() -> None:
    content = item()
    del content["assets"]["red"]["proj:transform"]
    assert read(content).scene == read(item()).scene


def test_an_image_of_which_nothing_tells_the_grid_is_asked_itself() -> None:
    content = item()
    content["assets"]["aot"] = {"href": "https://data.example.com/AOT.tif", "type": "image/tiff"}
    asked: list[str] = []

    def read_header(href: str) -> Header:
        asked.append(href)
        raise SceneUnreadableError("AOT.tif is not there")

    product = read_item(json.dumps(content).encode(), BASE, Readers(read_header, no_directory))
    assert asked == ["https://data.example.com/AOT.tif"]
    assert product.warnings == (
        "1 images are left out: aot: of unknown extent, for AOT.tif is not there",
    )


@pytest.mark.parametrize(
    ("cell", "crs", "west", "north"),
    [
        # The corners that real products' own metadata give.
        ("29UNU", "EPSG:32629", 499980, 5900040), ("31TDH", "EPSG:32631", 399960, 4800000),
        ("46RER", "EPSG:32646", 499980, 3100020), ("07HFE", "EPSG:32707", 600000, 6500020),
        ("01WCP", "EPSG:32601", 300000, 7400040), ("22HBD", "EPSG:32722", 199980, 5900020),
        ("33XWJ", "EPSG:32633", 499980, 8900040), ("32TQM", "EPSG:32632", 699960, 4700040),
        ("33UWP", "EPSG:32633", 499980, 5400000), ("06VVN", "EPSG:32606", 399960, 6800040),
        ("28QCH", "EPSG:32628", 300000, 2300040), ("27VWK", "EPSG:32627", 499980, 7000020),
    ],
)  # fmt: skip
def test_grids_of_cells(cell: str, crs: str, west: float, north: float) -> None:
    for step in (10, 20, 60):
        assert cell_grid(cell, step) == grid(crs, step, west, north)


@pytest.mark.parametrize("cell", ["61UNU", "00UNU", "29INU", "29UIU", "29UNW", "29UNUX", "", "29U"])
def test_names_that_are_no_cells(cell: str) -> None:
    assert cell_grid(cell, 10) is None


def edited(edit: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    content = item()
    edit(content)
    return content


@pytest.mark.parametrize(
    ("edit", "error", "reason"),
    [
        (lambda i: i.update(type="Collection"), UnsupportedProductError, "its type is not Feature"),
        (lambda i: i.update(type=7), BrokenMetadataError, "type is no text"),
        (lambda i: i.update(properties=[]), BrokenMetadataError, "properties is no object"),
        (lambda i: i.update(assets=[]), BrokenMetadataError, "assets is no object"),
        (lambda i: i.update(assets={"red": 1}), BrokenMetadataError, r"assets\.red is no object"),
        (lambda i: i.update(assets={}), NoImagesError, "no image that can be used"),
        (lambda i: i.update(geometry=None), BrokenMetadataError, "geometry is no polygon"),
        (lambda i: i["geometry"].update(coordinates=7), BrokenMetadataError, "is no list"),
        (lambda i: i["geometry"].update(coordinates=[7]), BrokenMetadataError, "without a ring"),
        (lambda i: i["geometry"].update(coordinates=[]), BrokenMetadataError, "without a ring"),
        (
            lambda i: i["geometry"].update(coordinates=[[["a", 1]]]),
            BrokenMetadataError,
            "a position that is none",
        ),
        (
            lambda i: i["geometry"].update(coordinates=[[[0, 1e300], [1, 1], [1, 2]]]),
            BrokenMetadataError,
            "leaves the Earth",
        ),
        (
            lambda i: i["properties"].update({"eo:cloud_cover": 10**400}),
            BrokenMetadataError,
            "no JSON|no finite number|no percentage",
        ),
        (
            lambda i: i["properties"].update({"eo:cloud_cover": "12"}),
            BrokenMetadataError,
            "eo:cloud_cover is no number",
        ),
        (
            lambda i: i["properties"].update({"eo:cloud_cover": 101}),
            BrokenMetadataError,
            "no percentage",
        ),
        (
            lambda i: i["properties"].update({"s2:product_uri": NAME.replace("T11", "T99")}),
            BrokenMetadataError,
            "holds no time",
        ),
        (
            lambda i: i["properties"].update({"s2:generation_time": "yesterday"}),
            BrokenMetadataError,
            "no time",
        ),
    ],
)
def test_hostile_items_are_refused(
    edit: Callable[[dict[str, Any]], object], error: type[ProductRefusedError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        read(edited(edit))


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"proj:transform": [10, 0, 0]}, "of the wrong length"),
        ({"proj:transform": [10, 1, 0, 0, -10, 0]}, "not north-up"),
        ({"proj:transform": [10, 0, 0, 0, "x", 0]}, "proj:transform is no number"),
        ({"proj:shape": [10980.5, 10980]}, "of an impossible size"),
        ({"proj:shape": [10**9, 10980]}, "of an impossible size"),
        ({"raster:bands": [{"scale": 0}]}, "a scale that is not positive"),
        ({"raster:bands": [{"nodata": 0.5}]}, "a nodata value that is no sample"),
        ({"raster:bands": {"scale": 1}}, "raster:bands is no list"),
        ({"href": None}, "without an address"),
    ],
)
def test_a_flawed_image_is_left_out(changes: dict[str, object], flaw: str) -> None:
    content = item()
    content["assets"]["red"].update(changes)
    product = read(content)
    assert [asset.band for asset in product.scene.assets] == ["SCL"]
    (warning,) = product.warnings
    assert warning.startswith("1 images are left out: red: ")
    assert flaw in warning


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a":' * 100_000, "no JSON"),
        (b'{"type": NaN}', "no JSON"),
        (b'{"type": "\xff"}', "no JSON"),
        (b'{"type": "\\ud800"}', "no JSON"),
        (b"[]", "no object"),
        (b" " * (MAX_BYTES + 1), "longer than"),
    ],
)
def test_what_is_no_json_object_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(BrokenMetadataError, match=reason):
        read_item(raw, BASE, CLOSED)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False).filter(math.isfinite)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["href", "type", "scale", "coordinates", "red", "proj:shape"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(data=st.data(), value=values)
def test_no_member_breaks_the_reader(data: st.DataObject, value: object) -> None:
    content: Any = item()
    place = content
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = value
        break

    def read_header(href: str) -> Header:
        raise SceneUnreadableError(href)

    with suppress(ProductRefusedError):
        read_item(json.dumps(content).encode(), BASE, Readers(read_header, no_directory))
