"""What tells a client what went wrong, in the form of the version it speaks."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from xml.sax.saxutils import escape, quoteattr

import orjson

from function.errors import Fault
from function.parse.coverage.version import WCS_100, WCS_111, WCS_201
from function.parse.reported_version import ReportedVersion
from function.parse.version import WMS_111, WMS_130

# XML 1.0 has no way to write these (section 2.2).
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_REPORT_111 = """\
<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE ServiceExceptionReport SYSTEM \
"http://schemas.opengis.net/wms/1.1.1/exception_1_1_1.dtd">
<ServiceExceptionReport version="1.1.1">
  <ServiceException{code}>{text}</ServiceException>
</ServiceExceptionReport>
"""
_REPORT = """\
<?xml version="1.0" encoding="UTF-8"?>
<ServiceExceptionReport version="{version}" xmlns="http://www.opengis.net/ogc" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.opengis.net/ogc {schema}">
  <ServiceException{code}>{text}</ServiceException>
</ServiceExceptionReport>
"""
_REPORT_OWS = """\
<?xml version="1.0" encoding="UTF-8"?>
<ows:ExceptionReport version="{version}" xml:lang="en" \
xmlns:ows="http://www.opengis.net/ows/{ows}" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.opengis.net/ows/{ows} {schema}">
  <ows:Exception{code}>
    <ows:ExceptionText>{text}</ows:ExceptionText>
  </ows:Exception>
</ows:ExceptionReport>
"""
SCHEMAS = "http://schemas.opengis.net"

# The media type of each version, the document, and what it says of itself.
_FORMS = {
    ("WMS", WMS_111): ("application/vnd.ogc.se_xml", _REPORT_111, {}),
    ("WMS", WMS_130): (
        "text/xml",
        _REPORT,
        {"version": "1.3.0", "schema": f"{SCHEMAS}/wms/1.3.0/exceptions_1_3_0.xsd"},
    ),
    ("WCS", WCS_100): (
        "application/vnd.ogc.se_xml",
        _REPORT,
        {"version": "1.2.0", "schema": f"{SCHEMAS}/wcs/1.0.0/OGC-exception.xsd"},
    ),
    ("WCS", WCS_111): (
        "text/xml",
        _REPORT_OWS,
        {"version": "1.1.0", "ows": "1.1", "schema": f"{SCHEMAS}/ows/1.1.0/owsAll.xsd"},
    ),
    ("WCS", WCS_201): (
        "text/xml",
        _REPORT_OWS,
        {"version": "2.0.1", "ows": "2.0", "schema": f"{SCHEMAS}/ows/2.0/owsAll.xsd"},
    ),
}
# What WCS 1.0 knows (OGC 03-065r6, table A.1), and what it calls the codes of WCS 2.0.
_CODES_100 = {
    "InvalidParameterValue": "InvalidParameterValue",
    "MissingParameterValue": "MissingParameterValue",
    "emptyCoverageIdList": "MissingParameterValue",
    "NoSuchCoverage": "CoverageNotDefined",
}
# What WCS 1.1 knows (OGC 07-067r5, 8.3.2).
_CODES_111 = {
    "InvalidParameterValue": "InvalidParameterValue",
    "MissingParameterValue": "MissingParameterValue",
    "emptyCoverageIdList": "MissingParameterValue",
    "OperationNotSupported": "OperationNotSupported",
    "VersionNegotiationFailed": "VersionNegotiationFailed",
}


@dataclass(frozen=True, slots=True)
class ExceptionReport:
    """An exception document, its media type and the status it goes with."""

    status: int
    content_type: str
    body: bytes


def write_report(
    reported: ReportedVersion, fault: Fault, message: str, trace_id: str
) -> ExceptionReport:
    """Write the report of WMS 1.1.1 (OGC 01-068r3, A.3) or 1.3.0 (OGC 06-042, E.1), or of WCS

    1.0.0 (OGC 03-065r6, A.1), 1.1 (OGC 06-121r3, 8) or 2.0 (OGC 06-121r9, 8).
    """
    text = escape(_UNWRITABLE.sub("?", f"{message} (trace {trace_id})"))
    content_type, document, about = _FORMS[reported.service, reported.version]
    code = _code(reported, fault)
    name = "exceptionCode" if document is _REPORT_OWS else "code"
    written = document.format(
        code="" if code is None else f" {name}={quoteattr(code)}", text=text, **about
    )
    return ExceptionReport(_status(reported, fault, code), content_type, written.encode())


def _status(reported: ReportedVersion, fault: Fault, code: str | None) -> int:
    """The table's, but in WCS 1.0 and 1.1: what is 404 by 2.0 is a bad request there."""
    older = reported.service == "WCS" and reported.version != WCS_201
    return 400 if older and code == "InvalidParameterValue" else fault.status


def _code(reported: ReportedVersion, fault: Fault) -> str | None:
    if reported.service == "WMS":
        return fault.wms_111 if reported.version == WMS_111 else fault.wms_130
    if reported.version == WCS_100:
        if fault.wcs is None:
            return None
        return _CODES_100.get(fault.wcs, "InvalidParameterValue")
    if fault.wcs is None:
        return "NoApplicableCode"
    if reported.version == WCS_111:
        return _CODES_111.get(fault.wcs, "InvalidParameterValue")
    return fault.wcs


def write_json_report(fault: Fault, message: str, trace_id: str) -> ExceptionReport:
    """Write a failure of the STAC API: code and description (OGC 17-069r4, 7.5.1), and trace."""
    code = fault.wms_130 or HTTPStatus(fault.status).phrase.replace(" ", "")
    body = orjson.dumps({"code": code, "description": message, "trace": trace_id})
    return ExceptionReport(fault.status, "application/json", body)
