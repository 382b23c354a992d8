"""Codestreams of one tile, made in memory of the packets that a window needs.

The tile keeps its coordinates, so that its code-blocks and precincts stay where they were. A packet
left out is replaced by an empty one (B.10.3), which costs a byte. Before each packet stands an SOP
marker (A.8.1): a decoder that does not find the next one where a packet has ended says so, which
is how a packet length that does not hold, or a damaged packet header, comes to light.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.codestream import MainHeader
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import Rectangle, needed_packets
from function.scenes.jpeg2000.index import TilePackets
from function.scenes.jpeg2000.markers import Marker, segment
from function.scenes.jpeg2000.tile_parts import (
    SHORTEST_TILE_PART,
    SOT_LENGTH,
    TilePart,
    parse_tile_part,
)

SOP_BIT = 2
SOP = struct.Struct(">HHH")
SOP_START = SOP.pack(Marker.SOP, 4, 0)[:4]
SOP_NUMBERS = 1 << 16
EMPTY_PACKET = b"\x00"
LONGEST_TILE_PART = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes of the file that are read as one.

    They are the packets from ``first`` up to, but not including, ``end``, and before them, where
    ``part`` names one, the header of the tile-part that they start.
    """

    offset: int
    length: int
    first: int
    end: int
    part: TilePart | None


@dataclass(frozen=True, slots=True, eq=False)
class TileReading:
    """What is read of one tile for ``window``, which counts samples of the reduced image."""

    packets: TilePackets
    area: Rectangle
    window: Rectangle
    reduction: int
    runs: tuple[Run, ...]

    @property
    def ranges(self) -> list[tuple[int, int]]:
        return [(run.offset, run.length) for run in self.runs]


def plan_tile(
    header: MainHeader, packets: TilePackets, area: Rectangle, window: Rectangle, reduction: int
) -> TileReading:
    """Find the byte ranges of a tile that ``window``, which lies in it, needs.

    A tile-part's header is read along where its first packet is: it costs a few bytes and no
    request, and proves that the index is this file's. Raises CodestreamError where the index does
    not fit the header.
    """
    needed = needed_packets(header, area, window, reduction)
    if len(needed) != len(packets.lengths):
        raise CodestreamError("a codestream index does not fit its header")
    runs = []
    first = 0
    for part in packets.parts:
        count = 0 if part.lengths is None else len(part.lengths)
        runs.extend(_part_runs(packets, part, first, needed[first : first + count]))
        first += count
    return TileReading(packets, area, window, reduction, tuple(runs))


def _part_runs(
    packets: TilePackets, part: TilePart, base: int, needed: NDArray[np.bool_]
) -> list[Run]:
    edges = np.flatnonzero(np.diff(needed, prepend=False, append=False)) + base
    runs = []
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        offset = int(packets.offsets[first])
        length = int(packets.offsets[end - 1] + packets.lengths[end - 1]) - offset
        if first == base:
            runs.append(Run(part.start, length + part.header_length, first, end, part))
        else:
            runs.append(Run(offset, length, first, end, None))
    return runs


class CodestreamAssembler:
    """Makes one-tile codestreams that share a main header."""

    def __init__(self, header: MainHeader) -> None:
        self._header = header
        self._segments = b"".join(
            segment(marker, _mark_packets(marker, body))
            for marker, body in header.kept
            if marker != Marker.SIZ
        )
        self._empty = EMPTY_PACKET + (Marker.EPH.code if header.ends_packet_headers else b"")

    def assemble(self, reading: TileReading, data: Sequence[bytes | memoryview]) -> bytes:
        """Put the bytes read for each run of ``reading`` into a codestream of that tile.

        Raises CodestreamError where they are not what the index says.
        """
        pieces: list[bytes | memoryview] = []
        done = 0
        for run, chunk in zip(reading.runs, data, strict=True):
            self._leave_out(pieces, done, run.first)
            body = memoryview(chunk)
            if run.part is not None:
                _verify_header(run.part, body[: run.part.header_length])
                body = body[run.part.header_length :]
            position = 0
            lengths = reading.packets.lengths[run.first : run.end].tolist()
            for number, length in enumerate(lengths, run.first):
                packet = body[position : position + length]
                if packet[: len(SOP_START)] != SOP_START:
                    pieces.append(_sop(number))
                pieces.append(packet)
                position += length
            done = run.end
        self._leave_out(pieces, done, len(reading.packets.lengths))
        start = self._start(reading.area)
        length = SHORTEST_TILE_PART + sum(map(len, pieces))
        if length > LONGEST_TILE_PART:
            raise CodestreamError("a tile is too large for one tile-part")
        sot = struct.pack(">HHHIBB", Marker.SOT, SOT_LENGTH - 2, 0, length, 0, 1)
        return b"".join([start, sot, Marker.SOD.code, *pieces, Marker.EOC.code])

    def _leave_out(self, pieces: list[bytes | memoryview], first: int, end: int) -> None:
        for number in range(first, end):
            pieces.append(_sop(number))
            pieces.append(self._empty)

    def _start(self, area: Rectangle) -> bytes:
        """The main header of a codestream that holds ``area`` as its only tile."""
        size = self._header.size
        column = (area.x0 - size.tile_x0) // size.tile_width
        row = (area.y0 - size.tile_y0) // size.tile_height
        numbers = struct.pack(
            ">8I",
            *(area.x1, area.y1, area.x0, area.y0),
            *(size.tile_width, size.tile_height),
            *(size.tile_x0 + column * size.tile_width, size.tile_y0 + row * size.tile_height),
        )
        ((_, original),) = (kept for kept in self._header.kept if kept[0] == Marker.SIZ)
        body = original[:2] + numbers + original[2 + len(numbers) :]
        return Marker.SOC.code + segment(Marker.SIZ, body) + self._segments


def _mark_packets(marker: int, body: bytes) -> bytes:
    """Announce SOP markers in a COD segment; leave any other as it is."""
    return bytes([body[0] | SOP_BIT]) + body[1:] if marker == Marker.COD else body


def _sop(number: int) -> bytes:
    return SOP.pack(Marker.SOP, 4, number % SOP_NUMBERS)


def _verify_header(part: TilePart, data: memoryview) -> None:
    """See that a tile-part's header says what the index says."""
    found = parse_tile_part(bytes(data), part.start, part.start + part.length)
    same = (found.tile, found.part, found.length, found.header_length) == (
        part.tile,
        part.part,
        part.length,
        part.header_length,
    )
    if not same or not _same_lengths(found.lengths, part.lengths):
        raise CodestreamError("the file is not the one that its index describes")


def _same_lengths(found: NDArray[np.int64] | None, known: NDArray[np.int64] | None) -> bool:
    return found is not None and known is not None and np.array_equal(found, known)
