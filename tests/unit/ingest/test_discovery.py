"""Products are found on disk and in buckets, without listing what lies in them."""

import os
from pathlib import Path, PurePosixPath

import pytest

from function.errors import ArchiveDeniedError, SceneUnreadableError
from function.ingest.discovery import ProductAddress, discover
from function.scenes.access.listing import Listing

RADAR = "S1A_EW_GRDM_1SDH_20221130T014342_20221130T014446_046117_058549_BB15"
FILES = (
    "S2A.SAFE/manifest.safe",
    "S2A.SAFE/GRANULE/L2A/IMG_DATA/B04.jp2",
    "2024/06/01/S2B.SAFE/MTD_MSIL2A.xml",
    "2024/06/01/S2B.SAFE/inner.SAFE/manifest.safe",
    f"GRD/2022/11/30/EW/DH/{RADAR}/productInfo.json",
    f"GRD/2022/11/30/EW/DH/{RADAR}/measurement/ew-hh.tiff",
    "renamed/MTD_MSIL1C.xml",
    "renamed/GRANULE/L1C/MTD_TL.xml",
    "notes/readme.txt",
)
PRODUCTS = ["2024/06/01/S2B.SAFE", f"GRD/2022/11/30/EW/DH/{RADAR}", "S2A.SAFE", "renamed"]


class Bucket:
    """A store that holds ``keys`` and notes what is listed of it."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys
        self.listed: list[str] = []

    def read_all(self, href: str, most_bytes: int) -> bytes:
        raise AssertionError(f"{href} is read up to {most_bytes}")

    def list(self, href: str, limit: int) -> Listing:
        self.listed.append(href)
        top = href.removeprefix("s3://archive/")
        below = [key.removeprefix(top) for key in self._keys if key.startswith(top)]
        if not below:
            raise SceneUnreadableError(f"{href} is not in the archive")
        assert len(below) <= limit
        directories = {f"{href}{key.partition('/')[0]}/" for key in below if "/" in key}
        files = {href + key for key in below if "/" not in key}
        return Listing(tuple(sorted(directories)), tuple(sorted(files)))


def write_files(top: Path) -> None:
    for name in FILES:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()


def found(source: str, bucket: Bucket) -> list[str]:
    return [address.href for address in discover(source, bucket)]


def test_a_directory_that_cannot_be_listed_is_given_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path)
    closed, gone = str(tmp_path / "2024" / "06"), str(tmp_path / "notes")
    (tmp_path / "lost+found").mkdir()
    failures = {
        closed: PermissionError(13, "Permission denied", closed),
        gone: FileNotFoundError(2, "No such file or directory", gone),
        str(tmp_path / "lost+found"): AssertionError("lost+found is listed"),
    }
    scan = os.scandir

    def scan_but_for_some(path: str) -> object:
        if str(path) in failures:
            raise failures[str(path)]
        return scan(path)

    monkeypatch.setattr(os, "scandir", scan_but_for_some)
    listed = [str(tmp_path / name) for name in PRODUCTS[1:]]
    assert found(str(tmp_path), Bucket()) == [*listed, closed]


def test_on_disk(tmp_path: Path) -> None:
    write_files(tmp_path)
    bucket = Bucket()
    assert found(str(tmp_path), bucket) == [str(tmp_path / name) for name in PRODUCTS]
    assert found(f"{tmp_path}/S2A.SAFE/", bucket) == [str(tmp_path / "S2A.SAFE")]
    assert found(f"file://{tmp_path}/renamed", bucket) == [str(tmp_path / "renamed")]
    assert bucket.listed == []


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path / "2024")
    assert found("06", Bucket()) == [str(tmp_path / "2024/06/01/S2B.SAFE")]
    assert found("nothing", Bucket()) == [str(tmp_path / "2024/nothing")]


def test_links_are_not_followed_so_that_none_leads_in_a_circle(tmp_path: Path) -> None:
    write_files(tmp_path / "archive")
    (tmp_path / "archive" / "again").symlink_to(tmp_path / "archive")
    (tmp_path / "link").symlink_to(tmp_path / "archive")
    assert found(str(tmp_path / "archive"), Bucket()) == [
        str(tmp_path / "archive" / name) for name in PRODUCTS
    ]
    assert len(found(str(tmp_path / "link"), Bucket())) == len(PRODUCTS)


@pytest.mark.parametrize("source", ["s3://archive", "s3://archive/"])
def test_in_a_bucket_products_are_not_listed(source: str) -> None:
    bucket = Bucket(*FILES)
    assert found(source, bucket) == [f"s3://archive/{name}" for name in PRODUCTS]
    within = {str(parent) for name in PRODUCTS for parent in PurePosixPath(name).parents}
    others = {f"s3://archive/{name}/" for name in within - {"."}} | {
        "s3://archive/",
        "s3://archive/notes/",
        "s3://archive/renamed/",  # by what lies in it, for its name does not tell
    }
    assert sorted(bucket.listed) == sorted(others)


def test_a_product_in_a_bucket_is_found_without_any_listing() -> None:
    bucket = Bucket(*FILES)
    for name in (f"GRD/2022/11/30/EW/DH/{RADAR}", "S2A.SAFE"):
        assert found(f"s3://archive/{name}/", bucket) == [f"s3://archive/{name}"]
    assert bucket.listed == []


def test_products_are_given_as_they_are_found() -> None:
    bucket = Bucket(*FILES)
    products = discover("s3://archive", bucket)
    assert next(products) == ProductAddress("s3://archive/2024/06/01/S2B.SAFE")
    assert len(bucket.listed) == 4


def test_a_source_on_a_web_server_is_a_product() -> None:
    href = "https://data.example/S2A.SAFE"
    assert found(href, Bucket()) == [href]


def test_a_prefix_without_products_is_given_itself() -> None:
    assert found("s3://archive/notes", Bucket(*FILES)) == ["s3://archive/notes"]


def test_what_cannot_be_listed_is_told() -> None:
    class Closed(Bucket):
        def list(self, href: str, limit: int) -> Listing:
            raise ArchiveDeniedError(f"{href} {limit}")

    with pytest.raises(SceneUnreadableError, match="not in the archive"):
        found("s3://archive/absent", Bucket(*FILES))
    with pytest.raises(ArchiveDeniedError):
        found("s3://archive", Closed())
