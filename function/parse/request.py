"""A query string becomes a frozen request: checked against what is published, and clean.

Only parameters that are read here reach MapServer. What a client sends beside them (a cache
buster) is dropped without complaint; what would reach past the service is refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from function.errors import RefusedParameterError, UnknownOperationError
from function.layer import Publication
from function.parse.coverage.description import OPERATIONS as COVERAGE_DESCRIPTIONS
from function.parse.coverage.query import CoverageRequest
from function.parse.coverage.request import GET_COVERAGE, read_coverage_query
from function.parse.coverage.request import SERVICE as WCS
from function.parse.description import OPERATIONS as MAP_DESCRIPTIONS
from function.parse.feature_info import GET_FEATURE_INFO
from function.parse.feature_info import SERVICE as WMS
from function.parse.map_request import GET_MAP, read_map_query
from function.parse.parameters import SLD_BODY, Parameters, shown
from function.parse.query import MapRequest, OwsQuery
from function.search import CollectionExtent
from function.settings import Settings

OPERATIONS = {
    WMS: (GET_MAP, GET_FEATURE_INFO, *MAP_DESCRIPTIONS),
    WCS: (GET_COVERAGE, *COVERAGE_DESCRIPTIONS),
}

# map=…, map.layer[…]=… and layer.class…=… change the configuration, MODE the kind of answer.
_OVERRIDE = re.compile(r"(MAP|LAYER)[._\[].*|MAP|MODE|SLD|SLD_BODY")
_HARMLESS = frozenset({"MAP_RESOLUTION"})


@dataclass(frozen=True, slots=True)
class Opening:
    """Which operation of which service a request asks for; its ``parameters`` are unchecked."""

    service: str
    operation: str
    parameters: Parameters


def read_opening(pairs: Sequence[tuple[str, str]]) -> Opening:
    """Read SERVICE and REQUEST, so that a request which is wrong beyond them is known by them.

    Raises UnknownOperationError, MissingParameterError, and InvalidParameterError for one that is
    given twice.
    """
    parameters = Parameters(pairs)
    service = read_service(parameters)
    return Opening(service, _read_operation(parameters, service), parameters)


def read_service(parameters: Parameters) -> str:
    """The service that SERVICE names; left out, the only one that knows REQUEST, else WMS.

    Raises UnknownOperationError for a service that is not served.
    """
    asked = parameters.find("SERVICE")
    if asked is None:
        operation = (parameters.find("REQUEST") or "").lower()
        known = [
            service
            for service, operations in OPERATIONS.items()
            if operation in {each.lower() for each in operations}
        ]
        return WCS if known == [WCS] else WMS
    if asked.upper() not in OPERATIONS:
        raise UnknownOperationError(
            f"SERVICE={shown(asked)} is not served here; {' and '.join(OPERATIONS)} are"
        )
    return asked.upper()


def read_query(
    opened: Opening,
    publication: Publication,
    settings: Settings,
    extents: Callable[[], Mapping[str, CollectionExtent]] = dict,
) -> OwsQuery | MapRequest | CoverageRequest:
    """Read a request of WMS or WCS; raises the OwsError that names what is wrong with it.

    ``extents`` tells what the catalogue holds of each collection. It is asked only where a
    request leaves it to a coverage how far it goes.
    """
    _refuse_overrides(opened)
    if opened.service == WCS:
        return read_coverage_query(
            opened.parameters, opened.operation, publication, settings, extents
        )
    return read_map_query(opened.parameters, opened.operation, publication, settings)


def _refuse_overrides(opened: Opening) -> None:
    harmless = _HARMLESS | ({SLD_BODY} if opened.service == WMS else set())
    for key in opened.parameters.names():
        if _OVERRIDE.fullmatch(key) and key not in harmless:
            raise RefusedParameterError(
                f"{shown(key)} is refused: maps and styles are those of the service"
            )


def _read_operation(parameters: Parameters, service: str) -> str:
    asked = parameters.require("REQUEST")
    for operation in OPERATIONS[service]:
        if operation.lower() == asked.lower():
            return operation
    raise UnknownOperationError(
        f"REQUEST={shown(asked)} is not served; there are {', '.join(OPERATIONS[service])}"
    )
