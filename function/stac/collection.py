"""What the catalogue holds of a collection, as a STAC collection (STAC 1.1.0)."""

from collections.abc import Iterable
from typing import Any

from function.search import CollectionExtent
from function.stac.addresses import OWS, Addresses
from function.stac.item import GEOJSON, JSON, STAC_VERSION, written
from function.stac.missions import ESA, LICENCE_URL, PRODUCTS


def collection_of(extent: CollectionExtent, addresses: Addresses) -> dict[str, Any]:
    """Describe a collection, with links to its items and to the maps of it."""
    product = PRODUCTS.get(extent.collection)
    described: dict[str, Any] = {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [],
        "id": extent.collection,
        "title": extent.collection if product is None else product.title,
        "description": f"Products of {extent.collection}."
        if product is None
        else product.description,
        "license": "other",
        "extent": {
            "spatial": {"bbox": [[extent.west, extent.south, extent.east, extent.north]]},
            "temporal": {
                "interval": [[written(extent.first_acquired), written(extent.last_acquired)]]
            },
        },
        "links": _links(extent.collection, addresses, known=product is not None),
    }
    if product is not None:
        described["keywords"] = ["Copernicus", product.constellation, product.level]
        described["providers"] = [dict(ESA)]
        described["summaries"] = {
            "constellation": [product.constellation],
            "instruments": [product.instrument],
        }
    return described


def collections_of(extents: Iterable[CollectionExtent], addresses: Addresses) -> dict[str, Any]:
    """Describe every collection that holds something."""
    return {
        "collections": [collection_of(extent, addresses) for extent in extents],
        "links": [
            {"rel": "self", "type": JSON, "href": addresses.resource("collections")},
            {"rel": "root", "type": JSON, "href": addresses.landing},
        ],
    }


def _links(collection: str, addresses: Addresses, *, known: bool) -> list[dict[str, Any]]:
    own = addresses.resource("collections", collection)
    links: list[dict[str, Any]] = [
        {"rel": "self", "type": JSON, "href": own},
        {"rel": "root", "type": JSON, "href": addresses.landing},
        {"rel": "parent", "type": JSON, "href": addresses.landing},
        {"rel": "items", "type": GEOJSON, "href": f"{own}/items"},
    ]
    if known:
        links.append({"rel": "license", "href": LICENCE_URL})
    layers = addresses.layers_of(collection)
    if layers:
        links += [
            {
                "rel": "wms",
                "type": "image/png",
                "title": "Maps of this collection",
                "href": f"{addresses.base}{OWS}",
                "wms:layers": [*layers],
            },
            {
                "rel": "service-meta",
                "type": "text/xml",
                "title": "Capabilities of the WMS that shows this collection",
                "href": addresses.capabilities(),
            },
        ]
    return links
