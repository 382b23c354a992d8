"""pystac-client as a client of the STAC API, and every document against STAC's schemas."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import decode_picture
from pystac import Item
from pystac_client import Client
from pystac_client.exceptions import APIError
from serving import Served, serve
from stac_schemas import StacSchemas

COLLECTION = "sentinel-2-l2a"
NEVER = datetime.min.replace(tzinfo=UTC)
PUBLIC = "https://archive.example.org/products/"


@pytest.fixture
def client(demo_service: Served) -> Client:
    return Client.open(demo_service.url)


@pytest.fixture(scope="module")
def open_archive(
    demo_catalogue: str, demo_products: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A service that tells where clients reach the products."""
    own = f"{demo_products[0].parent}/"
    log = tmp_path_factory.mktemp("open") / "service.log"
    with serve(demo_catalogue, log, SENTINEL_OWS_PUBLIC_ARCHIVE=f"{own}={PUBLIC}") as served:
        yield served


def ask(service: Served, path: str) -> Any:
    reply = service.ask(path)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def items(client: Client, **search: Any) -> list[Item]:
    return list(client.search(**search).items())


def test_a_client_finds_the_collection(client: Client) -> None:
    (collection,) = client.get_collections()
    assert collection.id == COLLECTION
    (spanned,) = collection.extent.temporal.intervals
    assert [moment and moment.year for moment in spanned] == [2020, 2025]
    ((west, south, east, north),) = collection.extent.spatial.bboxes
    assert 10.3 < west < 10.4
    assert 53.8 < south < 53.9
    assert 10.7 < east < 10.9
    assert 54.0 < north < 54.1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_pages_through_everything(
    client: Client, demo_products: tuple[Path, ...], method: str
) -> None:
    search = client.search(method=method, collections=[COLLECTION], limit=1)
    pages = list(search.pages())
    assert [len(page) for page in pages] == [1] * len(pages)
    listed = [item for page in pages for item in page]
    assert sorted(item.id for item in listed) == sorted(path.stem for path in demo_products)
    for one, following in pairwise(listed):
        assert (one.datetime or NEVER) >= (following.datetime or NEVER)


def test_the_items_of_a_collection_are_paged_too(
    client: Client, demo_products: tuple[Path, ...]
) -> None:
    collection = client.get_collection(COLLECTION)
    assert collection is not None
    listed = [item.id for item in collection.get_items()]
    assert sorted(listed) == sorted(path.stem for path in demo_products)
    found = collection.get_item(listed[0])
    assert found is not None
    assert found.id == listed[0]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_way_to_narrow_a_search(client: Client, method: str) -> None:
    everything = items(client, method=method)
    first, second, *_ = everything
    assert first.datetime
    assert second.datetime
    assert [item.id for item in items(client, method=method, ids=[second.id])] == [second.id]
    found = items(client, method=method, datetime=first.datetime)
    assert {item.datetime for item in found} == {first.datetime}
    later = second.datetime + timedelta(microseconds=1)
    assert all(
        item.datetime and item.datetime >= later
        for item in items(client, method=method, datetime=[later, None])
    )
    assert items(client, method=method, bbox=[10.5, 53.9, 10.6, 53.95])
    assert items(client, method=method, bbox=[10.5, 53.9, -10, 10.6, 53.95, 9000])
    assert not items(client, method=method, bbox=[170, -20, -170, -10])
    assert items(client, method=method, intersects={"type": "Point", "coordinates": [10.6, 53.9]})
    assert not items(client, method=method, collections=["nothing"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_wrong_reaches_the_user(client: Client, method: str) -> None:
    with pytest.raises(APIError) as refused:
        items(client, method=method, bbox=[0, 10, 1, 5])
    failure = json.loads(str(refused.value))
    assert failure["code"] == "InvalidParameterValue"
    assert "south" in failure["description"]
    assert len(failure["trace"]) == 32


def test_the_thumbnail_is_a_map_of_the_scene_alone(client: Client, demo_service: Served) -> None:
    item = items(client)[0]
    (link,) = item.get_links("preview")
    thumbnail = item.assets["thumbnail"]
    assert thumbnail.href == link.href
    reply = demo_service.ask(thumbnail.href.removeprefix(demo_service.url))
    assert reply.status == 200
    assert reply.content_type == thumbnail.media_type
    assert reply.headers["x-sentinel-ows-scenes"] == item.id
    colours, _ = decode_picture(reply.body)
    assert max(colours.shape) == 343
    assert len(np.unique(colours)) > 50


@pytest.mark.parametrize("served", ["demo_service", "open_archive"])
def test_every_document_is_valid(served: str, request: pytest.FixtureRequest, shared: Path) -> None:
    service: Served = request.getfixturevalue(served)
    schemas = StacSchemas(shared)
    schemas.validate(ask(service, "/"))
    collections = ask(service, "/collections")["collections"]
    for collection in collections:
        schemas.validate(collection)
        assert ask(service, f"/collections/{collection['id']}") == collection
    features = ask(service, "/search?limit=100")["features"]
    assert features
    for feature in features:
        schemas.validate(feature)
        path = f"/collections/{feature['collection']}/items/{feature['id']}"
        assert ask(service, path) == feature


def test_every_link_of_the_service_leads_somewhere(demo_service: Served) -> None:
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        reply = demo_service.ask(path)
        assert reply.status == 200, path
        if "json" not in reply.content_type:
            continue
        document = json.loads(reply.body)
        linked = [*document.get("links", ())]
        for part in (*document.get("features", ()), *document.get("collections", ())):
            linked += part["links"]
        waiting += [
            link["href"].removeprefix(demo_service.url)
            for link in linked
            # The address of a WMS is no request of its own.
            if link["href"].startswith(demo_service.url) and link["rel"] != "wms"
        ]
    assert len(seen) > 10


def test_no_directory_of_the_archive_is_told(
    demo_service: Served, demo_products: tuple[Path, ...]
) -> None:
    own = str(demo_products[0].parent)
    for path in ("/", "/collections", f"/collections/{COLLECTION}/items?limit=100", "/api"):
        assert own.encode() not in demo_service.ask(path).body


def test_published_images_are_described(
    open_archive: Served, demo_products: tuple[Path, ...]
) -> None:
    product = demo_products[-1]
    (item,) = items(Client.open(open_archive.url), ids=[product.stem])
    images = {key: asset for key, asset in item.assets.items() if key != "thumbnail"}
    assert images
    for asset in images.values():
        assert asset.href.startswith(f"{PUBLIC}{product.name}/")
        assert (product.parent / asset.href.removeprefix(PUBLIC)).is_file()
    red = images["B04_10m"]
    assert red.media_type == "image/jp2"
    assert red.extra_fields["raster:scale"] == 0.0001
    # Baselines before 04.00 have no offset of -1000.
    assert red.extra_fields["raster:offset"] == pytest.approx(-0.1)
    assert red.extra_fields["bands"] == [{"name": "B04", "eo:common_name": "red"}]
    assert red.extra_fields["proj:code"] == "EPSG:32632"
    assert red.extra_fields["proj:transform"][:2] == [10.0, 0.0]
    assert item.datetime is not None
    stamp = product.name.split("_")[2]
    assert item.datetime.replace(microsecond=0) == datetime.strptime(
        stamp, "%Y%m%dT%H%M%S"
    ).replace(tzinfo=UTC)
    assert item.properties["grid:code"] == f"MGRS-{product.name.split('_')[5][1:]}"
