"""The answer of a GetFeatureInfo in the form that was asked for."""

from collections.abc import Sequence

from function.feature import Feature, Place
from function.feature_info.geojson import write_geojson
from function.feature_info.gml import write_gml
from function.feature_info.html import write_html
from function.feature_info.text import write_text
from function.parse.feature_info import InfoFormat

WRITERS = {
    InfoFormat.TEXT: write_text,
    InfoFormat.HTML: write_html,
    InfoFormat.GML: write_gml,
    InfoFormat.JSON: write_geojson,
    InfoFormat.GEOJSON: write_geojson,
}
# JSON is in UTF-8 by definition (RFC 8259, 8.1).
UNMARKED = {InfoFormat.JSON, InfoFormat.GEOJSON}


def write_features(
    features: Sequence[Feature], place: Place, info_format: InfoFormat
) -> tuple[str, bytes]:
    """Write ``features``, none of which may be there: give the media type and the document."""
    marked = info_format.value if info_format in UNMARKED else f"{info_format}; charset=utf-8"
    return marked, WRITERS[info_format](features, place)
