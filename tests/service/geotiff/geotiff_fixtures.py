"""A server of GeoTIFFs, cloud-optimised and of noise."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_server import serving_files
from geotiff_site import BANDS, Site, asset_of, texture, write

from function.scene import Asset
from function.scenes.jpeg2000.openjpeg import OpenJpeg


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("images")
    for seed, band in enumerate(BANDS):
        write(directory / f"{band}.tif", texture(seed))
    return directory


@pytest.fixture
def site(images: Path, tmp_path: Path, openjpeg: OpenJpeg) -> Iterator[Site]:
    for path in images.iterdir():
        os.link(path, tmp_path / path.name)
    with serving_files(tmp_path) as server:
        yield Site(server, openjpeg)


@pytest.fixture
def assets(site: Site) -> list[Asset]:
    return [asset_of(site, f"{band}.tif") for band in BANDS]
