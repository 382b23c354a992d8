"""The index's own bytes: what goes in comes out, and damage is noticed."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from codestreams import Encoding, MemorySource, encode, texture
from hypothesis import given, settings
from hypothesis import strategies as st

from function.scenes.jpeg2000.byte_source import LocalByteSource
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.index import TILES_PER_BLOCK, CodestreamIndex, IndexFormatError
from function.scenes.jpeg2000.index_building import build_index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> CodestreamIndex:
    encoding = Encoding(tile=(16, 16), resolutions=2, code_block=(8, 8), more=("-TLM",))
    path = encode(tmp_path_factory.mktemp("index"), texture(1, 150, 170, 8), encoding)
    return build_index(MemorySource(path.read_bytes()))


def assert_same(first: CodestreamIndex, second: CodestreamIndex) -> None:
    assert first.file_size == second.file_size
    assert first.header.size == second.header.size
    assert first.header.styles == second.header.styles
    numbers = list(range(first.header.size.tiles))
    ours, theirs = first.tiles(numbers), second.tiles(numbers)
    assert list(ours) == numbers == list(theirs)
    for number in numbers:
        np.testing.assert_array_equal(ours[number].offsets, theirs[number].offsets)
        np.testing.assert_array_equal(ours[number].lengths, theirs[number].lengths)
        assert ours[number].parts == theirs[number].parts


def test_bytes_read_back(index: CodestreamIndex) -> None:
    assert index.header.size.tiles == 110 > TILES_PER_BLOCK
    assert_same(CodestreamIndex.from_bytes(index.to_bytes()), index)


def test_a_few_tiles_are_those_of_the_whole(index: CodestreamIndex) -> None:
    numbers = [5, TILES_PER_BLOCK - 1, TILES_PER_BLOCK, 109]
    some, whole = index.tiles(numbers), index.tiles(range(110))
    assert list(some) == numbers
    for number in numbers:
        np.testing.assert_array_equal(some[number].offsets, whole[number].offsets)


def test_another_version_is_refused(index: CodestreamIndex) -> None:
    data = index.to_bytes()
    with pytest.raises(IndexFormatError, match="version"):
        CodestreamIndex.from_bytes(data[:4] + b"\xff" + data[5:])


def test_a_cut_index_is_refused(index: CodestreamIndex) -> None:
    data = index.to_bytes()
    for length in range(0, len(data), 7):
        with pytest.raises(IndexFormatError):
            CodestreamIndex.from_bytes(data[:length])


@settings(max_examples=200, deadline=None)
@given(position=st.integers(0, 10**6), garbage=st.binary(min_size=1, max_size=6))
def test_damage_raises_nothing_else(index: CodestreamIndex, position: int, garbage: bytes) -> None:
    data = bytearray(index.to_bytes())
    position %= len(data)
    data[position : position + len(garbage)] = garbage
    try:
        damaged = CodestreamIndex.from_bytes(bytes(data))
        damaged.tiles([0, 1])
    except (IndexFormatError, CodestreamError):
        return
    assert damaged.header.size.tiles <= 65535


def test_an_index_that_inflates_without_end_is_refused(index: CodestreamIndex) -> None:
    bomb = zlib.compress(bytes(1 << 27), 9)
    first = len(index.blocks[0])
    data = index.to_bytes()
    start = data.index(index.blocks[0])
    sizes = start - 4 * len(index.blocks)
    data = (
        data[:sizes]
        + struct.pack(">I", len(bomb))
        + data[sizes + 4 : start]
        + bomb
        + data[start + first :]
    )
    with pytest.raises(CodestreamError):
        CodestreamIndex.from_bytes(data).tiles([0])


def test_size_of_real_indexes(shared: Path) -> None:
    paths = sorted(shared.glob("data/sentinel-2/S2A_MSIL2A*/GRANULE/*/IMG_DATA/R60m/*.jp2"))
    assert len(paths) == 15
    for path in paths:
        with LocalByteSource(path) as source:
            index = build_index(source)
        data = index.to_bytes()
        tiles = index.tiles(range(index.header.size.tiles))
        packets = sum(len(tile.lengths) for tile in tiles.values())
        assert len(data) < 2 * packets
        assert_same(CodestreamIndex.from_bytes(data), index)
