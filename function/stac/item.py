"""A scene as a STAC item (STAC 1.1.0)."""

import re
from datetime import UTC, datetime
from typing import Any

from function.scene import Scene
from function.stac.addresses import Addresses, Preview
from function.stac.assets import assets_of, has_metres
from function.stac.footprint import bounds_of, geometry_of, read_footprint
from function.stac.missions import PRODUCTS
from function.stac.published_archive import PublishedArchive
from function.stac.radar import radar_properties

STAC_VERSION = "1.1.0"
EO = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"
GRID = "https://stac-extensions.github.io/grid/v1.1.0/schema.json"
PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
RASTER = "https://stac-extensions.github.io/raster/v2.0.0/schema.json"
RADAR = "https://stac-extensions.github.io/sar/v1.3.0/schema.json"
SATELLITE = "https://stac-extensions.github.io/sat/v1.2.0/schema.json"
EXTENSIONS = {
    "eo:": EO, "grid:": GRID, "proj:": PROJECTION, "processing:": PROCESSING, "raster:": RASTER,
    "sar:": RADAR, "sat:": SATELLITE,
}  # fmt: skip
GEOJSON = "application/geo+json"
JSON = "application/json"

_MGRS = re.compile(r"\d{2}[C-HJ-NP-X][A-HJ-NP-Z]{2}", re.ASCII)


def item_of(scene: Scene, addresses: Addresses, archive: PublishedArchive) -> dict[str, Any]:
    """Describe ``scene``, with links to its collection and to a map of it alone."""
    polygons = read_footprint(scene.footprint)
    bounds = bounds_of(polygons)
    preview = addresses.preview(scene, bounds)
    properties = _properties(scene)
    assets = assets_of(scene, archive)
    if preview is not None:
        assets["thumbnail"] = {
            "href": preview.href,
            "type": preview.media_type,
            "title": "A map of this scene alone",
            "roles": ["thumbnail"],
        }
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": _extensions(properties, assets),
        "id": scene.name,
        "collection": scene.collection,
        "geometry": geometry_of(polygons),
        "bbox": [*bounds],
        "properties": properties,
        "links": _links(scene, addresses, preview),
        "assets": assets,
    }


def written(moment: datetime) -> str:
    """Write a time in UTC with as many digits as it has (RFC 3339)."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _properties(scene: Scene) -> dict[str, Any]:
    product = PRODUCTS.get(scene.collection)
    properties: dict[str, Any] = {
        "datetime": written(scene.acquired),
        "platform": scene.platform.lower(),
        "processing:datetime": written(scene.generated),
        "processing:version": scene.baseline,
        "sat:relative_orbit": scene.relative_orbit,
    }
    if product is not None:
        properties["constellation"] = product.constellation
        properties["instruments"] = [product.instrument]
        properties["processing:level"] = product.level
    if scene.cloud_cover is not None:
        properties["eo:cloud_cover"] = scene.cloud_cover
    if _MGRS.fullmatch(scene.cell):
        properties["grid:code"] = f"MGRS-{scene.cell}"
    if scene.radar is not None:
        properties["start_datetime"] = properties["datetime"]
        properties["end_datetime"] = written(scene.radar.ended)
        properties |= radar_properties(scene.radar)
    codes = {asset.grid.crs for asset in scene.assets}
    if len(codes) == 1:
        properties["proj:code"] = codes.pop()
    sizes = [asset.resolution for asset in scene.assets if has_metres(asset)]
    if sizes:
        properties["gsd"] = min(sizes)
    return properties


def _extensions(properties: dict[str, Any], assets: dict[str, dict[str, Any]]) -> list[str]:
    """The extensions whose fields there are."""
    described = [properties, *assets.values()]
    fields = {key for part in described for key in part}
    fields |= {key for part in described for band in part.get("bands", ()) for key in band}
    return [
        extension
        for prefix, extension in EXTENSIONS.items()
        if any(field.startswith(prefix) for field in fields)
    ]


def _links(scene: Scene, addresses: Addresses, preview: Preview | None) -> list[dict[str, str]]:
    collection = addresses.resource("collections", scene.collection)
    own = addresses.resource("collections", scene.collection, "items", scene.name)
    links = [
        {"rel": "self", "type": GEOJSON, "href": own},
        {"rel": "collection", "type": JSON, "href": collection},
        {"rel": "parent", "type": JSON, "href": collection},
        {"rel": "root", "type": JSON, "href": addresses.landing},
    ]
    if preview is not None:
        links.append({"rel": "preview", "type": preview.media_type, "href": preview.href})
    return links
