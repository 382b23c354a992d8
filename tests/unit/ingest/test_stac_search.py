"""What a search of a STAC API tells of its address."""

from typing import Any, cast

import pytest
from serving import free_port
from stac_items import item
from stac_server import StacApi, stac_api

from function.ingest.readers import Readers
from function.ingest.sources import SourceUnreachableError
from function.ingest.stac.search import Query, StacSearch

NOBODY = cast("Any", None)


def search(url: str) -> StacSearch:
    return StacSearch(url, Query(("sentinel-2-l2a",)), Readers(NOBODY, NOBODY))


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://stac.example.com/v1", "https://stac.example.com/v1"),
        ("https://me:secret@stac.example.com:8443/v1/?key=hidden#x", "https://stac.example.com:8443/v1/"),
        ("https://me%40home@stac.example.com", "https://stac.example.com"),
    ],
)  # fmt: skip
def test_its_label_tells_no_secret(url: str, label: str) -> None:
    assert search(url).label == label


def test_nor_does_the_reason_why_it_cannot_be_reached() -> None:
    port = free_port()
    url = f"http://me:secret@127.0.0.1:{port}/v1?key=hidden"
    with pytest.raises(SourceUnreachableError) as unreachable:
        list(search(url).chunks())
    message = str(unreachable.value)
    assert message.startswith(f"http://127.0.0.1:{port}/v1: ")
    assert "refused" in message or "/v1?..." in message
    assert "secret" not in message
    assert "hidden" not in message


def test_files_beside_its_items_are_named_without_it() -> None:
    beside = item()
    beside["assets"]["red"]["href"] = "/files/B04.tif"
    with stac_api(StacApi([beside])) as api:
        url = api.url.replace("://", "://me:secret@") + "/?key=hidden"
        ((candidate,),) = search(url).chunks()
    product = candidate.read()
    (red,) = (asset for asset in product.scene.assets if asset.band == "B04")
    assert red.href == f"{api.url}/files/B04.tif"
