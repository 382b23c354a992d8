"""The codestream index: where every packet of a file lies, in a few kilobytes.

Its bytes are a head (what the file is, its main header without comments), then blocks of tiles,
each compressed by itself so that a request unpacks only those it meets. Numbers are stored as
planes of bytes, least significant first: the high planes, nearly all zero or alike, compress to
nothing, and numpy puts them together without a loop.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.codestream import MainHeader, parse_main_header
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError
from function.scenes.jpeg2000.fitness import check_fit
from function.scenes.jpeg2000.markers import Marker, segment
from function.scenes.jpeg2000.tile_parts import TilePart

MAGIC = b"j2kx"
# Counts up when the format changes or what fits it does: what is kept of older ones is made anew.
VERSION = 1
HEAD = struct.Struct(">4sBQII")
# A window meets a few tiles; 64 keep a block near 1 KB, where compression still works.
TILES_PER_BLOCK = 64
COMPRESSION = 9
LONGEST_MAIN_HEADER = 1 << 20
# 64 tiles of 2**17 packets each, four bytes a packet and some for tile-parts.
LONGEST_BLOCK = 1 << 26


class IndexFormatError(Exception):
    """The bytes are no index of this version; it must be made anew."""


@dataclass(frozen=True, slots=True)
class PartPlace:
    """Where in the file a tile-part starts, what its header takes, and how many packets it has."""

    start: int
    header_length: int
    checksum: int
    packets: int


@dataclass(frozen=True, slots=True, eq=False)
class TilePackets:
    """One tile's packets: the tile-parts that hold them, and each packet's place in the file."""

    tile: int
    parts: tuple[PartPlace, ...]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CodestreamIndex:
    """Where the packets of a file of ``file_size`` bytes lie."""

    header: MainHeader
    file_size: int
    blocks: tuple[bytes, ...]

    @classmethod
    def from_tile_parts(cls, header: MainHeader, file_size: int, parts: Sequence[TilePart]) -> Self:
        """Index ``parts``, which hold every packet of every tile, in the order of the file."""
        by_tile: list[list[TilePart]] = [[] for _ in range(header.size.tiles)]
        for part in parts:
            by_tile[part.tile].append(part)
        blocks = tuple(
            _pack_block(by_tile[first : first + TILES_PER_BLOCK])
            for first in range(0, len(by_tile), TILES_PER_BLOCK)
        )
        return cls(header, file_size, blocks)

    def tiles(self, numbers: Sequence[int]) -> dict[int, TilePackets]:
        """Unpack the tiles of these numbers. Raises CodestreamError where a block is damaged."""
        found = {}
        for block in sorted({number // TILES_PER_BLOCK for number in numbers}):
            first = block * TILES_PER_BLOCK
            count = min(TILES_PER_BLOCK, self.header.size.tiles - first)
            wanted = [number for number in numbers if first <= number < first + count]
            found.update(_unpack_block(self.blocks[block], first, count, wanted))
        return found

    def to_bytes(self) -> bytes:
        main_header = zlib.compress(_kept_header(self.header), COMPRESSION)
        sizes = np.array([len(block) for block in self.blocks], ">u4").tobytes()
        head = HEAD.pack(MAGIC, VERSION, self.file_size, len(main_header), len(self.blocks))
        return b"".join([head, main_header, sizes, *self.blocks])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what ``to_bytes`` wrote; raise IndexFormatError where it is anything else."""
        try:
            magic, version, file_size, header_size, count = HEAD.unpack_from(data)
            if (magic, version) != (MAGIC, VERSION):
                raise IndexFormatError(f"no codestream index of version {VERSION}")
            position = HEAD.size + header_size
            header = parse_main_header(_inflate(data[HEAD.size : position], LONGEST_MAIN_HEADER))
            check_fit(header)
            sizes = np.frombuffer(data, ">u4", count, position)
            position += sizes.nbytes
        except (struct.error, ValueError, CodestreamError, UnfitCodestreamError) as error:
            raise IndexFormatError("the head of a codestream index is damaged") from error
        ends = position + np.cumsum(sizes, dtype=np.int64)
        if count != -(-header.size.tiles // TILES_PER_BLOCK) or ends[-1] != len(data):
            raise IndexFormatError("a codestream index is cut off")
        starts = [position, *ends[:-1].tolist()]
        blocks = (data[start:end] for start, end in zip(starts, ends.tolist(), strict=True))
        return cls(header, file_size, tuple(blocks))


def _kept_header(header: MainHeader) -> bytes:
    """The main header with only what decoding needs, ended as one by SOT."""
    return b"".join([Marker.SOC.code, *(segment(*kept) for kept in header.kept), Marker.SOT.code])


def _inflate(data: bytes, longest: int) -> bytes:
    inflator = zlib.decompressobj()
    try:
        inflated = inflator.decompress(data, longest)
    except zlib.error as error:
        raise CodestreamError("a codestream index is damaged") from error
    if not inflator.eof:
        raise CodestreamError("a codestream index is damaged")
    return inflated


def _pack_block(tiles: Sequence[Sequence[TilePart]]) -> bytes:
    parts = [part for tile in tiles for part in tile]
    gaps = []
    end = 0
    for part in parts:
        gaps.append(part.start - end)
        end = part.start + part.length
    lengths = [_known_lengths(part) for part in parts]
    columns = (
        _planes(np.array([len(tile) for tile in tiles], "<u4")),
        _planes(np.array(gaps, "<i8")),
        _planes(np.array([part.header_length for part in parts], "<u4")),
        _planes(np.array([part.checksum for part in parts], "<u2")),
        _planes(np.array([len(part) for part in lengths], "<u4")),
        _planes(np.concatenate([*lengths, np.empty(0, np.int64)]).astype("<u4")),
    )
    return zlib.compress(b"".join(columns), COMPRESSION)


def _known_lengths(part: TilePart) -> NDArray[np.int64]:
    if part.lengths is None:
        raise ValueError("a tile-part without packet lengths cannot be indexed")
    return part.lengths


def _planes(numbers: NDArray[np.generic]) -> bytes:
    return numbers.view(np.uint8).reshape(-1, numbers.itemsize).T.tobytes()


class _Columns:
    """Takes the columns of a block one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, kind: str, count: int) -> NDArray[np.int64]:
        size = np.dtype(kind).itemsize
        end = self._position + size * count
        if end > len(self._data):
            raise CodestreamError("a codestream index is damaged")
        planes = np.frombuffer(self._data, np.uint8, size * count, self._position)
        self._position = end
        numbers = np.ascontiguousarray(planes.reshape(size, count).T).view(kind).reshape(count)
        return numbers.astype(np.int64)

    def rest(self, kind: str) -> NDArray[np.int64]:
        return self.take(kind, (len(self._data) - self._position) // np.dtype(kind).itemsize)


def _unpack_block(
    block: bytes, first: int, count: int, wanted: Sequence[int]
) -> dict[int, TilePackets]:
    columns = _Columns(_inflate(block, LONGEST_BLOCK))
    part_counts = columns.take("<u4", count)
    total = int(part_counts.sum())
    gaps = columns.take("<i8", total)
    header_lengths = columns.take("<u4", total)
    checksums = columns.take("<u2", total)
    packet_counts = columns.take("<u4", total)
    lengths = columns.rest("<u4")
    if packet_counts.sum() != len(lengths):
        raise CodestreamError("a codestream index is damaged")
    bodies = np.concatenate([[0], np.cumsum(lengths)])
    packet_ends = np.cumsum(packet_counts)
    packet_starts = packet_ends - packet_counts
    part_lengths = header_lengths + bodies[packet_ends] - bodies[packet_starts]
    ends = np.cumsum(gaps + part_lengths)
    starts = ends - part_lengths
    shifts = starts + header_lengths - bodies[packet_starts]
    offsets = bodies[:-1] + np.repeat(shifts, packet_counts)
    last_parts = np.cumsum(part_counts)
    found = {}
    for tile in wanted:
        end = int(last_parts[tile - first])
        begin = end - int(part_counts[tile - first])
        parts = tuple(
            PartPlace(*place)
            for place in zip(
                starts[begin:end].tolist(),
                header_lengths[begin:end].tolist(),
                checksums[begin:end].tolist(),
                packet_counts[begin:end].tolist(),
                strict=True,
            )
        )
        if not parts:
            raise CodestreamError("a codestream index lacks a tile")
        packets = slice(packet_starts[begin], packet_ends[end - 1])
        found[tile] = TilePackets(tile, parts, offsets[packets], lengths[packets])
    return found
