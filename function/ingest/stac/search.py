"""A live search of a STAC API, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pystac.errors import STACError
from pystac_client import Client, ItemSearch
from pystac_client.conformance import ConformanceClasses
from pystac_client.exceptions import APIError
from pystac_client.warnings import PystacClientWarning
from requests.exceptions import RequestException

from function.ingest.candidate import Candidate
from function.ingest.readers import Readers
from function.ingest.sources import SourceUnreachableError
from function.ingest.stac.documents import CHUNK, feature_candidate
from function.search import TimeRange

# A page of a hundred large items takes a busy service some seconds.
PAGE_SECONDS = 60.0
CLOUD_COVER = "eo:cloud_cover"
# The least that a time of ours can differ by: an interval of STAC includes its end.
INSTANT = timedelta(microseconds=1)
# What a service answers is its own; what the client makes of it fails in any of these ways.
FAILURES = (
    APIError, PystacClientWarning, RequestException, STACError, ValueError, LookupError, TypeError,
    AttributeError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for, as STAC API's item search has it; None does not bound."""

    collections: tuple[str, ...]
    bbox: tuple[float, float, float, float] | None = None
    times: TimeRange | None = None
    max_cloud: float | None = None
    most: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StacSearch:
    """The items that a STAC API finds; the limit of clouds is checked here again."""

    url: str
    query: Query
    readers: Readers

    @property
    def label(self) -> str:
        """The address without what may be secret: its query, and a user with a password."""
        address = urlsplit(self.url)
        host = address.netloc.rpartition("@")[2]
        return address._replace(netloc=host, query="", fragment="").geturl()

    def count(self) -> None:
        return None

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        given = 0
        try:
            for page in self._search().pages_as_dicts():
                features = [each for each in page["features"] if self._is_meant(each)]
                if self.query.most is not None:
                    features = features[: self.query.most - given]
                given += len(features)
                yield [self._candidate(feature) for feature in features]
                if given == self.query.most:
                    return
        except FAILURES as error:
            reason = self._told(str(error))[:200] or type(error).__name__
            raise SourceUnreachableError(f"{self.label}: {reason}") from error

    def _told(self, message: str) -> str:
        """Leave out of a message what the label leaves out of the address."""
        address = urlsplit(self.url)
        for secret in (address.netloc.rpartition("@")[0], address.query):
            if secret:
                message = message.replace(secret, "...")
        return message

    def _search(self) -> ItemSearch:
        client = Client.open(self.url, headers=dict(self.query.headers), timeout=PAGE_SECONDS)
        limits: dict[str, Any] = {}
        if self.query.max_cloud is not None:
            if client.conforms_to(ConformanceClasses.QUERY):
                limits["query"] = {CLOUD_COVER: {"lte": self.query.max_cloud}}
            elif client.conforms_to(ConformanceClasses.FILTER):
                cover = {"property": CLOUD_COVER}
                limits["filter"] = {"op": "<=", "args": [cover, self.query.max_cloud]}
                limits["filter_lang"] = "cql2-json"
        return client.search(
            collections=list(self.query.collections),
            bbox=self.query.bbox,
            datetime=_interval(self.query.times),
            limit=min(CHUNK, self.query.most or CHUNK),
            **limits,
        )

    def _is_meant(self, feature: Any) -> bool:
        """Leave out what is too cloudy, or tells no clouds, for a service that cannot filter."""
        if self.query.max_cloud is None:
            return True
        cover = feature["properties"].get(CLOUD_COVER)
        return isinstance(cover, int | float) and cover <= self.query.max_cloud

    def _candidate(self, feature: Any) -> Candidate:
        label = str(feature.get("id")) if isinstance(feature, dict) else self.label
        return feature_candidate(label, feature, self.label, self.readers)


def _interval(times: TimeRange | None) -> tuple[datetime | None, datetime | None] | None:
    if times is None:
        return None
    return times.start, None if times.end is None else times.end - INSTANT
