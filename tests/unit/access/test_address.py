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
        (
            "https://account.blob.host/c/a.jp2?st=2026-11-23T04%3A26%3A52Z&sig=a%2Bb%3D",
            Address(
                "https://account.blob.host?st=2026-11-23T04%3A26%3A52Z&sig=a%2Bb%3D", "c/a.jp2"
            ),
        ),
        ("s3://other.bucket/a?b#c.jp2", Address("s3://other.bucket", "a?b#c.jp2")),
        ("s3://eodata/Sentinel-2/", Address("s3://eodata", "Sentinel-2/")),
        ("s3://tenant:bucket_1/a.jp2", Address("s3://tenant:bucket_1", "a.jp2")),
        ("s3://eodata", Address("s3://eodata", "")),
    ],
)
def test_remote_files(href: str, address: Address) -> None:
    assert is_remote(href)
    assert read_address(href) == address


def test_hosts_are_told_without_what_signs_or_names() -> None:
    hrefs = ("s3://one/a", "s3://two/a", "https://me:secret@host:81/a?sig=b", "http://host/a")
    assert [read_address(href).host for href in hrefs] == ["s3", "s3", "host:81", "host"]


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
        ("s3://bucket/a//image.jp2", r"^image\.jp2 has no proper path$"),
        ("s3://bucket/../image.jp2", r"^image\.jp2 has no proper path$"),
        ("https://host/a/%2E%2E/image.jp2?sig=secret", r"^image\.jp2 has no proper path$"),
        ("s3:///image.jp2", r"^the address of image\.jp2 names no proper bucket$"),
        ("s3://buck et/image.jp2", r"^the address of image\.jp2 names no proper bucket$"),
        ("http:///image.jp2", r"^the address of image\.jp2 names no proper host$"),
        ("http://ho{st/image.jp2", r"^the address of image\.jp2 names no proper host$"),
        ("https://[1::2::3]/image.jp2", r"^the address of image\.jp2 names no proper host$"),
        ("https://[/image.jp2?sig=secret", r"^the address of image\.jp2 names no proper host$"),
        ("http://host:99999/image.jp2", r"^the address of image\.jp2 names no proper host$"),
    ],
)
def test_what_cannot_be_read(href: str, message: str) -> None:
    with pytest.raises(SceneUnreadableError, match=message):
        read_address(href)
