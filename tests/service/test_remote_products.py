"""Products in a bucket and on a web server are found and read as those on disk are."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from archive_server import Fault, serving_files
from radar_products import IMAGES, METADATA, write_strip_map
from s3_server import client_of, make_bucket, serving_s3, settings_of
from safe_products import IMAGES as BANDS
from safe_products import header_reader, no_shape, read_local, write_product

from function.errors import ArchiveDeniedError, ArchiveUnavailableError
from function.ingest.discovery import discover
from function.ingest.errors import NotASafeProductError, UnfitArchiveError
from function.ingest.products import open_product, read_product
from function.ingest.reading import ReadProduct
from function.scene import Scene
from function.scenes.access.archive import AccessLimits, Archive

HEADERS = header_reader("EPSG:32629", 499980.0, 5900040.0)
BUCKET = "s3://products"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_s3(tmp_path_factory.mktemp("s3") / "log") as endpoint:
        make_bucket(endpoint, "products")
        yield endpoint


@pytest.fixture
def archive(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    for name, value in settings_of(endpoint).items():
        monkeypatch.setenv(name, value)
    archive = Archive(AccessLimits(connections=4, timeout=60.0, tries=2, kept_bytes=0))
    yield archive
    archive.close()


def upload(endpoint: str, top: Path, prefix: str) -> None:
    """Put every file under ``top`` into the bucket."""
    client = client_of(endpoint)
    for path in top.rglob("*"):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(top)}"
            client.put_object(Bucket="products", Key=key, Body=path.read_bytes())


def read_all(source: str, archive: Archive) -> Mapping[str, ReadProduct]:
    return {
        address.href: read_product(open_product(address, archive), HEADERS, no_shape)
        for address in discover(source, archive)
    }


def moved(product: ReadProduct, start: str, target: str) -> Scene:
    """The scene as it is where its files lie elsewhere."""

    def there(href: str) -> str:
        return href.replace(start, target, 1)

    scene = product.scene
    assets = tuple(replace(asset, href=there(asset.href)) for asset in scene.assets)
    if scene.radar is None:
        return replace(scene, assets=assets)
    images = tuple(
        replace(
            image,
            href=there(image.href),
            annotation=image.annotation and there(image.annotation),
            calibration=image.calibration and there(image.calibration),
            noise=image.noise and there(image.noise),
        )
        for image in scene.radar.images
    )
    return replace(scene, assets=assets, radar=replace(scene.radar, images=images))


def test_a_bucket_of_products_is_read_as_a_directory_is(
    endpoint: str, archive: Archive, tmp_path: Path
) -> None:
    optical = write_product(tmp_path / "2024" / "06")
    radar = write_strip_map(tmp_path / "radar")
    upload(endpoint, tmp_path, "whole")
    found = read_all(f"{BUCKET}/whole", archive)
    assert list(found) == [
        f"{BUCKET}/whole/2024/06/{optical.name}",
        f"{BUCKET}/whole/radar/{radar.name}",
    ]
    for product, local in zip(found.values(), (optical, radar), strict=True):
        expected = read_local(local, HEADERS)
        assert product.scene == moved(expected, str(tmp_path), f"{BUCKET}/whole")
        assert product.warnings == expected.warnings == ()


def test_what_a_bucket_lacks_is_told(endpoint: str, archive: Archive, tmp_path: Path) -> None:
    optical, radar = write_product(tmp_path), write_strip_map(tmp_path)
    (optical / BANDS[1]).unlink()
    (optical / "manifest.safe").unlink()
    (radar / METADATA["noise", "vv"]).unlink()
    (radar / IMAGES[1]).unlink()
    upload(endpoint, tmp_path, "half")
    first, second = read_all(f"{BUCKET}/half/", archive).values()
    for product, local in ((first, radar), (second, optical)):
        expected = read_local(local, HEADERS)
        assert product.scene == moved(expected, str(tmp_path), f"{BUCKET}/half")
        assert product.warnings == expected.warnings
    assert first.warnings == (
        f"1 file of noise is missing: {Path(METADATA['noise', 'vv']).name}",
        f"1 image is missing: {Path(IMAGES[1]).name}",
    )
    assert second.warnings == (
        "manifest.safe is missing",
        f"1 image is missing: {Path(BANDS[1]).name}",
    )


def test_a_product_behind_a_web_server_is_read_by_its_metadata(
    archive: Archive, tmp_path: Path
) -> None:
    optical, radar = write_product(tmp_path / "a b"), write_strip_map(tmp_path / "a b")
    with serving_files(tmp_path) as server:
        for local in (optical, radar):
            href = f"{server.url}/a%20b/{local.name}"
            ((address, product),) = read_all(href, archive).items()
            expected = read_local(local, HEADERS)
            assert address == href
            assert product.scene == moved(expected, str(local), href)
            assert product.warnings == ()


def test_an_archive_that_fails_is_not_a_product_that_lacks_files(
    archive: Archive, tmp_path: Path
) -> None:
    product = write_product(tmp_path)
    with serving_files(tmp_path) as server:
        server.faults.append(Fault.FORBIDDEN)
        with pytest.raises(ArchiveDeniedError):
            read_all(f"{server.url}/{product.name}", archive)
        with pytest.raises(NotASafeProductError, match="A web server lists nothing: name each"):
            read_all(f"{server.url}/absent.SAFE", archive)
        server.always = Fault.WHOLE_FILE
        with pytest.raises(UnfitArchiveError, match="answers no requests for parts of files"):
            read_all(f"{server.url}/{product.name}", archive)
    with pytest.raises(ArchiveUnavailableError, match="has no such bucket"):
        read_all(f"s3://nowhere/{product.name}", archive)
