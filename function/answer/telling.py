"""Telling what is at a place: pixels of the archive and features of plain layers, side by side."""

from collections.abc import Callable, Mapping

from function.feature import Feature, Place, Source
from function.feature_info.document import write_features
from function.feature_info.plain_features import read_plain_features
from function.layer import ArchiveLayer, Composite, LayerKind
from function.parse.feature_info import FeatureInfoRequest
from function.pixel import PixelReading


def tell(
    query: FeatureInfoRequest,
    readings: Mapping[str, PixelReading],
    ask_plain: Callable[[], bytes],
) -> tuple[str, bytes]:
    """The media type and the document of the answer, layers in the order they were asked for.

    ``readings`` are of the archive layers; ``ask_plain`` has MapServer tell of the others.
    """
    plain = read_plain_features(ask_plain()) if query.plain else {}
    features: list[Feature] = []
    recipes = {layer.name: layer.recipe for layer in query.layers}
    for name in query.asked:
        if name in recipes:
            features += _features_of(recipes[name], readings[name])
        else:
            features += plain.get(name, ())
    return write_features(features, _place(query), query.format)


def _features_of(layer: ArchiveLayer, reading: PixelReading) -> list[Feature]:
    """The pixel; none where no scene has it."""
    if not reading.scenes:
        return []
    values = list(reading.values)
    if layer.kind is LayerKind.CLASSES:
        names: dict[float | int | None, str] = dict(layer.class_names)
        named = [("class_name", names.get(value)) for name, value in values if name == "class"]
        return [Feature(layer.name, (*values, *named), _sources(reading), None)]
    composite = None if layer.composite is Composite.FIRST else layer.composite.value
    return [Feature(layer.name, tuple(values), _sources(reading), composite)]


def _sources(reading: PixelReading) -> tuple[Source, ...]:
    return tuple(Source(scene.name, scene.acquired, scene.cloud_cover) for scene in reading.scenes)


def _place(query: FeatureInfoRequest) -> Place:
    x, y = query.grid.centre_of(query.column, query.row)
    return Place(query.grid.crs, x, y, *query.grid.lonlat_of(query.column, query.row))
