"""Codestreams of a few reduced tiles, made in memory of the packets that a window needs.

The resolutions that a reduction leaves out are taken out of the headers, as if the image had been
coded at the reduced size to begin with: a resolution level does not know of those above it. Tiles
keep their coordinates, halved as often, so that code-blocks and precincts stay where they were. A
packet that the window does not need is replaced by an empty one (B.10.3), which costs a byte.
Before each packet stands an SOP marker (A.8.1): a decoder that does not find the next one where a
packet has ended says so, which is how a packet length that does not hold, or a damaged packet
header, comes to light.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.codestream import MainHeader
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import Rectangle
from function.scenes.jpeg2000.index import PartPlace, TilePackets
from function.scenes.jpeg2000.markers import Marker, segment
from function.scenes.jpeg2000.memory import Memory
from function.scenes.jpeg2000.packet_needs import PacketNeeds, packet_needs
from function.scenes.jpeg2000.reduced_header import reduce_segment
from function.scenes.jpeg2000.tile_parts import (
    SHORTEST_TILE_PART,
    SOT_LENGTH,
    header_checksum,
)

SOP = struct.Struct(">HHH")
SOP_START = SOP.pack(Marker.SOP, 4, 0)[:4]
SOP_NUMBERS = 1 << 16
EMPTY_PACKET = b"\x00"
LONGEST_TILE_PART = (1 << 32) - 1
# A pair of numbers in a tuple.
RUN_BYTES = 128

Bytes = bytes | memoryview


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
    part: PartPlace | None


@dataclass(frozen=True, slots=True, eq=False)
class TilePlan:
    """What is read of one tile, and the numbers of the packets that its codestream has."""

    packets: TilePackets
    runs: tuple[Run, ...]
    places: NDArray[np.int32]

    @property
    def ranges(self) -> list[tuple[int, int]]:
        return [(run.offset, run.length) for run in self.runs]


def plan_tile(
    header: MainHeader, packets: TilePackets, area: Rectangle, window: Rectangle, reduction: int
) -> TilePlan:
    """Find the byte ranges of a tile that ``window`` needs.

    ``area`` is the tile's on the reference grid; ``window`` lies in it and counts samples of the
    image reduced by ``reduction``. A tile-part's header is read along where its first packet is:
    it costs a few bytes and no request, and proves that the index is this file's. Raises
    CodestreamError where the index does not fit the header.
    """
    needs = packet_needs(header, area, window, reduction)
    if len(needs.needed) != len(packets.lengths):
        raise CodestreamError("a codestream index does not fit its header")
    runs = []
    first = 0
    for part in packets.parts:
        end = first + part.packets
        runs.extend(_part_runs(packets, part, first, needs))
        first = end
    return TilePlan(packets, tuple(runs), needs.places)


def _part_runs(packets: TilePackets, part: PartPlace, base: int, needs: PacketNeeds) -> list[Run]:
    runs = []
    for first, end in _runs(needs, base, base + part.packets):
        offset = int(packets.offsets[first])
        length = int(packets.offsets[end - 1] + packets.lengths[end - 1]) - offset
        if first == base:
            runs.append(Run(part.start, length + part.header_length, first, end, part))
        else:
            runs.append(Run(offset, length, first, end, None))
    return runs


def _needed_runs(needs: PacketNeeds, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The first and one past the last of each run of needed packets between two numbers."""
    flags = np.zeros(end - start + 2, np.bool_)
    flags[1:-1] = needs.needed[start:end]
    edges = (np.flatnonzero(flags[1:] != flags[:-1]) + start).tolist()
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def _bytes_of_runs(
    runs: tuple[tuple[int, int], ...], needs: PacketNeeds, _start: int, _end: int
) -> int:
    return RUN_BYTES * len(runs) + needs.nbytes


# Tiles of one shape share their needs.
_runs = Memory(_needed_runs, _bytes_of_runs)


@dataclass(frozen=True, slots=True)
class TileBlock:
    """Tiles side by side, on the grid of the reduced image: their area, and how it is cut up.

    Their numbering starts anew at ``tile_x0``, ``tile_y0``, row by row.
    """

    area: Rectangle
    tile_x0: int
    tile_y0: int
    tile_width: int
    tile_height: int


class CodestreamAssembler:
    """Makes codestreams of an image's tiles, reduced by ``reduction``.

    Raises CodestreamError where the main header does not allow for the reduction.
    """

    def __init__(self, header: MainHeader, reduction: int) -> None:
        self._segments = [
            (marker, reduce_segment(header, marker, body, reduction))
            for marker, body in header.kept
        ]
        self._empty = EMPTY_PACKET + (Marker.EPH.code if header.ends_packet_headers else b"")

    def assemble(
        self, block: TileBlock, tiles: Sequence[tuple[TilePlan, Sequence[Bytes]]]
    ) -> bytes:
        """Put the bytes read for each run of each tile into one codestream.

        Raises CodestreamError where they are not what the index says.
        """
        pieces: list[Bytes] = [self._main_header(block)]
        for number, (plan, data) in enumerate(tiles):
            packets = self._packets(plan, data)
            length = SHORTEST_TILE_PART + sum(map(len, packets))
            if length > LONGEST_TILE_PART:
                raise CodestreamError("a tile is too large for one tile-part")
            sot = struct.pack(">HHHIBB", Marker.SOT, SOT_LENGTH - 2, number, length, 0, 1)
            pieces += [sot, Marker.SOD.code, *packets]
        return b"".join([*pieces, Marker.EOC.code])

    def _packets(self, plan: TilePlan, data: Sequence[Bytes]) -> list[Bytes]:
        known = _cut_packets(plan, data)
        pieces: list[Bytes] = []
        for place, number in enumerate(plan.places.tolist()):
            packet = known.get(number, self._empty)
            if packet[: len(SOP_START)] != SOP_START:
                pieces.append(SOP.pack(Marker.SOP, 4, place % SOP_NUMBERS))
            pieces.append(packet)
        return pieces

    def _main_header(self, block: TileBlock) -> bytes:
        area = block.area
        numbers = struct.pack(
            ">8I",
            *(area.x1, area.y1, area.x0, area.y0),
            *(block.tile_width, block.tile_height, block.tile_x0, block.tile_y0),
        )
        pieces = [Marker.SOC.code]
        for marker, body in self._segments:
            changed = body
            if marker == Marker.SIZ:
                changed = body[:2] + numbers + body[2 + len(numbers) :]
            pieces.append(segment(marker, changed))
        return b"".join(pieces)


def _cut_packets(plan: TilePlan, data: Sequence[Bytes]) -> dict[int, Bytes]:
    """Cut what was read into packets, by number."""
    packets: dict[int, Bytes] = {}
    for run, chunk in zip(plan.runs, data, strict=True):
        body = memoryview(chunk)
        if run.part is not None:
            _verify_header(run.part, body[: run.part.header_length])
            body = body[run.part.header_length :]
        position = 0
        lengths = plan.packets.lengths[run.first : run.end].tolist()
        for number, length in enumerate(lengths, run.first):
            packets[number] = body[position : position + length]
            position += length
    return packets


def _verify_header(part: PartPlace, data: memoryview) -> None:
    """See that a tile-part's header is the one that was indexed."""
    if header_checksum(data) != part.checksum:
        raise CodestreamError("the file is not the one that its index describes")
