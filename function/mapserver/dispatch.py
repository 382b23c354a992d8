"""One dispatch of MapServer: a request in, what it wrote out."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mapscript

from function.mapserver.exception_report import is_report, read_report
from function.mapserver.unlocked_dispatch import dispatch_unlocked

# Held while a map is cloned, drawn and freed: MapServer is not to be relied on to be thread-safe,
# and Python's own lock is let go of meanwhile.
one_at_a_time = threading.RLock()

# What the binding raises, by MapServer's class of error.
FAILURES = (mapscript.MapServerError, mapscript.MapServerChildError, OSError)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer: its media type, as MapServer states it, and its bytes."""

    content_type: str
    body: bytes


def dispatch(drawn: Any, parameters: Sequence[tuple[str, str]]) -> Rendered:
    """Answer ``parameters`` with ``drawn``, a mapObj that is used for this alone.

    Raises the OwsError that MapServer's exception document tells.
    """
    request = mapscript.OWSRequest()
    for key, value in parameters:
        request.setParameter(key, value)
    failure: str | None = None
    with one_at_a_time:
        mapscript.msIO_installStdoutToBuffer()
        try:
            try:
                if dispatch_unlocked(drawn, request) != mapscript.MS_SUCCESS:
                    failure = "this is no OGC request"
            except FAILURES as error:
                failure = str(error)
            content_type, body = _read_buffer()
        finally:
            mapscript.msIO_resetHandlers()
    if failure is not None or is_report(body):
        raise read_report(body, failure or "")
    return Rendered(content_type, body)


def _read_buffer() -> tuple[str, bytes]:
    """Media type and body that MapServer wrote; both empty where it wrote nothing."""
    try:
        headers = mapscript.msIO_getAndStripStdoutBufferMimeHeaders()
    except mapscript.MapServerError:
        return "", b""
    content_type = headers.get("Content-Type", "") if headers else ""
    return content_type, bytes(mapscript.msIO_getStdoutBufferBytes())
