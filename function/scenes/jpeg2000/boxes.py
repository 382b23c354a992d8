"""The boxes of a JP2 file (annex I), as far as they lead to the codestream."""

import struct
from dataclasses import dataclass

from function.scenes.jpeg2000.byte_source import ForwardReader
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError

CODESTREAM_START = b"\xff\x4f\xff\x51"
SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
CODESTREAM_BOX = b"jp2c"
BOX_HEADER = 8
LONG_BOX_HEADER = 16
# ESA's files carry five boxes before the codestream; the bound stops a chain of empty ones.
MOST_BOXES = 256
# The boxes and the main header of ESA's files take 3 to 18 KB.
FIRST_READ = 32768
# XOsiz and YOsiz, which end so many bytes after the start of the codestream.
ORIGIN = struct.Struct(">II")
ORIGIN_END = 24


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of the file's bytes from ``start`` up to, but not including, ``end``."""

    start: int
    end: int


def find_codestream(reader: ForwardReader) -> Extent:
    """Find the contiguous codestream of a JP2 file, or of a bare codestream.

    Raises UnfitCodestreamError where the file is neither, CodestreamError where it breaks off.
    """
    head = reader.read(0, min(reader.size, len(SIGNATURE)), FIRST_READ)
    if head.startswith(CODESTREAM_START):
        return Extent(0, reader.size)
    if head != SIGNATURE:
        raise UnfitCodestreamError("no JPEG 2000 file")
    position = 0
    for _ in range(MOST_BOXES):
        kind, body, end = _read_box(reader, position)
        if kind == CODESTREAM_BOX:
            return Extent(body, end)
        position = end
    raise CodestreamError("the JP2 file has too many boxes before its codestream")


def read_origin(reader: ForwardReader) -> tuple[int, int]:
    """Read where an image begins on the reference grid (A.5.1): column and row.

    Raises CodestreamError for a file that breaks off, UnfitCodestreamError for no such file.
    """
    extent = find_codestream(reader)
    if extent.end - extent.start < ORIGIN_END:
        raise CodestreamError("the codestream ends before its size")
    start = reader.read(extent.start, ORIGIN_END, FIRST_READ)
    if not start.startswith(CODESTREAM_START):
        raise CodestreamError("the codestream does not start with its size")
    x0, y0 = ORIGIN.unpack_from(start, ORIGIN_END - ORIGIN.size)
    return x0, y0


def _read_box(reader: ForwardReader, position: int) -> tuple[bytes, int, int]:
    """Read a box's header: its type, where its body starts, where it ends (I.4)."""
    if position + BOX_HEADER > reader.size:
        raise CodestreamError("the JP2 file ends before its codestream")
    header = reader.read(position, BOX_HEADER, FIRST_READ)
    length = int.from_bytes(header[:4], "big")
    body = position + BOX_HEADER
    if length == 1:
        body = position + LONG_BOX_HEADER
        if body > reader.size:
            raise CodestreamError("the JP2 file ends within a box")
        length = int.from_bytes(reader.read(position + BOX_HEADER, 8, FIRST_READ), "big")
    end = reader.size if length == 0 else position + length
    if end < body or end > reader.size:
        raise CodestreamError("a box of the JP2 file has an impossible length")
    return header[4:], body, end
