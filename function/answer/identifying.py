"""What identifies a request, and for how long its answer holds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from function.identity import tag_of
from function.layer import Publication
from function.parse.description import DESCRIBE_LAYER, GET_LEGEND_GRAPHIC, GET_STYLES
from function.parse.query import OwsQuery, PixelRequest
from function.search import CatalogueState
from function.settings import Settings
from function.validity import Validity

# Legends, styles and descriptions of layers are of the mapfile alone.
_OF_MAPFILE = frozenset({DESCRIBE_LAYER, GET_LEGEND_GRAPHIC, GET_STYLES})
_DRAWN = frozenset({"LAYERS", "QUERY_LAYERS"})


@dataclass(frozen=True, slots=True)
class Identified:
    """A request's ``key``, the same for all that ask the same now, and its answer's validity."""

    key: str
    validity: Validity


def needs_catalogue(query: OwsQuery) -> bool:
    """Whether the answer depends on what the catalogue holds."""
    return query.operation not in _OF_MAPFILE


def identify(
    query: OwsQuery,
    online_resource: str,
    state: CatalogueState | None,
    publication: Publication,
    settings: Settings,
) -> Identified:
    """Identify a request from what it says, the catalogue, the mapfile and the software.

    Nothing is searched or read for it. Maps of plain layers have no tag: what those show changes
    without the service being told.
    """
    key = tag_of(
        query,
        online_resource,
        _versions(query, state),
        publication.fingerprint,
        settings.max_scenes,
    )
    return Identified(
        key, Validity(None if _draws_plain(query, publication) else key, _max_age(query, settings))
    )


def _versions(query: OwsQuery, state: CatalogueState | None) -> object:
    """What the catalogue has of the collections that are drawn, or of all."""
    if state is None:
        return None
    if not isinstance(query, PixelRequest):
        return state.version
    drawn = {layer.recipe.collection for layer in query.layers}
    return {collection: state.versions.get(collection) for collection in drawn}


def _draws_plain(query: OwsQuery, publication: Publication) -> bool:
    if not isinstance(query, PixelRequest):
        return False
    return any(
        name not in publication.archive_layers
        for key, value in query.parameters
        if key in _DRAWN
        for name in value.split(",")
    )


def _max_age(query: OwsQuery, settings: Settings) -> int:
    """Long where no more acquisitions of the times asked for are to come."""
    closed = datetime.now(UTC) - timedelta(days=settings.cache_closed_days)
    if not isinstance(query, PixelRequest) or not query.layers:
        return settings.cache_seconds
    for layer in query.layers:
        times = layer.search.times
        if not times or any(each.end is None or each.end > closed for each in times):
            return settings.cache_seconds
    return settings.cache_closed_seconds
