"""The tile-parts of a codestream and the packet lengths that their headers give (A.4.2, A.7.3)."""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.boxes import FIRST_READ, Extent
from function.scenes.jpeg2000.byte_source import ByteSource, ForwardReader
from function.scenes.jpeg2000.codestream import MainHeader, parse_main_header
from function.scenes.jpeg2000.errors import CodestreamError, TruncatedError, UnfitCodestreamError
from function.scenes.jpeg2000.markers import MARKER_LENGTH, Marker, segments
from function.scenes.jpeg2000.tile_part_walks import read_headers

SOT_LENGTH = 12
SHORTEST_TILE_PART = SOT_LENGTH + 2  # SOT and SOD
# TLM of the most tiles there can be takes 400 KB.
LONGEST_MAIN_HEADER = 1 << 20
# A packet length takes two or three bytes in PLT; other segments are short.
LENGTH_BYTES = 3
HEADER_SLACK = 64
LONGEST_VARINT = 5
CONTINUED = 0x80
# ESA's files have one tile-part for each of up to 1849 tiles.
MOST_TILE_PARTS = 1 << 17
# As many as there are connections by default. More would be joined, up to the whole file.
LISTED_AT_ONCE = 64
# 256 PLT segments of 64 KB each.
LONGEST_HEADER = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class TilePart:
    """One tile-part: the file's bytes from ``start`` on.

    ``header_length`` reaches from SOT to the end of SOD, ``checksum`` is of those bytes.
    ``lengths`` are those of its packets, None where it gives none. ``reason`` tells why its
    packets cannot be read one by one.
    """

    tile: int
    part: int
    start: int
    length: int
    header_length: int
    checksum: int
    lengths: NDArray[np.int64] | None
    reason: str | None


def read_main_header(reader: ForwardReader, extent: Extent) -> MainHeader:
    """Read the main header at the start of a codestream, however long it is."""
    wanted = FIRST_READ
    while True:
        length = min(wanted, extent.end - extent.start)
        try:
            return parse_main_header(reader.read(extent.start, length))
        except TruncatedError:
            if length < wanted or wanted >= LONGEST_MAIN_HEADER:
                raise
        wanted *= 4


def read_tile_parts(
    reader: ForwardReader, source: ByteSource, extent: Extent, header: MainHeader, packets: int
) -> list[TilePart]:
    """Read the header of every tile-part, in the order of the file.

    ``packets`` is how many a tile has at most. Where TLM tells the truth, LISTED_AT_ONCE headers
    take a round trip, else as many as there are places to begin at: about the square root of how
    many tiles there are, where the source reads so many ranges at once.
    """
    body = Extent(extent.start + header.length, extent.end)
    guess = SHORTEST_TILE_PART + LENGTH_BYTES * packets + HEADER_SLACK
    listed = _read_listed(reader, source, body, header, guess)
    if listed is not None:
        return listed
    ahead = read_headers(source, body, guess, header.size.tiles)
    return _walk(reader, body, guess, source.gap, ahead)


def _read_listed(
    reader: ForwardReader, source: ByteSource, extent: Extent, header: MainHeader, guess: int
) -> list[TilePart] | None:
    """Read the tile-parts that TLM lists; None without TLM, or where it does not hold."""
    listed = header.tile_parts
    total = sum(length for _, length in listed)
    whole = len({tile for tile, _ in listed}) == header.size.tiles
    if not whole or not 0 <= extent.end - extent.start - total <= MARKER_LENGTH:
        return None
    ranges = []
    start = extent.start
    for _, length in listed:
        ranges.append((start, min(guess, length)))
        start += length
    parts = []
    headers = chain.from_iterable(
        source.read_ranges(ranges[first : first + LISTED_AT_ONCE])
        for first in range(0, len(ranges), LISTED_AT_ONCE)
    )
    try:
        for (start, _), data, entry in zip(ranges, headers, listed, strict=True):
            part = _parse_whole(reader, data, start, extent.end)
            if (part.tile, part.length) != entry:
                return None
            parts.append(part)
    except CodestreamError:
        return None
    return parts


def _walk(
    reader: ForwardReader, extent: Extent, guess: int, gap: int, read: Mapping[int, bytes]
) -> list[TilePart]:
    """Go from one tile-part to the next up to the end of the codestream.

    ``read`` are headers that need not be read again, by where they start.
    """
    parts: list[TilePart] = []
    position = extent.start
    last_length = 0
    while position + SHORTEST_TILE_PART <= extent.end:
        ahead = gap if last_length < gap else 0
        data = read.get(position) or reader.read(position, min(guess, extent.end - position), ahead)
        if data.startswith(Marker.EOC.code):
            break
        part = _parse_whole(reader, data, position, extent.end)
        parts.append(part)
        if len(parts) > MOST_TILE_PARTS:
            raise UnfitCodestreamError("too many tile-parts")
        last_length = part.length
        position += part.length
    return parts


def _parse_whole(reader: ForwardReader, data: bytes, start: int, end: int) -> TilePart:
    """Parse a tile-part's header, reading more of it where ``data`` is too short."""
    while True:
        try:
            return parse_tile_part(data, start, end)
        except TruncatedError:
            longer = min(4 * len(data), end - start, LONGEST_HEADER)
            if longer <= len(data):
                raise
        data = reader.read(start, longer)


def parse_tile_part(data: bytes, start: int, end: int) -> TilePart:
    """Parse the header of the tile-part that lies at ``start`` of a file.

    ``end`` is where the codestream ends. Raises TruncatedError where ``data`` ends before the
    header does, CodestreamError where the header breaks the standard.
    """
    if len(data) < SHORTEST_TILE_PART:
        raise TruncatedError("the codestream ends within a tile-part header")
    marker, size, tile, length, part, _ = struct.unpack_from(">HHHIBB", data)
    if marker != Marker.SOT or size != SOT_LENGTH - 2:
        raise CodestreamError("a tile-part does not start with SOT")
    longest = end - start
    if length and not SHORTEST_TILE_PART <= length <= longest:
        raise CodestreamError("a tile-part reaches past the end of the codestream")
    try:
        header_length, digits, reason = _parse_segments(data[: length or longest])
    except TruncatedError as error:
        if len(data) < (length or longest):
            raise
        raise CodestreamError("a tile-part ends within its header") from error
    lengths = parse_lengths(digits) if digits else None
    if not length:
        # The last tile-part may leave its length open; EOC is not part of it.
        length = longest if lengths is None else header_length + int(lengths.sum())
    if lengths is not None and header_length + lengths.sum() != length:
        reason = "packet lengths that do not add up"
    checksum = header_checksum(data[:header_length])
    return TilePart(tile, part, start, length, header_length, checksum, lengths, reason)


def header_checksum(header: bytes | memoryview) -> int:
    """A checksum of 16 bits, enough beside the lengths that must fit as well."""
    return zlib.crc32(header) & 0xFFFF


def _parse_segments(data: bytes) -> tuple[int, bytes, str | None]:
    """Walk a tile-part's header: its length, the digits of PLT, why it does not fit."""
    digits: dict[int, bytes] = {}
    reason = None
    position = SOT_LENGTH
    for marker, body, end in segments(data, SOT_LENGTH, Marker.SOD):
        if marker == Marker.PLT and body:
            digits[body[0]] = body[1:]
        elif marker != Marker.COM:
            reason = "a tile with a coding of its own"
        position = end
    digits_in_order = b"".join(digits[number] for number in sorted(digits))
    return position + MARKER_LENGTH, digits_in_order, reason


def parse_lengths(data: bytes) -> NDArray[np.int64]:
    """Parse packet lengths: seven bits a byte, the high bit set on all but the last (A.7.3)."""
    digits = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(digits < CONTINUED)
    if not len(ends) or ends[-1] != len(digits) - 1:
        raise CodestreamError("the last packet length of a tile-part is cut off")
    starts = np.concatenate([[0], ends[:-1] + 1])
    sizes = ends - starts + 1
    if sizes.max() > LONGEST_VARINT:
        raise CodestreamError("a packet length has too many digits")
    places = np.repeat(ends, sizes) - np.arange(len(digits))
    return np.add.reduceat((digits & (CONTINUED - 1)).astype(np.int64) << (7 * places), starts)
