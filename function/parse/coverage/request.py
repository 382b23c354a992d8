"""Requests of WCS 1.0.0, 1.1 and 2.0 (OGC 03-065r6, 07-067r5, 09-110r4)."""

from collections.abc import Callable, Mapping

from function.layer import Publication
from function.parse.coverage.description import read_description
from function.parse.coverage.get_coverage import read_coverage
from function.parse.coverage.query import CoverageRequest
from function.parse.coverage.version import negotiate
from function.parse.parameters import Parameters
from function.parse.query import OwsQuery
from function.search import CollectionExtent
from function.settings import Settings

SERVICE = "WCS"
GET_COVERAGE = "GetCoverage"


def read_coverage_query(
    parameters: Parameters,
    operation: str,
    publication: Publication,
    settings: Settings,
    extents: Callable[[], Mapping[str, CollectionExtent]],
) -> OwsQuery | CoverageRequest:
    """Read a request for ``operation``; raises the OwsError that names what is wrong with it."""
    version = negotiate(parameters)
    if operation == GET_COVERAGE:
        return read_coverage(parameters, version, publication, settings, extents)
    opening = (("SERVICE", SERVICE), ("VERSION", version), ("REQUEST", operation))
    rest = read_description(parameters, operation, version, publication)
    return OwsQuery(SERVICE, version, operation, opening + rest)
