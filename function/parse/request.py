"""A query string becomes a frozen request: checked against what is published, and clean.

Only parameters that are read here reach MapServer. What a client sends beside them (DPI,
MAP_RESOLUTION and FORMAT_OPTIONS of QGIS, a cache buster) is dropped without complaint; what
would reach past the service is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from function.errors import RefusedParameterError, UnknownOperationError
from function.layer import Publication
from function.parse.description import OPERATIONS as DESCRIPTIONS
from function.parse.description import read_description
from function.parse.get_map import read_map
from function.parse.parameters import Parameters, shown
from function.parse.query import MapRequest, OwsQuery
from function.parse.version import negotiate
from function.settings import Settings

SERVICE = "WMS"
GET_MAP = "GetMap"
OPERATIONS = (GET_MAP, *DESCRIPTIONS)

# map=…, map.layer[…]=… and layer.class…=… change the configuration, MODE the kind of answer.
_OVERRIDE = re.compile(r"(MAP|LAYER)[._\[].*|MAP|MODE|SLD|SLD_BODY")
_HARMLESS = frozenset({"MAP_RESOLUTION"})

_EXCEPTIONS = (
    "XML",
    "INIMAGE",
    "BLANK",
    "text/xml",
    "application/vnd.ogc.se_xml",
    "application/vnd.ogc.se_inimage",
    "application/vnd.ogc.se_blank",
)


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
    _check_service(parameters)
    return Opening(SERVICE, _read_operation(parameters), parameters)


def read_query(
    opened: Opening, publication: Publication, settings: Settings
) -> OwsQuery | MapRequest:
    """Read a request of WMS 1.1.1 or 1.3.0 (OGC 01-068r3, 06-042).

    Raises the OwsError that names what is wrong with it.
    """
    parameters, operation = opened.parameters, opened.operation
    _refuse_overrides(parameters)
    version = negotiate(parameters)
    parameters.choose("EXCEPTIONS", _EXCEPTIONS)
    opening = (("SERVICE", SERVICE), ("VERSION", version), ("REQUEST", operation))
    if operation == GET_MAP:
        drawing = read_map(parameters, version, publication, settings)
        return MapRequest(
            SERVICE,
            version,
            operation,
            opening + drawing.parameters,
            drawing.grid,
            drawing.layers,
        )
    rest = read_description(parameters, operation, version, publication)
    return OwsQuery(SERVICE, version, operation, opening + rest)


def _refuse_overrides(parameters: Parameters) -> None:
    for key in parameters.names():
        if _OVERRIDE.fullmatch(key) and key not in _HARMLESS:
            raise RefusedParameterError(
                f"{shown(key)} is refused: maps and styles are those of the service"
            )


def _check_service(parameters: Parameters) -> None:
    service = parameters.find("SERVICE")
    if service is not None and service.upper() != SERVICE:
        raise UnknownOperationError(f"SERVICE={shown(service)} is not served here; {SERVICE} is")


def _read_operation(parameters: Parameters) -> str:
    asked = parameters.require("REQUEST")
    for operation in OPERATIONS:
        if operation.lower() == asked.lower():
            return operation
    raise UnknownOperationError(
        f"REQUEST={shown(asked)} is not served; there are {', '.join(OPERATIONS)}"
    )
