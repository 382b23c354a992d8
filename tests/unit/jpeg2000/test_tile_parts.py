"""Tile-parts found one after another or all at once, and the packet lengths in their headers."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from codestreams import (
    Encoding,
    MemorySource,
    encode,
    take_apart,
    texture,
    tile_part,
    tile_part_lengths,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from function.scenes.jpeg2000.boxes import Extent
from function.scenes.jpeg2000.byte_source import ByteSource, ForwardReader
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.tile_parts import (
    TilePart,
    parse_lengths,
    parse_tile_part,
    read_main_header,
    read_tile_parts,
)

EOC = b"\xff\xd9"


@dataclass(frozen=True)
class Sample:
    """A codestream of four tiles, whole and taken apart."""

    data: bytes
    header: bytes
    tiles: tuple[tuple[bytes, ...], ...]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    directory = tmp_path_factory.mktemp("sample")
    encoding = Encoding(bits=16, tile=(160, 160), resolutions=3, precincts=((64, 64),))
    path = encode(directory, texture(1, 300, 320, 16), encoding)
    header, parts = take_apart(path.read_bytes())
    assert [part.tile for part in parts] == [0, 1, 2, 3]
    return Sample(path.read_bytes(), header, tuple(part.packets for part in parts))


def read_parts(source: ByteSource) -> list[TilePart]:
    reader = ForwardReader(source)
    extent = Extent(0, reader.size)
    header = read_main_header(reader, extent)
    return read_tile_parts(reader, source, extent, header, packets=40)


def packets_of(index: CodestreamIndex, data: bytes, tile: int) -> list[bytes]:
    found = index.tiles([tile])[tile]
    return [
        data[offset : offset + length]
        for offset, length in zip(found.offsets.tolist(), found.lengths.tolist(), strict=True)
    ]


def test_every_packet_is_found(sample: Sample) -> None:
    index = build_index(MemorySource(sample.data))
    for tile, packets in enumerate(sample.tiles):
        assert packets_of(index, sample.data, tile) == list(packets)


def test_several_tile_parts_of_interleaved_tiles(sample: Sample) -> None:
    first = [tile_part(n, 0, packets[:3]) for n, packets in enumerate(sample.tiles)]
    second = [tile_part(n, 1, packets[3:4]) for n, packets in enumerate(sample.tiles)]
    third = [tile_part(n, 2, packets[4:], (2, 3)) for n, packets in enumerate(sample.tiles)]
    data = sample.header + b"".join(first + second + list(reversed(third))) + EOC
    index = build_index(MemorySource(data))
    for tile, packets in enumerate(sample.tiles):
        assert packets_of(index, data, tile) == list(packets)


def test_packet_lengths_run_on_across_segments(sample: Sample) -> None:
    # The second cut lies within the digits of a length.
    parts = [tile_part(n, 0, packets, (1, 1, 2)) for n, packets in enumerate(sample.tiles)]
    data = sample.header + b"".join(parts) + EOC
    index = build_index(MemorySource(data))
    assert packets_of(index, data, 3) == list(sample.tiles[3])


def with_lengths(sample: Sample, entries: list[tuple[int, int]], numbered: bool = True) -> bytes:
    start = len(sample.header)
    return sample.header + tile_part_lengths(entries, numbered) + sample.data[start:]


def true_entries(sample: Sample) -> list[tuple[int, int]]:
    return [(part.tile, part.length) for part in read_parts(MemorySource(sample.data))]


@pytest.mark.parametrize("numbered", [True, False])
def test_tlm_takes_one_round_trip_more(sample: Sample, numbered: bool) -> None:
    source = MemorySource(with_lengths(sample, true_entries(sample), numbered))
    parts = read_parts(source)
    assert [(part.tile, part.length) for part in parts] == true_entries(sample)
    assert len(source.calls) == 2
    assert len(source.calls[1]) == 4


def test_without_tlm_there_is_one_round_trip_for_each_tile(sample: Sample) -> None:
    source = MemorySource(sample.data)
    assert len(read_parts(source)) == 4
    # The first tile's header comes along with the main header.
    assert len(source.calls) == 1 + 3


def test_small_tiles_are_read_ahead(sample: Sample) -> None:
    source = MemorySource(sample.data, gap=1 << 20)
    assert len(read_parts(source)) == 4
    assert len(source.calls) <= 2


@pytest.mark.parametrize("wrong", ["length", "tile", "missing", "surplus"])
def test_wrong_tlm_is_not_believed(sample: Sample, wrong: str) -> None:
    entries = true_entries(sample)
    if wrong == "length":
        entries[0] = entries[0][0], entries[0][1] - 7
        entries[1] = entries[1][0], entries[1][1] + 7
    elif wrong == "tile":
        entries[0], entries[1] = (1, entries[0][1]), (0, entries[1][1])
    elif wrong == "missing":
        entries.pop()
    else:
        entries.append((3, 500))
    data = with_lengths(sample, entries)
    index = build_index(MemorySource(data))
    for tile, packets in enumerate(sample.tiles):
        assert packets_of(index, data, tile) == list(packets)


def test_the_last_tile_part_may_leave_its_length_open(sample: Sample) -> None:
    parts = [tile_part(n, 0, packets) for n, packets in enumerate(sample.tiles)]
    parts[-1] = parts[-1][:6] + bytes(4) + parts[-1][10:]
    data = sample.header + b"".join(parts) + EOC
    assert packets_of(build_index(MemorySource(data)), data, 3) == list(sample.tiles[3])


def test_no_packet_lengths_is_unfit(sample: Sample) -> None:
    body = b"\xff\x93" + b"".join(sample.tiles[0])
    bare = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, 12 + len(body), 0, 1) + body
    rest = [tile_part(n, 0, packets) for n, packets in enumerate(sample.tiles) if n]
    data = sample.header + bare + b"".join(rest) + EOC
    with pytest.raises(UnfitCodestreamError, match="no packet lengths"):
        build_index(MemorySource(data))


def test_lengths_that_do_not_add_up_are_unfit(sample: Sample) -> None:
    part = bytearray(tile_part(0, 0, sample.tiles[0]))
    part[12 + 5 + 1] ^= 1
    rest = [tile_part(n, 0, packets) for n, packets in enumerate(sample.tiles) if n]
    with pytest.raises(UnfitCodestreamError, match="add up"):
        build_index(MemorySource(sample.header + bytes(part) + b"".join(rest) + EOC))


def test_too_few_packets_are_unfit(sample: Sample) -> None:
    parts = [tile_part(n, 0, packets[:-1]) for n, packets in enumerate(sample.tiles)]
    with pytest.raises(UnfitCodestreamError, match="add up"):
        build_index(MemorySource(sample.header + b"".join(parts) + EOC))


def test_a_tile_with_a_coding_of_its_own_is_unfit(sample: Sample) -> None:
    part = tile_part(0, 0, sample.tiles[0])
    cod = b"\xff\x52\x00\x0c" + bytes([0, 0, 0, 1, 0, 2, 2, 2, 0, 1])
    length = struct.pack(">I", len(part) + len(cod))
    part = part[:6] + length + part[10:12] + cod + part[12:]
    rest = [tile_part(n, 0, packets) for n, packets in enumerate(sample.tiles) if n]
    with pytest.raises(UnfitCodestreamError, match="of its own"):
        build_index(MemorySource(sample.header + part + b"".join(rest) + EOC))


@pytest.mark.parametrize("damage", ["lost tile", "part twice", "unknown tile", "cut"])
def test_damaged_tile_parts_are_named(sample: Sample, damage: str) -> None:
    parts = [tile_part(n, 0, packets) for n, packets in enumerate(sample.tiles)]
    if damage == "lost tile":
        del parts[2]
    elif damage == "part twice":
        parts[1] = parts[0]
    elif damage == "unknown tile":
        parts[3] = tile_part(77, 0, sample.tiles[3])
    data = sample.header + b"".join(parts) + EOC
    with pytest.raises(CodestreamError):
        build_index(MemorySource(data[:-40] if damage == "cut" else data))


@given(st.lists(st.integers(0, 2**35 - 1), min_size=1, max_size=40))
def test_packet_lengths_are_read_back(lengths: list[int]) -> None:
    digits = b""
    for length in lengths:
        groups = [length >> shift & 0x7F for shift in range(28, -1, -7)]
        while len(groups) > 1 and not groups[0]:
            groups.pop(0)
        digits += bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])
    assert parse_lengths(digits).tolist() == lengths


@pytest.mark.parametrize("digits", [b"\x80", b"\x05\xff", b"\x81\x81\x81\x81\x81\x01"])
def test_broken_packet_lengths_are_named(digits: bytes) -> None:
    with pytest.raises(CodestreamError):
        parse_lengths(digits)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=80), start=st.integers(0, 100), rest=st.integers(0, 200))
def test_garbage_raises_nothing_else(data: bytes, start: int, rest: int) -> None:
    for head in (
        b"",
        b"\xff\x90\x00\x0a",
        b"\xff\x90\x00\x0a\x00\x00\x00\x00\x00\x50\x00\x01\xff\x58",
    ):
        try:
            part = parse_tile_part(head + data, start, start + len(head) + len(data) + rest)
        except CodestreamError:
            continue
        assert part.header_length <= part.length
        assert part.lengths is None or np.all(part.lengths >= 0)


def test_real_products_need_one_request_a_tile_at_most(shared: Path) -> None:
    (path,) = shared.glob("data/sentinel-2/S2A_MSIL2A*/GRANULE/*/IMG_DATA/R60m/*_B04_60m.jp2")
    source = MemorySource(path.read_bytes())
    index = build_index(source)
    assert index.header.size.tiles == 100
    assert len(source.calls) <= 2 + 100
