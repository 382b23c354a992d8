"""The variables of AWS, checked as the service's own settings are."""

import os

import pytest

from function.errors import SceneUnreadableError
from function.scenes.access.stores import ENDPOINTS, Stores
from function.settings import SettingsError


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("AWS_ENDPOINT_URL", "127.0.0.1:9000", r"^AWS_ENDPOINT_URL='127.0.0.1:9000' is no address"),
        ("AWS_ENDPOINT_URL", "http://me:pass/word@h", r"^AWS_ENDPOINT_URL='…@h' is no address"),
        ("AWS_ENDPOINT_URL", "http://", r"^AWS_ENDPOINT_URL='http://' is no address"),
        ("AWS_ENDPOINT_URL", "http://h:99999", r"^AWS_ENDPOINT_URL='http://h:99999' is no address"),
        ("AWS_ENDPOINT_URL", "http://1.2.3.999", r"is no address as of https://s3\.example$"),
        ("AWS_ENDPOINT_URL_S3", "ftp://host", r"^AWS_ENDPOINT_URL_S3='ftp://host' is no address"),
        ("AWS_SKIP_SIGNATURE", "maybe", r"^AWS_SKIP_SIGNATURE='maybe' cannot be used: .*boolean$"),
        ("AWS_REQUEST_PAYER", "nobody", r"^AWS_REQUEST_PAYER='nobody' cannot be used: .*boolean$"),
        ("AWS_SECRET_ACCESS_KEY", "secret", r"cannot be used: Missing AccessKeyId$"),
        ("AWS_ACCESS_KEY_ID", "key", r"cannot be used: Missing SecretAccessKey$"),
    ],
)
def test_what_cannot_be_used_is_told_before_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=message):
        Stores(1, 1.0)


@pytest.mark.parametrize(
    "endpoint",
    ["https://eodata.dataspace.copernicus.eu", "http://[::1]:9000/", "HTTP://store_1:80/a/b-c"],
)
def test_an_endpoint_that_can_be_used(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_REQUEST_PAYER", "requester")
    assert Stores(1, 1.0).open("s3://bucket")


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENDPOINTS, "AWS_ACCESS_KEY_ID", "AWS_SKIP_SIGNATURE", "AWS_REQUEST_PAYER"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("AWS_REGION", "default")
    assert Stores(1, 1.0).open("s3://bucket")
    assert [name for name in os.environ if name.startswith("AWS_")] == ["AWS_REGION"]


def test_buckets_of_s3_express(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_S3_EXPRESS", "true")
    assert Stores(1, 1.0).open("s3://bucket--use1-az4--x-s3")


def test_an_address_that_is_none() -> None:
    with pytest.raises(SceneUnreadableError, match="the archive's address is none"):
        Stores(1, 1.0).open("http://1.2.3.999")
