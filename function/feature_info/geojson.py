"""Features as GeoJSON (RFC 7946)."""

import math
from collections.abc import Sequence

import orjson

from function.feature import Feature, Place, Value
from function.feature_info.facts import facts_of, facts_of_source, rounded

# Some 10 cm on the ground: no pixel is smaller.
DECIMALS = 6


def write_geojson(features: Sequence[Feature], place: Place) -> bytes:
    """A FeatureCollection; pixels are points, features of plain layers have no geometry.

    A property has the name of its fact. A composite of several scenes has a list of them.
    """
    written = [_feature(feature, place) for feature in features]
    return orjson.dumps({"type": "FeatureCollection", "features": written})


def _feature(feature: Feature, place: Place) -> dict[str, object]:
    point = (place.longitude, place.latitude)
    geometry = None
    if feature.sources and all(map(math.isfinite, point)):
        geometry = {"type": "Point", "coordinates": [round(part, DECIMALS) for part in point]}
    return {"type": "Feature", "geometry": geometry, "properties": _properties(feature)}


def _properties(feature: Feature) -> dict[str, object]:
    if feature.composite is None:
        return {"layer": feature.layer, **dict(facts_of(feature))}
    values: dict[str, Value] = {name: rounded(value) for name, value in feature.values}
    scenes = [dict(facts_of_source(source)) for source in feature.sources]
    return {"layer": feature.layer, **values, "composite": feature.composite, "scenes": scenes}
