"""A STAC item becomes a scene: no file of the product need be opened."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeGuard

from function.ingest.errors import BrokenMetadataError, NoImagesError, UnsupportedProductError
from function.ingest.footprint import footprint_of
from function.ingest.product_metadata import CLOUD_ROUNDING, MOST_CLOUD
from function.ingest.readers import Readers
from function.ingest.reading import IMAGES, ReadProduct
from function.ingest.stac.asset import (
    FlawedAssetError,
    ItemContext,
    is_image,
    read_asset,
)
from function.ingest.stac.hrefs import UnreadableAddressError, href_of
from function.ingest.stac.json_object import JsonObject
from function.ingest.stac.product_name import ProductName, product_name_of
from function.scene import Asset, Scene

DATATAKE_PROPERTIES = ("s2:datatake_id", "eopf:datatake_id")
DATATAKE = re.compile(r"(?P<acquisition>.+)_N\d\d\.\d\d")
GENERATED_PROPERTIES = ("s2:generation_time", "processing:datetime")
# The name has whole seconds; the product's own time lies within the one that it names.
SECOND = timedelta(seconds=1)
SENTINEL_1 = "sentinel-1"
MANIFESTS = ("safe-manifest", "safe_manifest")  # of Earth Search and Planetary Computer; of CDSE
MANIFEST_FILE = "manifest.safe"


def read_item(raw: bytes, base: str, readers: Readers) -> ReadProduct:
    """Read an item; ``base`` is the address of the document that it stands in.

    Images of Sentinel-2 are opened only where neither the item nor the cell tells their grid.
    Images that cannot be used are left out with a warning. Of a product of Sentinel-1 the item
    lacks the geometry and calibration; it is read from the directory of its manifest. The source is
    the item by its id, which services make in ways of their own.

    Raises:
        BrokenMetadataError: it is no item, or lacks or garbles something that is needed.
        UnsupportedProductError: it is an item of another product.
        NoImagesError: it has no image that can be used.
    """
    item = JsonObject.parse(raw)
    if item.text("type") != "Feature":
        raise UnsupportedProductError(
            "it is no STAC item: its type is not Feature. What is read are an item, a"
            " FeatureCollection of them, or a file of an item a line; not OData"
        )
    source = f"item {item.text('id')}"
    properties = item.child("properties")
    if (properties.text("constellation") or "").lower() == SENTINEL_1:
        return replace(readers.read_directory(_directory(item, base)), source=source)
    name = product_name_of(item, properties)
    warnings: list[str] = []
    context = ItemContext(properties, name.cell, name.baseline, base, readers.read_header)
    assets = _assets(item, context, warnings)
    if not assets:
        raise NoImagesError("; ".join(["it has no image that can be used", *warnings]))
    scene = Scene(
        collection=name.collection,
        name=name.name,
        acquired=name.sensed,
        generated=properties.instant(*GENERATED_PROPERTIES) or name.generated,
        platform=name.platform,
        baseline=name.baseline,
        datatake=_datatake(properties, name, warnings),
        relative_orbit=name.relative_orbit,
        cell=name.cell,
        cloud_cover=_cloud_cover(properties),
        footprint=footprint_of(list(_outlines(item.child("geometry")))),
        assets=assets,
    )
    return ReadProduct(_at_exact_time(scene, properties), tuple(warnings), source)


def _directory(item: JsonObject, base: str) -> str:
    """Find the product's directory by its manifest."""
    assets = item.child("assets")
    manifest = next((key for key in MANIFESTS if key in assets), None)
    if manifest is None:
        raise UnsupportedProductError("it is an item of Sentinel-1 without a manifest")
    try:
        href = href_of(assets.child(manifest), base)
    except UnreadableAddressError as error:
        raise BrokenMetadataError(f"its manifest is {error}") from error
    directory, _, file = href.rpartition("/")
    if file != MANIFEST_FILE:
        raise UnsupportedProductError(f"its manifest is not named {MANIFEST_FILE}")
    return directory


def _at_exact_time(scene: Scene, properties: JsonObject) -> Scene:
    """Take the item's time where it is the datatake's: others give the one over the grid cell."""
    instant = properties.instant("datetime")
    if instant is not None and scene.acquired <= instant < scene.acquired + SECOND:
        return replace(scene, acquired=instant)
    return scene


def _datatake(properties: JsonObject, name: ProductName, warnings: list[str]) -> str:
    identifier = properties.text(*DATATAKE_PROPERTIES)
    if not identifier:
        warnings.append("it names no datatake: other generations of it are not recognised")
        return f"G{name.craft}_{name.sensed:%Y%m%dT%H%M%S}"
    match = DATATAKE.fullmatch(identifier)
    return match["acquisition"] if match else identifier


def _cloud_cover(properties: JsonObject) -> float | None:
    cover = properties.number("eo:cloud_cover")
    if cover is None:
        return None
    if not 0 <= cover <= MOST_CLOUD + CLOUD_ROUNDING:
        raise BrokenMetadataError(f"properties.eo:cloud_cover={cover:g} is no percentage")
    return min(cover, MOST_CLOUD)


def _assets(item: JsonObject, context: ItemContext, warnings: list[str]) -> tuple[Asset, ...]:
    named = [
        (key, name, asset)
        for key, asset in item.child("assets").members()
        if (name := is_image(key, asset)) is not None
    ]
    # Of an image that is there twice, the one that anybody may read counts.
    free = {(name.band, name.resolution) for _, name, _ in named if not name.original}
    assets: list[Asset] = []
    flawed: dict[str, list[str]] = {}
    for key, name, asset in named:
        if name.original and (name.band, name.resolution) in free:
            continue
        try:
            assets.append(read_asset(name, asset, context))
        except FlawedAssetError as error:
            flawed.setdefault(str(error), []).append(key)
    warnings.extend(
        f"{IMAGES.counted(len(keys))} left out: {', '.join(keys)}: {flaw}"
        for flaw, keys in flawed.items()
    )
    return tuple(assets)


def _outlines(geometry: JsonObject) -> Iterator[str]:
    """Give the outer rings as lists of positions, latitude first, as SAFE products have them."""
    kind = geometry.text("type")
    coordinates = geometry.sequence("coordinates")
    if kind == "Polygon":
        polygons: Sequence[object] = [coordinates]
    elif kind == "MultiPolygon":
        polygons = coordinates
    else:
        raise BrokenMetadataError("its geometry is no polygon")
    for polygon in polygons:
        if not (isinstance(polygon, list | tuple) and polygon and isinstance(polygon[0], list)):
            raise BrokenMetadataError("its geometry has a polygon without a ring")
        yield " ".join(_position(position) for position in polygon[0])


def _position(position: object) -> str:
    if not (isinstance(position, list) and len(position) >= 2 and _are_numbers(position)):  # noqa: PLR2004
        raise BrokenMetadataError("its geometry has a position that is none")
    longitude, latitude = position[:2]
    return f"{latitude!r} {longitude!r}"


def _are_numbers(values: list[object]) -> TypeGuard[list[float]]:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
