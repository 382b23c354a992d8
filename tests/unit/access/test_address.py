"""Where files lie, by their hrefs."""

from pathlib import Path

import pytest

from function.errors import SceneUnreadableError
from function.scenes.access.address import Address, is_remote, local_path, read_address


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("s3://eodata/Sentinel-2/a b%20.jp2", Address("s3://eodata", "Sentinel-2/a b%20.jp2")),
        ("https://host:81/top/a%20b.jp2", Address("https://host:81", "top/a b.jp2")),
        ("http://host/image.jp2", Address("http://host", "image.jp2")),
    ],
)
def test_remote_files(href: str, address: Address) -> None:
    assert is_remote(href)
    assert read_address(href) == address


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/data/a b.jp2", "/data/a b.jp2"),
        ("data/a.jp2", "data/a.jp2"),
        ("file:///data/a%20b.jp2", "/data/a b.jp2"),
    ],
)
def test_local_files(href: str, path: str) -> None:
    assert not is_remote(href)
    assert local_path(href) == Path(path)


@pytest.mark.parametrize(
    ("href", "message"),
    [
        ("ftp://host/image.jp2", r"^image\.jp2 lies behind an unknown scheme: ftp$"),
        ("https://host/image.jp2?sig=secret", r"^image\.jp2 has an address with a query$"),
    ],
)
def test_what_cannot_be_read(href: str, message: str) -> None:
    with pytest.raises(SceneUnreadableError, match=message):
        read_address(href)
