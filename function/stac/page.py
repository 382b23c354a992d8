"""A page of a list of items: a GeoJSON feature collection with a link to the next page."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from function.item_search import PagePosition
from function.parse.stac.request import TOKEN, StatedSearch
from function.parse.stac.token import write_token
from function.stac.addresses import Addresses
from function.stac.item import GEOJSON, JSON

Link = dict[str, Any]


def page_of(
    items: Sequence[dict[str, Any]],
    stated: StatedSearch,
    following: PagePosition | None,
    path: tuple[str, ...],
    addresses: Addresses,
) -> dict[str, Any]:
    """Describe a page; the next one comes after ``following``, None on the last.

    ``path`` is that of the resource that was asked: the links state the search anew.
    """
    url = addresses.resource(*path)
    links: list[Link] = [
        {"rel": "root", "type": JSON, "href": addresses.landing},
        _link("self", url, stated, stated.search.after),
    ]
    if len(path) > 1:
        links.append({"rel": "collection", "type": JSON, "href": addresses.resource(*path[:-1])})
    if following is not None:
        links.append(_link("next", url, stated, following))
    return {
        "type": "FeatureCollection",
        "numberReturned": len(items),
        "features": list(items),
        "links": links,
    }


def _link(relation: str, url: str, stated: StatedSearch, after: PagePosition | None) -> Link:
    """A link to the page after a position, by the method that the search came by."""
    token = {} if after is None else {TOKEN: write_token(after)}
    if stated.document is None:
        query = urlencode([*stated.parameters, *token.items()])
        return {"rel": relation, "type": GEOJSON, "href": f"{url}?{query}" if query else url}
    body = orjson.loads(stated.document) | token
    return {"rel": relation, "type": GEOJSON, "href": url, "method": "POST", "body": body}
