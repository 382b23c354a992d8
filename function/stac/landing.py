"""The root of the API: a STAC catalogue that says what there is, and what it conforms to."""

from typing import Any

from function.stac.addresses import Addresses
from function.stac.item import GEOJSON, JSON, STAC_VERSION

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
HTML = "text/html"
TITLE = "sentinel-ows"
DESCRIPTION = "The scenes of a Copernicus Sentinel archive that maps are made of."
CONFORMS_TO = (
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)


def landing_of(addresses: Addresses) -> dict[str, Any]:
    """Describe the API; it is of no catalogue, so that it is there while that is away."""
    search = addresses.resource("search")
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": TITLE,
        "title": TITLE,
        "description": DESCRIPTION,
        "conformsTo": [*CONFORMS_TO],
        "links": [
            {"rel": "self", "type": JSON, "href": addresses.landing},
            {"rel": "root", "type": JSON, "href": addresses.landing},
            {"rel": "data", "type": JSON, "href": addresses.resource("collections")},
            {"rel": "conformance", "type": JSON, "href": addresses.resource("conformance")},
            {"rel": "search", "type": GEOJSON, "href": search, "method": "GET"},
            {"rel": "search", "type": GEOJSON, "href": search, "method": "POST"},
            {"rel": "service-desc", "type": OPENAPI, "href": addresses.resource("api")},
            {"rel": "service-doc", "type": HTML, "href": f"{addresses.landing}?f=html"},
            {
                "rel": "service-meta",
                "type": "text/xml",
                "title": "Capabilities of WMS",
                "href": addresses.capabilities(),
            },
        ],
    }


def conformance_of() -> dict[str, Any]:
    """List the classes that the API conforms to."""
    return {"conformsTo": [*CONFORMS_TO]}
