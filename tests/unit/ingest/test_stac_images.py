"""Images of STAC items: their addresses, offsets and grids."""

import json

import pytest
from stac_items import item
from stac_reading import BASE, grid, no_directory, only, read

from function.errors import SceneUnreadableError
from function.ingest.readers import Readers
from function.ingest.reading import Header
from function.ingest.stac.cell_grid import cell_grid
from function.ingest.stac.item import read_item


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


def test_a_file_of_another_machine_is_left_out() -> None:
    content = item()
    content["assets"]["red"]["href"] = "file://[/B04.tif"
    product = read(content, "/data/a.json")
    assert [asset.band for asset in product.scene.assets] == ["SCL"]


@pytest.mark.parametrize("href", ["file:///etc/B04.tif", "ftp://host/B04.tif", "https:///B04.tif"])
def test_what_a_server_says_names_no_file_of_this_machine(href: str) -> None:
    content = item()
    content["assets"]["red"]["href"] = href
    product = read(content)
    assert [asset.band for asset in product.scene.assets] == ["SCL"]
    expected = f"1 image is left out: red: behind an address that is not read: {href}"
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
        "1 image is left out: aot: of unknown extent, for AOT.tif is not there",
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
