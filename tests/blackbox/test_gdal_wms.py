"""GDAL's WMS driver as a client: a service description, read in blocks and put together."""

import json
import subprocess
from pathlib import Path
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import numpy as np
import pytest
import rasterio
from pictures import decode_picture
from serving import Served
from xml_documents import find

# Over a corner of four blocks, and pixels of 10 m of the demo's own grid.
BOUNDS = (592_480.0, 5_972_000.0, 599_480.0, 5_978_000.0)
SIZE = (700, 600)

SERVICES = {
    "1.1.1": "<Version>1.1.1</Version><SRS>EPSG:32632</SRS>",
    "1.3.0": "<Version>1.3.0</Version><CRS>EPSG:32632</CRS><BBoxOrder>xyXY</BBoxOrder>",
}


def describe(url: str, service: str, layers: str, size: tuple[int, int]) -> str:
    west, south, east, north = BOUNDS
    return f"""\
<GDAL_WMS>
  <Service name="WMS">
    {service}
    <ServerUrl>{escape(url)}/ows?TIME=2025-05-10&amp;</ServerUrl>
    <Layers>{layers}</Layers>
    <ImageFormat>image/png</ImageFormat>
  </Service>
  <DataWindow>
    <UpperLeftX>{west}</UpperLeftX><UpperLeftY>{north}</UpperLeftY>
    <LowerRightX>{east}</LowerRightX><LowerRightY>{south}</LowerRightY>
    <SizeX>{size[0]}</SizeX><SizeY>{size[1]}</SizeY>
  </DataWindow>
  <Projection>EPSG:32632</Projection>
  <BandsCount>3</BandsCount>
  <BlockSizeX>400</BlockSizeX><BlockSizeY>350</BlockSizeY>
  <Timeout>60</Timeout>
</GDAL_WMS>
"""


def translate(description: str, directory: Path) -> subprocess.CompletedProcess[str]:
    source = directory / "service.xml"
    source.write_text(description)
    return subprocess.run(
        ["gdal_translate", "-q", "-of", "GTiff", str(source), str(directory / "map.tif")],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", SERVICES)
def test_a_map_read_in_blocks_is_the_map_asked_for_at_once(
    demo_service: Served, tmp_path: Path, version: str
) -> None:
    description = describe(demo_service.url, SERVICES[version], "S2_L2A_TRUE_COLOR", SIZE)
    done = translate(description, tmp_path)
    assert done.returncode == 0, done.stderr
    whole = demo_service.ask(
        "/ows?"
        + urlencode(
            {
                "SERVICE": "WMS",
                "VERSION": "1.3.0",
                "REQUEST": "GetMap",
                "LAYERS": "S2_L2A_TRUE_COLOR",
                "STYLES": "",
                "CRS": "EPSG:32632",
                "BBOX": ",".join(map(str, BOUNDS)),
                "WIDTH": SIZE[0],
                "HEIGHT": SIZE[1],
                "FORMAT": "image/png",
                "TIME": "2025-05-10",
            }
        )
    )
    with rasterio.open(tmp_path / "map.tif") as translated:
        np.testing.assert_array_equal(translated.read(), decode_picture(whole.body)[0])


@pytest.mark.parametrize("version", SERVICES)
def test_layers_are_found_by_the_address_of_the_service(
    demo_service: Served, tmp_path: Path, version: str
) -> None:
    address = f"WMS:{demo_service.url}/ows?SERVICE=WMS&VERSION={version}&REQUEST=GetCapabilities"
    listed = subprocess.run(
        ["gdalinfo", "-json", address], capture_output=True, text=True, check=True
    )
    sources = {
        source.split("LAYERS=")[1].split("&")[0]: source
        for key, source in json.loads(listed.stdout)["metadata"]["SUBDATASETS"].items()
        if key.endswith("_NAME")
    }
    capabilities = demo_service.ows({"SERVICE": "WMS", "REQUEST": "GetCapabilities"})
    assert list(sources) == find(capabilities.body, "//Layer/Name/text()")
    target = tmp_path / "map.tif"
    # Degrees from west to east and north to south, in each version.
    area = ("-projwin", "10.5", "53.95", "10.6", "53.9", "-outsize", "300", "150")
    done = subprocess.run(
        ["gdal_translate", "-q", *area, sources["S2_L2A_TRUE_COLOR"], str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with rasterio.open(target) as image:
        assert image.bounds == pytest.approx((10.5, 53.9, 10.6, 53.95), abs=1e-6)
        drawn = image.read().astype(np.int32)
    asked = demo_service.ows(
        {
            "SERVICE": "WMS",
            "VERSION": "1.1.1",
            "REQUEST": "GetMap",
            "LAYERS": "S2_L2A_TRUE_COLOR",
            "STYLES": "",
            "SRS": "EPSG:4326",
            "BBOX": "10.5,53.9,10.6,53.95",
            "WIDTH": "300",
            "HEIGHT": "150",
            "FORMAT": "image/png",
        }
    )
    # GDAL asks for JPEG in steps of two, and takes the nearest pixel of what it gets.
    assert np.median(np.abs(drawn - decode_picture(asked.body)[0])) < 10


def test_what_is_wrong_reaches_the_user(demo_service: Served, tmp_path: Path) -> None:
    done = translate(describe(demo_service.url, SERVICES["1.3.0"], "nothing", SIZE), tmp_path)
    assert done.returncode != 0
    assert "is not published" in done.stderr
