"""The path of a request to the STAC API: parse → search → describe, each a stage of the trace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

import orjson

from function.deadline import Deadline
from function.errors import UnknownCollectionError, UnknownItemError
from function.identity import tag_of
from function.item_search import ItemSearch, PagePosition
from function.layer import Publication
from function.parse.parameters import shown
from function.parse.stac.request import (
    StatedSearch,
    check_plain,
    read_get_search,
    read_item,
    read_items,
    read_post_search,
)
from function.scene import Scene
from function.search import CatalogueState, CollectionExtent
from function.stac.addresses import Addresses
from function.stac.collection import collection_of, collections_of
from function.stac.description import description_of
from function.stac.item import GEOJSON, JSON, item_of
from function.stac.landing import OPENAPI, conformance_of, landing_of
from function.stac.page import page_of
from function.stac.published_archive import PublishedArchive
from function.telemetry import RequestTrace

STAC = "STAC"


class Listing(Protocol):
    """Lists scenes; see function.catalogue."""

    def page(self, search: ItemSearch, deadline: Deadline) -> tuple[Scene, ...]: ...


class Catalogue(Protocol):
    """Tells what is held of each collection; see function.catalogue."""

    def state(self) -> CatalogueState: ...


class Resource(StrEnum):
    """What is asked for; the values name operations in the trace."""

    LANDING = "Landing"
    CONFORMANCE = "Conformance"
    DESCRIPTION = "Api"
    COLLECTIONS = "Collections"
    COLLECTION = "Collection"
    ITEMS = "Items"
    ITEM = "Item"
    SEARCH = "Search"


@dataclass(frozen=True, slots=True)
class StacAsked:
    """A request as it arrived; ``base`` is the service's URL, ``body`` None for a GET.

    ``held`` are the tags of answers that the client has already.
    """

    resource: Resource
    base: str
    query: str
    deadline: Deadline
    body: bytes | None = None
    collection: str = ""
    item: str = ""
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StacAnswer:
    """What is sent back. ``tag`` differs wherever it may; what is ``held`` has no body."""

    content_type: str
    body: bytes
    tag: str
    held: bool = False


OF_CATALOGUE = frozenset(
    {
        Resource.COLLECTIONS, Resource.COLLECTION, Resource.ITEMS, Resource.ITEM, Resource.SEARCH,
    }
)  # fmt: skip
# What a resource that the catalogue has no part in depends on.
NOTHING = CatalogueState("", {}, {})
MEDIA_TYPES = {
    Resource.DESCRIPTION: OPENAPI,
    Resource.ITEMS: GEOJSON,
    Resource.ITEM: GEOJSON,
    Resource.SEARCH: GEOJSON,
}


class StacPath:
    """Answers requests for what the archive holds; shared by the threads of a process."""

    def __init__(
        self,
        listing: Listing,
        catalogue: Catalogue,
        publication: Publication,
        archive: PublishedArchive,
    ) -> None:
        self._listing = listing
        self._catalogue = catalogue
        self._publication = publication
        self._archive = archive

    def answer(self, asked: StacAsked, trace: RequestTrace) -> StacAnswer:
        """Answer one request; raises the OwsError that names what went wrong."""
        trace.identify(STAC, asked.resource.value)
        addresses = Addresses(asked.base, self._publication)
        with trace.stage("parse"):
            stated = _parse(asked)
        state = self._catalogue.state() if asked.resource in OF_CATALOGUE else NOTHING
        tag = self._tag(asked, state)
        if tag in asked.held:
            trace.originate("held")
            return StacAnswer("", b"", tag, held=True)
        asked.deadline.check("search")
        held: Mapping[str, CollectionExtent] = {}
        scenes: tuple[Scene, ...] = ()
        if asked.resource in OF_CATALOGUE:
            with trace.stage("search") as stage:
                held = _collections(asked, state.extents)
                if stated is not None:
                    scenes = self._scenes(asked, stated.search)
                    stage.record("scenes", len(scenes))
        asked.deadline.check("describe")
        with trace.stage("describe") as stage:
            document = self._describe(asked, stated, held, scenes, addresses)
            body = orjson.dumps(document)
            stage.record("bytes", len(body))
            stage.record("remaining_ms", round(asked.deadline.remaining() * 1000))
        return StacAnswer(MEDIA_TYPES.get(asked.resource, JSON), body, tag)

    def _tag(self, asked: StacAsked, state: CatalogueState) -> str:
        version = state.versions.get(asked.collection) if asked.collection else state.version
        said = (asked.resource, asked.base, asked.query, asked.body, asked.collection, asked.item)
        return tag_of(said, version, self._archive, self._publication.fingerprint)

    def _scenes(self, asked: StacAsked, search: ItemSearch) -> tuple[Scene, ...]:
        """One scene more than a page has tells whether another page follows."""
        scenes = self._listing.page(replace(search, limit=search.limit + 1), asked.deadline)
        if asked.resource is Resource.ITEM and not scenes:
            raise UnknownItemError(
                f"collection {shown(asked.collection)} has no item {shown(asked.item)}"
            )
        return scenes

    def _describe(
        self,
        asked: StacAsked,
        stated: StatedSearch | None,
        held: Mapping[str, CollectionExtent],
        scenes: tuple[Scene, ...],
        addresses: Addresses,
    ) -> dict[str, Any]:
        if asked.resource is Resource.ITEM:
            return item_of(scenes[0], addresses, self._archive)
        if stated is not None:
            return self._page(asked, stated, scenes, addresses)
        described: dict[Resource, Callable[[], dict[str, Any]]] = {
            Resource.LANDING: lambda: landing_of(addresses),
            Resource.CONFORMANCE: conformance_of,
            Resource.DESCRIPTION: lambda: description_of(addresses),
            Resource.COLLECTION: lambda: collection_of(held[asked.collection], addresses),
            Resource.COLLECTIONS: lambda: collections_of(
                [held[name] for name in sorted(held)], addresses
            ),
        }
        return described[asked.resource]()

    def _page(
        self,
        asked: StacAsked,
        stated: StatedSearch,
        scenes: tuple[Scene, ...],
        addresses: Addresses,
    ) -> dict[str, Any]:
        limit = stated.search.limit
        items = [item_of(scene, addresses, self._archive) for scene in scenes[:limit]]
        following = None
        if len(scenes) > limit:
            following = PagePosition(scenes[limit - 1].acquired, scenes[limit - 1].name)
        return page_of(items, stated, following, _path(asked), addresses)


def _parse(asked: StacAsked) -> StatedSearch | None:
    """Read the search that is asked for, None where it is something else."""
    match asked.resource:
        case Resource.SEARCH if asked.body is not None:
            check_plain(asked.query)
            return read_post_search(asked.body)
        case Resource.SEARCH:
            return read_get_search(asked.query)
        case Resource.ITEMS:
            return read_items(asked.query, asked.collection)
        case Resource.ITEM:
            return read_item(asked.query, asked.collection, asked.item)
        case Resource.LANDING:
            return None
        case _:
            check_plain(asked.query)
            return None


def _collections(
    asked: StacAsked, held: Mapping[str, CollectionExtent]
) -> Mapping[str, CollectionExtent]:
    """The collection that is asked for; all of them where none is."""
    if not asked.collection:
        return held
    if asked.collection not in held:
        raise UnknownCollectionError(
            f"there is no collection {shown(asked.collection)}; /collections lists those there are"
        )
    return {asked.collection: held[asked.collection]}


def _path(asked: StacAsked) -> tuple[str, ...]:
    if asked.resource is Resource.SEARCH:
        return ("search",)
    return "collections", asked.collection, "items"
