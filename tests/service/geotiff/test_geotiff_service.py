"""The whole service over GeoTIFFs on a web server: maps as of the JPEG 2000 files they were."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import rasterio
import rasterio.shutil
from archive_server import ArchiveServer, serving_files
from serving import Served, run_command, serve

# As Earth Search catalogues them.
MOVE = """
UPDATE scenes
SET assets = replace(
    jsonb_set(
        assets::jsonb,
        '{root}',
        to_jsonb(regexp_replace(assets::jsonb ->> 'root', '^.*/(?=[^/]+[.]SAFE/)', %s))
    )::text,
    '.jp2"',
    '.tif"'
)
"""
# The images that the maps are made of.
SHOWN = ("R10m/*_10m.jp2", "R20m/*_SCL_20m.jp2")
MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "CRS": "EPSG:32632",
    "FORMAT": "image/png",
    # On the images' own grid, where a pixel is a sample.
    "BBOX": "606000,5974000,611120,5979120",
    "WIDTH": "512",
    "HEIGHT": "512",
}
MAPS = [
    MAP | {"LAYERS": layer, "CLOUDMASK": mask}
    for layer in ("S2_L2A_TRUE_COLOR", "S2_L2A_FALSE_COLOR", "S2_L2A_NDVI", "S2_L2A_SCL")
    for mask in ("on", "off")
]


@pytest.fixture(scope="module")
def geotiffs(
    demo_products: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ArchiveServer]:
    """A server of conversions of the demo's images."""
    directory = tmp_path_factory.mktemp("geotiffs")
    options = {"driver": "COG", "COMPRESS": "LZW", "BLOCKSIZE": "256", "OVERVIEWS": "NONE"}
    for product in demo_products:
        for path in (path for shown in SHOWN for path in product.rglob(shown)):
            target = directory / path.relative_to(product.parent).with_suffix(".tif")
            target.parent.mkdir(parents=True, exist_ok=True)
            with rasterio.Env(GDAL_PAM_ENABLED="NO"):
                rasterio.shutil.copy(path, target, **options)
    with serving_files(directory) as server:
        yield server


@pytest.fixture(scope="module")
def geotiff_service(
    geotiffs: ArchiveServer,
    module_catalogue_url: str,
    demo_products: tuple[Path, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """A service over them."""
    run_command("ingest", *map(str, demo_products), SENTINEL_OWS_DATABASE_URL=module_catalogue_url)
    with psycopg.connect(module_catalogue_url) as connection:
        connection.execute(MOVE, (f"{geotiffs.url}/",))
    with serve(module_catalogue_url, tmp_path_factory.mktemp("geotiff") / "log") as served:
        yield served


def test_maps_are_those_of_the_jpeg2000_files(
    demo_service: Served, geotiff_service: Served, geotiffs: ArchiveServer
) -> None:
    for request in MAPS:
        expected, found = demo_service.ows(request), geotiff_service.ows(request)
        assert (expected.status, found.status) == (200, 200), found.body
        assert "x-sentinel-ows-warning" not in found.headers
        assert found.body == expected.body, request
    asked = geotiffs.take_asked()
    assert asked
    assert all(each.path.endswith(".tif") for each in asked)
