"""Marker segments, of which the headers of a codestream are made (A.1)."""

import struct
from collections.abc import Iterator
from enum import IntEnum

from function.scenes.jpeg2000.errors import CodestreamError, TruncatedError

MARKER_LENGTH = 2
SEGMENT_START = struct.Struct(">HH")
LEAST_MARKER = 0xFF00
# A segment's length counts itself.
LEAST_LENGTH = 2


class Marker(IntEnum):
    """Marker codes (table A.2)."""

    SOC = 0xFF4F
    CAP = 0xFF50
    SIZ = 0xFF51
    COD = 0xFF52
    COC = 0xFF53
    TLM = 0xFF55
    PLM = 0xFF57
    PLT = 0xFF58
    QCD = 0xFF5C
    QCC = 0xFF5D
    RGN = 0xFF5E
    CRG = 0xFF63
    COM = 0xFF64
    SOT = 0xFF90
    SOP = 0xFF91
    EPH = 0xFF92
    SOD = 0xFF93
    EOC = 0xFFD9

    @property
    def code(self) -> bytes:
        return self.to_bytes(MARKER_LENGTH, "big")


def segments(data: bytes, position: int, stop: Marker) -> Iterator[tuple[int, bytes, int]]:
    """Walk the marker segments from ``position`` up to the marker ``stop``.

    Gives each as (marker, body, where it ends). Raises TruncatedError where ``data`` ends first,
    CodestreamError at what is no marker segment.
    """
    while data[position : position + MARKER_LENGTH] != stop.code:
        if position + SEGMENT_START.size > len(data):
            raise TruncatedError("the codestream ends within a header")
        marker, length = SEGMENT_START.unpack_from(data, position)
        end = position + MARKER_LENGTH + length
        if marker < LEAST_MARKER or length < LEAST_LENGTH:
            raise CodestreamError("a header holds something that is no marker segment")
        if end > len(data):
            raise TruncatedError("the codestream ends within a header")
        yield marker, data[position + SEGMENT_START.size : end], end
        position = end


def segment(marker: int, body: bytes) -> bytes:
    """Put a marker segment together."""
    return SEGMENT_START.pack(marker, len(body) + LEAST_LENGTH) + body
