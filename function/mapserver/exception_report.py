"""MapServer's exception documents, turned into the errors of the service."""

import re

from lxml import etree

from function.errors import (
    InvalidParameterError,
    InvalidTimeError,
    LayerUnavailableError,
    MissingParameterError,
    OwsError,
    RenderError,
    UnknownCrsError,
    UnknownFormatError,
    UnknownLayerError,
    UnknownOperationError,
    UnknownStyleError,
)

# Codes of OGC 06-042, table E.1, and of OGC 06-121r3, table 25. MapServer says InvalidSRS in both
# versions of WMS.
ERRORS: dict[str, type[OwsError]] = {
    "InvalidFormat": UnknownFormatError,
    "InvalidCRS": UnknownCrsError,
    "InvalidSRS": UnknownCrsError,
    "LayerNotDefined": UnknownLayerError,
    "StyleNotDefined": UnknownStyleError,
    "MissingDimensionValue": InvalidTimeError,
    "InvalidDimensionValue": InvalidTimeError,
    "OperationNotSupported": UnknownOperationError,
    "MissingParameterValue": MissingParameterError,
    "InvalidParameterValue": InvalidParameterError,
}

REPORTS = frozenset({"ServiceExceptionReport", "ExceptionReport", "WMTException"})

# One line of MapServer's error list: the routine, the class of error, what it is about.
_ENTRY = re.compile(r"^\w+\(\)(?:\(\))?: (?P<kind>[A-Z][\w/ ]*?error)\. ?", re.MULTILINE)

_FAILED_LAYER = re.compile(r"Failed to draw layer named '(?P<name>[^']*)'")

# What msPostGISLayerOpen (mappostgis.cpp) says where it gets no connection. A connection that is
# lost later reads like any query that fails.
_NO_CONNECTION = "Database connection failed"

# The classes of error that a request brings about, rather than the service.
_OF_REQUESTS = frozenset({"WMS server error", "OWS server error", "WCS server error"})

# Connection strings: URLs with an authority, and libpq's key=value pairs.
_CONNECTION = re.compile(
    r"\b[a-z][a-z0-9+.-]*://\S+|\b(?:host|port|user|password|dbname|options)=\S+", re.IGNORECASE
)


def is_report(body: bytes) -> bool:
    """Whether ``body`` is an exception document, whatever MapServer's return code was."""
    if body.lstrip()[:1] != b"<":
        return False
    root = _parse(body)
    return root is not None and etree.QName(root).localname in REPORTS


def read_report(body: bytes, stated: str) -> OwsError:
    """The error that an exception document tells; ``stated`` is MapServer's own error text.

    Its message is free of MapServer's routines and of connection strings. What only an operator
    can mend becomes a LayerUnavailableError or a RenderError that names the layer; MapServer's
    words are its note.
    """
    code, text = _read(body)
    text = _CONNECTION.sub("(connection)", text or stated).strip()
    kinds = [match["kind"] for match in _ENTRY.finditer(text)]
    message = " ".join(_ENTRY.sub("", text).split())
    if code in ERRORS:
        return ERRORS[code](message)
    if kinds and kinds[0] in _OF_REQUESTS:
        return InvalidParameterError(message)
    failed = _FAILED_LAYER.search(text)
    undrawn = (
        f"layer {failed['name']} could not be drawn" if failed else "the map could not be drawn"
    )
    error: OwsError = RenderError(undrawn)
    if _NO_CONNECTION in text:
        error = LayerUnavailableError(f"{undrawn}: its database cannot be reached now")
    error.add_note(f"MapServer says: {message}")
    return error


def _read(body: bytes) -> tuple[str | None, str | None]:
    root = _parse(body)
    if root is None:
        return None, None
    for element in root.iter():
        name = etree.QName(element).localname
        if name == "ServiceException":
            return element.get("code"), element.text
        if name == "Exception":
            return element.get("exceptionCode"), str(element.xpath("string()"))
    return None, None


def _parse(body: bytes) -> etree._Element | None:
    parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return None
