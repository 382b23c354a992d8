"""The XML that tells a client what went wrong, in the form of the version it speaks."""

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from function.errors import Fault
from function.parse.version import WMS_111

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
_REPORT_130 = """\
<?xml version="1.0" encoding="UTF-8"?>
<ServiceExceptionReport version="1.3.0" xmlns="http://www.opengis.net/ogc" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.opengis.net/ogc \
http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd">
  <ServiceException{code}>{text}</ServiceException>
</ServiceExceptionReport>
"""


@dataclass(frozen=True, slots=True)
class ExceptionReport:
    """An exception document and its media type."""

    content_type: str
    body: bytes


def write_report(version: str, fault: Fault, message: str, trace_id: str) -> ExceptionReport:
    """Write the report of WMS 1.1.1 (OGC 01-068r3, A.3) or 1.3.0 (OGC 06-042, E.1)."""
    text = escape(_UNWRITABLE.sub("?", f"{message} (trace {trace_id})"))
    older = version == WMS_111
    code = fault.wms_111 if older else fault.wms_130
    document = (_REPORT_111 if older else _REPORT_130).format(
        code="" if code is None else f" code={quoteattr(code)}", text=text
    )
    content_type = "application/vnd.ogc.se_xml" if older else "text/xml"
    return ExceptionReport(content_type, document.encode())
