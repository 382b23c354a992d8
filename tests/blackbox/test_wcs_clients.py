"""OWSLib and GDAL's WCS driver as clients, in the versions of WCS that they speak."""

import os
import subprocess
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from owslib.wcs import WebCoverageService
from serving import Served

COVERAGES = {"S2_L2A", "S2_L2A_NDVI", "S2_L2A_SCL"}
AUTUMN, DAY = "2020-09-21", "2025-05-10"
# A window of the coverage's own pixels, of no more rows than gdal_translate asks for at a time.
LEFT, TOP = 1024, 512
SIZE = (1024, 128)
# In the demo's western product, in degrees, on lines of the coverage's own grid.
BOUNDS = (10.53, 53.88, 10.56, 53.9)


# Its client of WCS 1.1 looks for elements in namespaces that the standard does not have.
@pytest.mark.parametrize("version", ["1.0.0", "2.0.1"])
def test_owslib_finds_and_describes_every_coverage(demo_service: Served, version: str) -> None:
    client = WebCoverageService(f"{demo_service.url}/ows", version=version)
    assert set(client.contents) >= COVERAGES
    assert "S2_L2A_TRUE_COLOR" not in client.contents
    coverage = client.contents["S2_L2A"]
    assert coverage.supportedFormats


def test_owslib_gets_a_coverage_of_1_0(demo_service: Served) -> None:
    client = WebCoverageService(f"{demo_service.url}/ows", version="1.0.0")
    coverage = client.contents["S2_L2A"]
    west, south, _, _ = coverage.boundingBoxWGS84
    assert 10.3 < west < 10.4
    assert 53.8 < south < 53.9
    assert coverage.timepositions or coverage.timelimits
    answer = client.getCoverage(
        identifier="S2_L2A",
        bbox=BOUNDS,
        crs="EPSG:4326",
        format="GeoTIFF",
        width=300,
        height=200,
        time=[DAY],
    )
    with rasterio.open(BytesIO(answer.read())) as image:
        assert image.count == 12
        assert (image.read(4) != -32768).any()


def test_owslib_gets_a_coverage_of_2_0(demo_service: Served) -> None:
    client = WebCoverageService(f"{demo_service.url}/ows", version="2.0.1")
    answer = client.getCoverage(
        identifier="S2_L2A",
        format="image/tiff",
        subsets=[("Lat", BOUNDS[1], BOUNDS[3]), ("Long", BOUNDS[0], BOUNDS[2])],
    )
    with rasterio.open(BytesIO(answer.read())) as image:
        assert image.shape == (200, 300)
        assert image.transform.a == pytest.approx(0.0001, abs=1e-12)


@pytest.mark.parametrize("version", ["1.0.0", "2.0.1"])
def test_gdal_reads_a_window_bit_for_bit(
    demo_service: Served, tmp_path: Path, version: str
) -> None:
    source = tmp_path / "service.xml"
    source.write_text(
        "<WCS_GDAL>"
        f"<ServiceURL>{escape(demo_service.url)}/ows?</ServiceURL>"
        f"<Version>{version}</Version>"
        "<CoverageName>S2_L2A</CoverageName>"
        "<Timeout>60</Timeout>"
        "</WCS_GDAL>"
    )
    information = gdal("gdalinfo", str(source), home=tmp_path)
    assert "Type=Int16" in information
    # Of WCS 2.0 GDAL makes a list of commas of what means no data.
    assert ("NoData Value=-32768" in information) == (version == "1.0.0")
    target = tmp_path / "window.tif"
    window = ("-srcwin", *map(str, (LEFT, TOP, *SIZE)))
    gdal("gdal_translate", "-q", *window, str(source), str(target), home=tmp_path)
    with rasterio.open(target) as translated:
        pixels, (west, south, east, north) = translated.read(), translated.bounds
    assert (pixels != -32768).mean() > 0.5
    # The request that GDAL makes can be made without it.
    reply = demo_service.ows(
        {
            "SERVICE": "WCS",
            "VERSION": "1.0.0",
            "REQUEST": "GetCoverage",
            "COVERAGE": "S2_L2A",
            "CRS": "EPSG:4326",
            "BBOX": f"{west:.4f},{south:.4f},{east:.4f},{north:.4f}",
            "WIDTH": str(SIZE[0]),
            "HEIGHT": str(SIZE[1]),
            "FORMAT": "GeoTIFF",
        }
    )
    with rasterio.open(BytesIO(reply.body)) as asked:
        np.testing.assert_array_equal(pixels, asked.read())


@pytest.mark.parametrize("version", ["1.0.0", "1.1.1", "2.0.1"])
def test_gdal_finds_an_index_by_its_address_and_reads_it_of_a_day(
    demo_service: Served, tmp_path: Path, version: str
) -> None:
    address = f"WCS:{demo_service.url}/ows?version={version}"
    assert "S2_L2A_NDVI" in gdal("gdalinfo", address, home=tmp_path)
    source = f"{address}&coverage=S2_L2A_NDVI&time={AUTUMN}"
    assert "Type=Float32" in gdal("gdalinfo", source, home=tmp_path)
    target = tmp_path / "window.tif"
    gdal(
        "gdal_translate",
        "-q",
        *("-srcwin", "1400", "900", "300", "200"),
        source,
        str(target),
        home=tmp_path,
    )
    with rasterio.open(target) as translated:
        pixels, (west, south, east, north) = translated.read(1), translated.bounds
    assert np.isfinite(pixels).mean() > 0.5
    asked = {day: index_of(demo_service, (west, south, east, north), day) for day in (AUTUMN, DAY)}
    np.testing.assert_array_equal(pixels, asked[AUTUMN])
    assert not np.array_equal(pixels, asked[DAY])


def index_of(
    service: Served, bounds: tuple[float, float, float, float], day: str
) -> NDArray[np.float32]:
    reply = service.ows(
        {
            "SERVICE": "WCS",
            "VERSION": "1.0.0",
            "REQUEST": "GetCoverage",
            "COVERAGE": "S2_L2A_NDVI",
            "CRS": "EPSG:4326",
            "BBOX": ",".join(f"{bound:.4f}" for bound in bounds),
            "WIDTH": "300",
            "HEIGHT": "200",
            "TIME": day,
            "FORMAT": "GeoTIFF",
        }
    )
    with rasterio.open(BytesIO(reply.body)) as image:
        values: NDArray[np.float32] = image.read(1)
        return values


def gdal(*command: str, home: Path) -> str:
    """Run a program of GDAL, whose cache of descriptions in ``home`` outlives no service."""
    done = subprocess.run(
        [command[0], "--config", "GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR", *command[1:]],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
