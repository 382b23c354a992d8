"""Scenes and collections as STAC documents."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from affine import Affine
from publications import PUBLICATION
from stac_schemas import StacSchemas

from function.grid import Grid
from function.scene import Asset, RadarAcquisition, RadarImage, Scene
from function.search import CollectionExtent
from function.settings import SettingsError
from function.stac.addresses import Addresses
from function.stac.collection import collection_of
from function.stac.description import description_of
from function.stac.footprint import bounds_of, geometry_of, read_footprint
from function.stac.item import item_of
from function.stac.landing import landing_of
from function.stac.published_archive import PublishedArchive

ADDRESSES = Addresses("https://maps.example.org/s2", PUBLICATION)
GRID = Grid("EPSG:32629", Affine(10.0, 0.0, 499980.0, 0.0, -10.0, 5900040.0), 10980, 5490)
SCENE = Scene(
    collection="sentinel-2-l2a",
    name="S2A_MSIL2A_20260601T103015_N0511_R023_T29UNU_20260601T150000",
    acquired=datetime(2026, 6, 1, 10, 30, 15, 24_000, tzinfo=UTC),
    generated=datetime(2026, 6, 1, 15, tzinfo=UTC),
    platform="Sentinel-2A",
    baseline="05.11",
    datatake="GS2A_20260601T103015_000001_N05.11",
    relative_orbit=23,
    cell="29UNU",
    cloud_cover=12.5,
    footprint="MULTIPOLYGON(((-9 52,-9 53,-8 53,-8 52,-9 52)))",
    assets=(
        Asset("B04", "/data/one two/B04.jp2", GRID, 1, 15, -1000.0, 10000.0, 0),
        Asset("TCI", "/data/one two/TCI.jp2", GRID, 3, 8, 0.0, 1.0, 0),
        Asset("SCL", "/secret/SCL.jp2", GRID, 1, 8, 0.0, 1.0, None),
    ),
)
NOTHING = PublishedArchive.of("")
DATA = PublishedArchive.of("/data/=https://archive.example/public/")


@pytest.fixture
def schemas(shared: Path) -> StacSchemas:
    return StacSchemas(shared)


def test_an_item_tells_what_the_catalogue_knows(schemas: StacSchemas) -> None:
    item = item_of(SCENE, ADDRESSES, DATA)
    schemas.validate(item)
    assert item["geometry"] == {
        "type": "Polygon",
        "coordinates": [[[-9, 52], [-8, 52], [-8, 53], [-9, 53], [-9, 52]]],
    }
    assert item["bbox"] == [-9, 52, -8, 53]
    assert item["properties"] == {
        "datetime": "2026-06-01T10:30:15.024000Z",
        "platform": "sentinel-2a",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "gsd": 10.0,
        "eo:cloud_cover": 12.5,
        "grid:code": "MGRS-29UNU",
        "sat:relative_orbit": 23,
        "processing:level": "L2A",
        "processing:version": "05.11",
        "processing:datetime": "2026-06-01T15:00:00Z",
        "proj:code": "EPSG:32629",
    }
    assert item["assets"]["B04_10m"] == {
        "href": "https://archive.example/public/one%20two/B04.jp2",
        "type": "image/jp2",
        "title": "B04",
        "roles": ["data", "reflectance"],
        "data_type": "uint16",
        "nodata": 0,
        "gsd": 10.0,
        "bands": [{"name": "B04", "eo:common_name": "red"}],
        "raster:scale": 0.0001,
        "raster:offset": -0.1,
        "proj:code": "EPSG:32629",
        "proj:shape": [5490, 10980],
        "proj:transform": [10.0, 0.0, 499980.0, 0.0, -10.0, 5900040.0],
    }
    visual = item["assets"]["TCI_10m"]
    assert visual["roles"] == ["visual"]
    assert [band["eo:common_name"] for band in visual["bands"]] == ["red", "green", "blue"]
    assert "raster:scale" not in visual
    assert item["assets"].keys() == {"B04_10m", "TCI_10m", "thumbnail"}


def test_an_item_links_to_a_map_of_it_alone() -> None:
    item = item_of(SCENE, ADDRESSES, NOTHING)
    (preview,) = [link for link in item["links"] if link["rel"] == "preview"]
    assert item["assets"] == {
        "thumbnail": {
            "href": preview["href"],
            "type": "image/jpeg",
            "title": "A map of this scene alone",
            "roles": ["thumbnail"],
        }
    }
    assert preview["href"].startswith("https://maps.example.org/s2/ows?")
    query = {key: value for key, (value,) in parse_qs(urlsplit(preview["href"]).query).items()}
    assert query == {
        "SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": "TRUE_COLOUR",
        "CRS": "EPSG:32629", "BBOX": "499980,5845140,609780,5900040", "WIDTH": "343",
        "HEIGHT": "172", "FORMAT": "image/jpeg", "SCENE": SCENE.name,
    }  # fmt: skip


def test_a_scene_on_no_grid_is_shown_in_degrees_across_the_antimeridian(
    schemas: StacSchemas,
) -> None:
    swath = replace(
        SCENE,
        collection="sentinel-1-grd",
        cell="",
        cloud_cover=None,
        assets=(),
        footprint="MULTIPOLYGON(((179 1,180 1,180 2,179 2,179 1)),((-180 1,-178 1,-178 2,-180 1)))",
    )
    item = item_of(swath, ADDRESSES, NOTHING)
    schemas.validate(item)
    assert item["bbox"] == [179, 1, -178, 2]
    assert item["geometry"]["type"] == "MultiPolygon"
    query = parse_qs(urlsplit(item["assets"]["thumbnail"]["href"]).query)
    assert query["CRS"] == ["CRS:84"]
    assert query["BBOX"] == ["179,1,182,2"]
    assert "grid:code" not in item["properties"]
    assert "eo:cloud_cover" not in item["properties"]


def test_a_radar_scene_tells_how_it_was_acquired(schemas: StacSchemas) -> None:
    image = RadarImage("VV", "/data/vv.tiff", 25_000, 16_000, 16, None, None, None)
    radar = RadarAcquisition(
        mode="IW",
        resolution_class="H",
        ended=datetime(2026, 6, 1, 10, 30, 40, tzinfo=UTC),
        absolute_orbit=55_001,
        orbit_direction="descending",
        slice_number=None,
        slices=None,
        timeliness=None,
        images=(image, replace(image, polarisation="VH", href="/secret/vh.tiff")),
    )
    swath = replace(
        SCENE, collection="sentinel-1-grd", cell="", cloud_cover=None, assets=(), radar=radar
    )
    item = item_of(swath, ADDRESSES, DATA)
    schemas.validate(item)
    assert item["properties"] == {
        "datetime": "2026-06-01T10:30:15.024000Z",
        "start_datetime": "2026-06-01T10:30:15.024000Z",
        "end_datetime": "2026-06-01T10:30:40Z",
        "platform": "sentinel-2a",
        "constellation": "sentinel-1",
        "instruments": ["c-sar"],
        "processing:level": "L1",
        "processing:version": "05.11",
        "processing:datetime": "2026-06-01T15:00:00Z",
        "sat:relative_orbit": 23,
        "sat:absolute_orbit": 55_001,
        "sat:orbit_state": "descending",
        "sar:instrument_mode": "IW",
        "sar:frequency_band": "C",
        "sar:product_type": "GRD",
        "sar:polarizations": ["VV", "VH"],
    }
    assert item["assets"].keys() == {"vv", "thumbnail"}
    assert item["assets"]["vv"] == {
        "href": "https://archive.example/public/vv.tiff",
        "type": "image/tiff; application=geotiff",
        "title": "VV",
        "roles": ["data"],
        "data_type": "uint16",
        "sar:polarizations": ["VV"],
        "proj:code": None,
        "proj:shape": [16_000, 25_000],
    }


def test_a_collection_that_no_layer_shows_has_no_maps(schemas: StacSchemas) -> None:
    item = item_of(replace(SCENE, collection="landsat"), ADDRESSES, NOTHING)
    schemas.validate(item)
    assert item["assets"] == {}
    extent = CollectionExtent(
        "landsat", -10, 50, -5, 55, SCENE.acquired, SCENE.acquired, scene_count=1
    )
    collection = collection_of(extent, ADDRESSES)
    schemas.validate(collection)
    assert {"wms", "service-meta", "license"}.isdisjoint(
        link["rel"] for link in collection["links"]
    )


def test_a_collection_links_to_its_maps(schemas: StacSchemas) -> None:
    extent = CollectionExtent(
        "sentinel-2-l2a", -10, 50, -5, 55, SCENE.acquired, SCENE.generated, scene_count=3
    )
    collection = collection_of(extent, ADDRESSES)
    schemas.validate(collection)
    links = {link["rel"]: link for link in collection["links"]}
    assert links["wms"]["href"] == "https://maps.example.org/s2/ows"
    shown = {
        name
        for name, layer in PUBLICATION.archive_layers.items()
        if layer.collection == "sentinel-2-l2a"
    }
    assert set(links["wms"]["wms:layers"]) == shown
    assert "REQUEST=GetCapabilities" in links["service-meta"]["href"]
    assert collection["extent"] == {
        "spatial": {"bbox": [[-10, 50, -5, 55]]},
        "temporal": {"interval": [["2026-06-01T10:30:15.024000Z", "2026-06-01T15:00:00Z"]]},
    }


def test_the_landing_page_and_the_description_name_the_same_paths(schemas: StacSchemas) -> None:
    landing = landing_of(ADDRESSES)
    schemas.validate(landing)
    description = description_of(ADDRESSES)
    (server,) = description["servers"]
    for link in landing["links"]:
        path = urlsplit(link["href"])._replace(query="").geturl().removeprefix(server["url"])
        assert path in {*description["paths"], "/ows"}
    for path, operations in description["paths"].items():
        for operation in operations.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("/data/deep/a b.jp2", "https://archive.example/deep/a%20b.jp2"),
        ("/data/a.jp2", "https://archive.example/a.jp2"),
        ("/database/a.jp2", None),
        ("/data", None),
        ("s3://eodata/a b.jp2", "s3://eodata/a b.jp2"),
        ("s3://other/a.jp2", None),
        ("https://mirror.example/a%20b.jp2", "https://archive.example/mirror/a%20b.jp2"),
        ("/elsewhere/a.jp2", None),
    ],
)
def test_only_what_is_published_has_an_address(href: str, address: str | None) -> None:
    archive = PublishedArchive.of(
        "/data/=https://archive.example/ s3://eodata/=s3://eodata/"
        " https://mirror.example/=https://archive.example/mirror/"
    )
    assert archive.address_of(href) == address


def test_the_longer_of_two_beginnings_counts() -> None:
    archive = PublishedArchive.of("/d/=https://a.example/ /d/e/=https://b.example/")
    assert archive.address_of("/d/e/f") == "https://b.example/f"


@pytest.mark.parametrize("text", ["/data/", "/data=https://a.example/", "/data/=/public/", "=a:/"])
def test_a_pair_that_says_nothing_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_ARCHIVE"):
        PublishedArchive.of(text)


@pytest.mark.parametrize(
    ("boxes", "bounds"),
    [
        (["10 50,11 51,10 51,10 50"], (10, 50, 11, 51)),
        (["179 1,180 2,179 2,179 1", "-180 1,-179 2,-180 2,-180 1"], (179, 1, -179, 2)),
        (["-1 1,1 2,-1 2,-1 1", "4 0,5 2,4 2,4 0"], (-1, 0, 5, 2)),
        (["-180 80,180 90,-180 90,-180 80"], (-180, 80, 180, 90)),
        (["0 80,180 90,0 90,0 80", "-180 80,-10 90,-180 90,-180 80"], (0, 80, -10, 90)),
    ],
)
def test_bounds_are_the_narrowest(boxes: list[str], bounds: tuple[float, ...]) -> None:
    text = "MULTIPOLYGON(" + ",".join(f"(({box}))" for box in boxes) + ")"
    assert bounds_of(read_footprint(text)) == bounds


def test_rings_wind_as_rfc_7946_has_them() -> None:
    outer = "0 0,0 9,9 9,9 0,0 0"
    hole = "1 1,2 1,2 2,1 2,1 1"
    geometry = geometry_of(read_footprint(f"MULTIPOLYGON((({outer}),({hole})))"))
    assert geometry["coordinates"] == [
        [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]],
        [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]],
    ]
