"""QGIS as a client: layers from the browser, maps, the temporal controller, coverages."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pictures import decode_picture
from qgis_process import Qgis, run_qgis
from serving import Served
from xml_documents import find

TRUE_COLOUR = "Sentinel-2 L2A, true colour"
GRID_CELLS = "Grid cells of the catalogue"
REFLECTANCE = "Sentinel-2 L2A, surface reflectance"
NDVI = "Sentinel-2 L2A, vegetation index (NDVI)"

AUTUMN, SPRING = "2020-09-21", "2025-05-10"
DAY_OF_AUTUMN = [f"{AUTUMN}T00:00:00Z", f"{AUTUMN}T23:59:59Z"]
YEAR_OF_AUTUMN = ["2020-01-01T00:00:00Z", "2020-12-31T23:59:59Z"]

# One place in the demo, x first, of the proportions of SIZE: QGIS would widen others.
AREAS = {
    "EPSG:3857": (1170000.0, 7152000.0, 1175100.0, 7158800.0),
    "EPSG:4326": (10.5, 53.875, 10.546875, 53.9375),
    "EPSG:32632": (600000.0, 5970000.0, 604500.0, 5976000.0),
}
SIZE = (300, 400)

# On lines of the coverage's own grid.
BOUNDS = (10.53, 53.88, 10.56, 53.9)
COVERAGE_SIZE = (300, 200)


@pytest.fixture(scope="module")
def qgis() -> Iterator[Qgis]:
    with run_qgis() as running:
        yield running


@pytest.fixture(scope="module")
def maps(qgis: Qgis, demo_service: Served) -> dict[str, str]:
    """Sources of the layers of WMS, by title."""
    sources: dict[str, str] = qgis.do("browse", service="wms", url=f"{demo_service.url}/ows").result
    return sources


@pytest.fixture(scope="module")
def coverages(qgis: Qgis, demo_service: Served) -> dict[str, str]:
    """Sources of the layers of WCS, by title."""
    sources: dict[str, str] = qgis.do("browse", service="wcs", url=f"{demo_service.url}/ows").result
    return sources


def pixels_of(body: bytes) -> NDArray[np.int32]:
    """A picture as (red, green, blue, opacity), and black where it is transparent."""
    colours, opacity = decode_picture(body)
    return np.concatenate([colours * (opacity > 0), opacity[None]])


def ask(
    service: Served, crs: str = "EPSG:3857", layer: str = "S2_L2A_TRUE_COLOR", **changes: str
) -> NDArray[np.int32]:
    """The service's own picture of one of AREAS."""
    west, south, east, north = AREAS[crs]
    box = (south, west, north, east) if crs == "EPSG:4326" else (west, south, east, north)
    request = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetMap",
        "LAYERS": layer,
        "STYLES": "",
        "CRS": crs,
        "BBOX": ",".join(map(str, box)),
        "WIDTH": str(SIZE[0]),
        "HEIGHT": str(SIZE[1]),
        "FORMAT": "image/png",
        "TRANSPARENT": "TRUE",
    }
    reply = service.ows(request | changes)
    assert reply.status == 200, reply.body
    return pixels_of(reply.body)


class Painter:
    """QGIS drawing maps of AREAS into one file."""

    def __init__(self, qgis: Qgis, file: Path) -> None:
        self._qgis = qgis
        self._file = file
        self.times: list[str] = []

    def draw(self, source: str, crs: str = "EPSG:3857", **options: object) -> NDArray[np.int32]:
        """The pixels; ``times`` are then the values of TIME that were asked for."""
        done = self._qgis.do(
            "draw",
            source=source,
            crs=crs,
            bounds=AREAS[crs],
            size=SIZE,
            file=str(self._file),
            **options,
        )
        queries = [parse_qs(urlsplit(address).query) for address in done.asked]
        self.times = [time for query in queries for time in query.get("TIME", [])]
        return pixels_of(self._file.read_bytes())


@pytest.fixture
def painter(qgis: Qgis, tmp_path: Path) -> Painter:
    return Painter(qgis, tmp_path / "map.png")


def test_the_browser_shows_every_layer(demo_service: Served, maps: dict[str, str]) -> None:
    capabilities = demo_service.ows({"SERVICE": "WMS", "REQUEST": "GetCapabilities"})
    titles = find(capabilities.body, "//Layer[Name]/Title/text()")
    assert sorted(maps) == sorted(titles)
    assert {TRUE_COLOUR, NDVI, GRID_CELLS} <= maps.keys()


def test_layers_know_where_and_when_they_are(qgis: Qgis, maps: dict[str, str]) -> None:
    layer = qgis.do("describe", source=maps[NDVI], provider="wms").result
    west, south, east, north = layer["bounds"]
    assert 10.3 < west < 10.4
    assert 53.8 < south < 53.9
    assert 10.7 < east < 10.9
    assert 54.0 < north < 54.1
    assert [moment[:10] for moment in layer["times"]] == [AUTUMN, SPRING]


@pytest.mark.parametrize("crs", AREAS)
def test_a_map_is_the_services_own_picture(
    demo_service: Served, painter: Painter, maps: dict[str, str], crs: str
) -> None:
    drawn = painter.draw(maps[TRUE_COLOUR], crs)
    assert (drawn[3] == 255).mean() > 0.5
    np.testing.assert_array_equal(drawn, ask(demo_service, crs))


@pytest.mark.parametrize("crs", AREAS)
def test_the_older_version_gives_the_same_map(
    demo_service: Served, qgis: Qgis, painter: Painter, crs: str
) -> None:
    address = f"{demo_service.url}/ows?VERSION=1.1.1"
    sources = qgis.do("browse", service="wms", url=address).result
    drawn = painter.draw(sources[TRUE_COLOUR], crs)
    np.testing.assert_array_equal(drawn, ask(demo_service, crs))


def test_a_style_can_be_chosen(
    demo_service: Served, painter: Painter, maps: dict[str, str]
) -> None:
    grey = painter.draw(maps[NDVI].replace("&styles", "&styles=grey"))
    np.testing.assert_array_equal(grey, ask(demo_service, layer="S2_L2A_NDVI", STYLES="grey"))
    assert (grey != painter.draw(maps[NDVI])).any()


def test_lines_are_as_wide_as_the_screens_resolution_wants(
    demo_service: Served, painter: Painter, maps: dict[str, str]
) -> None:
    # As the dialogue has it: each of the parameters that services know the resolution by.
    source = maps[GRID_CELLS].replace("dpiMode=all", "dpiMode=7")
    fine, coarse = (painter.draw(source, dpi=dpi) for dpi in (288, 96))
    assert (fine[3] > 0).sum() > (coarse[3] > 0).sum() > 0
    expected = ask(demo_service, layer="GRID_CELLS", DPI="288")
    np.testing.assert_array_equal(fine[3], expected[3])
    # Colours of half-transparent pixels were multiplied by their opacity and divided again.
    opaque = expected[3] == 255
    np.testing.assert_array_equal(fine[:, opaque], expected[:, opaque])


@pytest.mark.parametrize(
    ("match", "period", "time"),
    [
        ("FindClosestMatchToStartOfRange", DAY_OF_AUTUMN, f"{AUTUMN}T00:00:00Z"),
        ("MatchExactUsingStartOfRange", DAY_OF_AUTUMN, f"{AUTUMN}T00:00:00Z"),
        ("MatchUsingWholeRange", DAY_OF_AUTUMN, "/".join(DAY_OF_AUTUMN)),
        ("MatchUsingWholeRange", YEAR_OF_AUTUMN, "/".join(YEAR_OF_AUTUMN)),
    ],
)
def test_a_step_of_the_temporal_controller_shows_its_time(
    demo_service: Served,
    painter: Painter,
    maps: dict[str, str],
    match: str,
    period: list[str],
    time: str,
) -> None:
    drawn = painter.draw(maps[TRUE_COLOUR], period=period, match=match)
    assert set(painter.times) == {time}
    assert (drawn[3] == 255).mean() > 0.5
    np.testing.assert_array_equal(drawn, ask(demo_service, TIME=AUTUMN))
    assert (drawn != ask(demo_service)).any()


@pytest.mark.parametrize("year", ["2019", "2022", "2030"])
def test_a_step_without_scenes_is_empty(painter: Painter, maps: dict[str, str], year: str) -> None:
    period = [f"{year}-06-01T00:00:00Z", f"{year}-06-01T23:59:59Z"]
    drawn = painter.draw(maps[TRUE_COLOUR], period=period, match="MatchUsingWholeRange")
    assert painter.times
    assert not drawn.any()


@pytest.mark.parametrize("format_name", ["text", "html"])
def test_identify_tells_what_a_pixel_is_and_which_scene_gave_it(
    qgis: Qgis, maps: dict[str, str], format_name: str
) -> None:
    (told,) = identify(qgis, maps[NDVI], format_name).values()
    for part in ("S2_L2A_NDVI", "B04", "B08", "_MSIL2A_20250510T", "2025-05-10T10:20:19"):
        assert part in told


def test_identify_makes_features(qgis: Qgis, maps: dict[str, str]) -> None:
    (feature,) = identify(qgis, maps[NDVI], "features")
    assert feature["layer"] == "S2_L2A_NDVI"
    assert "_MSIL2A_20250510T" in feature["scene"]
    assert feature["acquired"].startswith("2025-05-10T10:20:19")
    red, infrared = float(feature["B04"]), float(feature["B08"])
    index = (infrared - red) / (infrared + red)
    assert float(feature["value"]) == pytest.approx(index, abs=1e-4)


def identify(qgis: Qgis, source: str, format_name: str) -> Any:
    """What QGIS tells of a point on land in the middle of the Web Mercator area."""
    west, south, east, north = AREAS["EPSG:3857"]
    return qgis.do(
        "identify",
        source=source,
        provider="wms",
        format=format_name,
        crs="EPSG:3857",
        point=[(west + east) / 2, (south + north) / 2],
        bounds=AREAS["EPSG:3857"],
        size=SIZE,
    ).result


def test_the_browser_shows_every_coverage(demo_service: Served, coverages: dict[str, str]) -> None:
    capabilities = demo_service.ows(
        {"SERVICE": "WCS", "VERSION": "1.0.0", "REQUEST": "GetCapabilities"}
    )
    titles = find(capabilities.body, "//CoverageOfferingBrief/label/text()")
    assert sorted(coverages) == sorted(titles)
    assert {REFLECTANCE, NDVI} <= coverages.keys()


def get_coverage(service: Served, coverage: str, **changes: str) -> NDArray[np.float64]:
    """The coverage on BOUNDS as (bands, height, width)."""
    reply = service.ows(
        {
            "SERVICE": "WCS",
            "VERSION": "1.0.0",
            "REQUEST": "GetCoverage",
            "COVERAGE": coverage,
            "CRS": "EPSG:4326",
            "BBOX": ",".join(map(str, BOUNDS)),
            "WIDTH": str(COVERAGE_SIZE[0]),
            "HEIGHT": str(COVERAGE_SIZE[1]),
            "FORMAT": "GeoTIFF",
        }
        | changes
    )
    assert reply.status == 200, reply.body
    with rasterio.open(BytesIO(reply.body)) as image:
        values: NDArray[np.float64] = image.read()
        return values


def read(qgis: Qgis, source: str, band: int, file: Path) -> NDArray[np.float64]:
    """A band on BOUNDS as QGIS reads it."""
    done = qgis.do(
        "read", source=source, band=band, bounds=BOUNDS, size=COVERAGE_SIZE, file=str(file)
    )
    kind = {2: np.int16, 4: np.float32}[done.result["bytes"]]
    return np.fromfile(file, kind).reshape(COVERAGE_SIZE[::-1])


@pytest.mark.parametrize("version", ["1.0.0", "1.1.1"])
def test_values_are_those_of_the_coverage(
    demo_service: Served, qgis: Qgis, coverages: dict[str, str], version: str, tmp_path: Path
) -> None:
    source = f"{coverages[REFLECTANCE]}&version={version}"
    layer = qgis.do("describe", source=source, provider="wcs").result
    assert layer["crs"] == "EPSG:4326"
    assert len(layer["bands"]) == 12
    west, south, east, north = layer["bounds"]
    assert layer["size"] == [round((east - west) / 0.0001), round((north - south) / 0.0001)]
    expected = get_coverage(demo_service, "S2_L2A")
    assert (expected != -32768).mean() > 0.5
    for band in (4, 12):
        values = read(qgis, source, band, tmp_path / "values")
        np.testing.assert_array_equal(values, expected[band - 1])
    row, column = 50, 120
    west, _, _, north = BOUNDS
    told = qgis.do(
        "identify",
        source=source,
        provider="wcs",
        format="values",
        point=[west + (column + 0.5) * 0.0001, north - (row + 0.5) * 0.0001],
        bounds=BOUNDS,
        size=COVERAGE_SIZE,
    ).result
    assert list(told.values()) == expected[:, row, column].tolist()


@pytest.mark.parametrize("version", ["1.0.0", "1.1.1"])
def test_values_of_a_day_are_those_of_the_coverage(
    demo_service: Served, qgis: Qgis, coverages: dict[str, str], version: str, tmp_path: Path
) -> None:
    source = f"{coverages[NDVI]}&version={version}&time={AUTUMN}"
    expected = get_coverage(demo_service, "S2_L2A_NDVI", TIME=AUTUMN)[0]
    assert np.isfinite(expected).mean() > 0.5
    values = read(qgis, source, 1, tmp_path / "values")
    np.testing.assert_array_equal(values, expected)
    assert not np.array_equal(values, get_coverage(demo_service, "S2_L2A_NDVI")[0])
