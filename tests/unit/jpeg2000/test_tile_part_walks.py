"""Tile-parts that nothing lists, found from several places of a far file at once."""

import struct
from itertools import pairwise

import numpy as np
import pytest
from codestreams import EOC, SOT, MemorySource, tile_part, tile_part_lengths
from hypothesis import given
from hypothesis import strategies as st

from function.scenes.jpeg2000.boxes import Extent
from function.scenes.jpeg2000.byte_source import ForwardReader
from function.scenes.jpeg2000.codestream import parse_main_header
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.tile_part_walks import (
    ENTRY_BYTES,
    MOST_BYTES,
    MOST_LOOKS,
    read_headers,
)
from function.scenes.jpeg2000.tile_parts import (
    LISTED_AT_ONCE,
    TilePart,
    read_main_header,
    read_tile_parts,
)

ACROSS, SIDE = 20, 64
TILES = ACROSS * ACROSS
GAP = 4096
# What a header holds that is no tile-part: the marker, and a length that leads anywhere.
DECOY = SOT + struct.pack(">HHIBB", 10, 3, 700, 0, 1)


def main_header(listed: bytes = b"") -> bytes:
    """The main header of TILES tiles, each of one component and two resolutions."""
    extent = ACROSS * SIDE
    size = struct.pack(">H8IH3B", 0, extent, extent, 0, 0, SIDE, SIDE, 0, 0, 1, 7, 1, 1)
    coding = struct.pack(">BBHBBBBBB", 0, 0, 1, 0, 1, 4, 4, 0, 1)
    steps = bytes([0x40, 8 << 3, 9 << 3, 9 << 3, 10 << 3])
    segments = [(0xFF51, size), (0xFF52, coding), (0xFF5C, steps)]
    written = b"".join(struct.pack(">HH", code, len(body) + 2) + body for code, body in segments)
    return b"\xff\x4f" + written + listed


def codestream(sizes: list[int], seed: int = 0, decoys: bool = False) -> bytes:
    """Tiles of two packets, the first of a size of ``sizes``; ``decoys`` lie in packets."""
    generator = np.random.default_rng(seed)
    parts = []
    for tile, size in enumerate(sizes):
        body = generator.integers(0, 0x80, size, np.uint8).tobytes()
        if decoys and generator.random() < 0.5:
            place = generator.integers(size)
            body = body[:place] + DECOY + body[place:]
        parts.append(tile_part(tile, 0, [body, b"\0"]))
    return main_header() + b"".join(parts) + EOC


def parts_of(source: MemorySource) -> list[TilePart]:
    reader = ForwardReader(source)
    extent = Extent(0, reader.size)
    header = read_main_header(reader, extent)
    source.calls.clear()
    return read_tile_parts(reader, source, extent, header, packets=2)


def described(parts: list[TilePart]) -> list[tuple[int, int, int, int, list[int]]]:
    return [
        (part.tile, part.start, part.length, part.checksum, part.lengths.tolist())
        for part in parts
        if part.lengths is not None
    ]


def sizes_of(seed: int) -> list[int]:
    return [int(size) for size in np.random.default_rng(seed).integers(500, 3000, TILES)]


def test_the_main_header_is_one() -> None:
    assert parse_main_header(codestream([20] * TILES)).size.tiles == TILES


def test_walks_from_many_places_take_their_steps_together() -> None:
    data = codestream(sizes_of(1))
    alone = MemorySource(data, GAP)
    together = MemorySource(data, GAP, at_once=64)
    expected = described(parts_of(alone))
    assert len(expected) == TILES
    assert described(parts_of(together)) == expected
    # 20 walks of some 20 tiles, and two or three looks for where they begin.
    assert len(together.calls) < 40
    assert len(alone.calls) > 100
    assert all(len(ranges) <= ACROSS for ranges in together.calls)
    read = sum(length for ranges in together.calls for _, length in ranges)
    assert read < len(data) / 4
    assert sum(length for ranges in alone.calls for _, length in ranges) > len(data) / 2


@given(seed=st.integers(0, 1 << 30), at_once=st.integers(1, 80), decoys=st.booleans())
def test_the_same_is_found_from_any_place(seed: int, at_once: int, decoys: bool) -> None:
    data = codestream(sizes_of(seed), seed, decoys)
    alone = described(parts_of(MemorySource(data, GAP)))
    assert described(parts_of(MemorySource(data, GAP, at_once=at_once))) == alone
    assert len(alone) == TILES


@given(st.data())
def test_damage_ends_as_it_does_alone(draws: st.DataObject) -> None:
    data = bytearray(codestream(sizes_of(2)))
    for _ in range(draws.draw(st.integers(1, 5))):
        start = draws.draw(st.integers(len(main_header()), len(data) - 20))
        data[start : start + 12] = draws.draw(st.sampled_from([DECOY, bytes(12), b"\xff" * 12]))

    def outcome(at_once: int) -> object:
        source = MemorySource(bytes(data), GAP, at_once=at_once)
        try:
            return described(parts_of(source))
        except CodestreamError as error:
            return str(error)

    assert outcome(64) == outcome(1)


@pytest.mark.parametrize("at_once", [4, 64])
@pytest.mark.parametrize("guess", [78, 100_000])
def test_a_chain_of_short_tile_parts_is_given_up(at_once: int, guess: int) -> None:
    # Each tells of a next one 14 bytes on: as many steps as there are bytes.
    link = SOT + struct.pack(">HHIBB", 10, 0, 14, 0, 1) + b"\xff\x93"
    data = main_header() + link * 300_000
    source = MemorySource(data, GAP, at_once=at_once)
    extent = Extent(len(main_header()), len(data))
    headers = read_headers(source, extent, guess, TILES)
    assert sum(len(header) + ENTRY_BYTES for header in headers.values()) < 1.1 * MOST_BYTES
    assert len(source.calls) <= (extent.end - extent.start) // GAP + MOST_LOOKS


def test_a_file_without_places_to_begin_is_not_looked_through() -> None:
    length = GAP * TILES * 4
    data = main_header() + tile_part(0, 0, [bytes(length), b"\0"]) + EOC
    source = MemorySource(data, GAP, at_once=64)
    extent = Extent(len(main_header()), len(data))
    assert list(read_headers(source, extent, 78, TILES)) == [extent.start, extent.end - len(EOC)]
    assert len(source.calls) <= MOST_LOOKS + 2


@pytest.mark.parametrize("black", [range(TILES // 2), range(40, TILES - 40)])
def test_runs_of_black_tiles_are_read_together(black: range) -> None:
    # As where nothing was measured: a tile of some 20 bytes.
    data = codestream([1 if tile in black else size for tile, size in enumerate(sizes_of(6))])
    alone = MemorySource(data, GAP)
    together = MemorySource(data, GAP, at_once=64)
    assert described(parts_of(together)) == described(parts_of(alone))
    assert len(together.calls) <= min(40, len(alone.calls))


def test_one_connection_is_not_worth_a_search() -> None:
    data = codestream(sizes_of(3))
    source = MemorySource(data, GAP, at_once=1)
    assert read_headers(source, Extent(len(main_header()), len(data)), 78, TILES) == {}
    assert source.calls == []


def test_few_connections_read_on_from_several_places() -> None:
    # Tiles so short that some come with each read.
    data = codestream([size // 2 for size in sizes_of(5)])
    alone = MemorySource(data, GAP)
    few = MemorySource(data, GAP, at_once=4)
    assert described(parts_of(few)) == described(parts_of(alone))
    assert len(few.calls) < len(alone.calls) / 3
    assert all(len(ranges) <= 4 for ranges in few.calls)
    read = sum(length for ranges in few.calls for _, length in ranges)
    assert read < 1.2 * len(data)


def test_small_files_are_read_from_end_to_end() -> None:
    data = codestream([20] * TILES)
    assert len(data) < 10 * GAP
    source = MemorySource(data, GAP, at_once=64)
    assert len(parts_of(source)) == TILES
    assert len(source.calls) <= 10


def test_listed_headers_are_read_some_at_a_time() -> None:
    data = codestream(sizes_of(4))
    parts = parts_of(MemorySource(data))
    entries = [(part.tile, part.length) for part in parts]
    tiles = data[len(main_header()) :]
    source = MemorySource(main_header(tile_part_lengths(entries)) + tiles, GAP, at_once=64)
    found = parts_of(source)
    assert [(part.tile, part.length) for part in found] == entries
    assert [len(ranges) for ranges in source.calls] == [LISTED_AT_ONCE] * 6 + [TILES % 64]
    starts = [start for ranges in source.calls for start, _ in ranges]
    assert all(before < after for before, after in pairwise(starts))
