"""The API's own description (OpenAPI 3.0)."""

from importlib.metadata import version
from typing import Any

from function.parse.stac.request import DEFAULT_LIMIT, MAX_LIMIT
from function.stac.addresses import Addresses
from function.stac.item import GEOJSON, JSON
from function.stac.landing import DESCRIPTION, OPENAPI, TITLE

TEXT: dict[str, Any] = {"type": "string"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
OBJECT: dict[str, Any] = {"type": "object"}
BBOX: dict[str, Any] = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 6,
    "description": "West, south, east, north in degrees; west > east crosses the antimeridian.",
}
LIMIT: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "default": DEFAULT_LIMIT,
    "description": f"Items of a page; of more than {MAX_LIMIT}, {MAX_LIMIT} are given.",
}
DATETIME = TEXT | {"description": "A moment of RFC 3339, or an interval; .. is an open end."}
TOKEN = TEXT | {"description": "The next page, as the link next has it."}
OF_SEARCH = {
    "bbox": BBOX, "collections": TEXTS, "datetime": DATETIME, "ids": TEXTS, "intersects": OBJECT,
    "limit": LIMIT, "token": TOKEN,
}  # fmt: skip
FAILURE = {
    "type": "object",
    "required": ["code", "description"],
    "properties": {"code": TEXT, "description": TEXT, "trace": TEXT},
}


def description_of(addresses: Addresses) -> dict[str, Any]:
    """Describe every path, what it takes and what it gives."""
    collection, item = _path_parameter("collectionId"), _path_parameter("featureId")
    return {
        "openapi": "3.0.3",
        "info": {"title": TITLE, "description": DESCRIPTION, "version": version("sentinel-ows")},
        "servers": [{"url": addresses.base}],
        "paths": {
            "/": {"get": _operation("getLandingPage", "The root catalogue.", JSON)},
            "/conformance": {
                "get": _operation("getConformance", "The classes that this conforms to.", JSON)
            },
            "/api": {"get": _operation("getApi", "This description.", OPENAPI)},
            "/collections": {"get": _operation("getCollections", "Every collection.", JSON)},
            "/collections/{collectionId}": {
                "get": _operation("getCollection", "One collection.", JSON, [collection])
            },
            "/collections/{collectionId}/items": {
                "get": _operation(
                    "getFeatures",
                    "Scenes of a collection, the most recent first.",
                    GEOJSON,
                    [collection, *_query_parameters(OF_SEARCH)],
                )
            },
            "/collections/{collectionId}/items/{featureId}": {
                "get": _operation("getFeature", "One scene.", GEOJSON, [collection, item])
            },
            "/search": {
                "get": _operation(
                    "getItemSearch",
                    "Scenes of any collection, the most recent first.",
                    GEOJSON,
                    _query_parameters(OF_SEARCH),
                ),
                "post": _operation("postItemSearch", "The same, asked for in JSON.", GEOJSON, [])
                | {
                    "requestBody": {
                        "content": {JSON: {"schema": {"type": "object", "properties": OF_SEARCH}}}
                    }
                },
            },
        },
        "components": {"schemas": {"failure": FAILURE}},
    }


def _operation(
    name: str, summary: str, media_type: str, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    failure = {JSON: {"schema": {"$ref": "#/components/schemas/failure"}}}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters or [],
        "responses": {
            "200": {"description": summary, "content": {media_type: {"schema": OBJECT}}},
            "default": {"description": "Why it cannot be answered.", "content": failure},
        },
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def _query_parameters(schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": False, "explode": False, "schema": schema}
        if schema is not OBJECT
        # OpenAPI's way to say that a parameter is JSON.
        else {"name": name, "in": "query", "content": {JSON: {"schema": schema}}}
        for name, schema in schemas.items()
    ]
