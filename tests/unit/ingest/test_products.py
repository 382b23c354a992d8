"""What is said of a place where no product is, and which store a product is of."""

from pathlib import Path
from typing import Any, cast

import pytest
from safe_products import header_reader, read_local, write_product

from function.ingest.discovery import ProductAddress
from function.ingest.errors import NotASafeProductError
from function.ingest.products import open_product, store_of


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "there is no such directory or file"),
        ("product.zip/nothing", "there is no such directory or file"),
        ("product.zip", "it is a file, neither a product's directory nor STAC items"),
    ],
)
def test_what_is_no_directory_is_told_so(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "product.zip").write_bytes(b"PK")
    with pytest.raises(NotASafeProductError) as refused:
        open_product(ProductAddress(str(tmp_path / name)), cast("Any", None))
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("href", "store"),
    [
        ("/archive/a.SAFE/manifest.safe", "disk"),
        ("s3://eodata/Sentinel-2/a.SAFE/manifest.safe", "s3://eodata"),
        ("https://data.example.com/a.SAFE/manifest.safe", "https://data.example.com"),
    ],
)
def test_the_store_that_a_file_lies_in(href: str, store: str) -> None:
    assert store_of(href) == store


def test_a_product_that_is_moved_on_disk_is_of_one_source(tmp_path: Path) -> None:
    root = write_product(tmp_path)
    headers = header_reader("EPSG:32629", 499980.0, 5900040.0)
    before = read_local(root, headers)
    (tmp_path / "moved").mkdir()
    after = read_local(root.rename(tmp_path / "moved" / root.name), headers)
    assert after.source == before.source == "disk"
    assert after.scene != before.scene
