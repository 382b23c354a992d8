"""Main headers, read from real files and from bytes put together by hand."""

import struct
from pathlib import Path

import pytest
from codestreams import MemorySource
from hypothesis import given, settings
from hypothesis import strategies as st

from function.scenes.jpeg2000.boxes import Extent, find_codestream
from function.scenes.jpeg2000.byte_source import ForwardReader, LocalByteSource
from function.scenes.jpeg2000.codestream import (
    CodingStyle,
    Component,
    Progression,
    Size,
    parse_main_header,
)
from function.scenes.jpeg2000.errors import (
    CodestreamError,
    TruncatedError,
    UnfitCodestreamError,
)
from function.scenes.jpeg2000.tile_parts import read_main_header

SIZ_BODY = struct.pack(">H8IH", 0, 300, 200, 0, 0, 128, 128, 0, 0, 1) + b"\x0e\x01\x01"
COD_BODY = bytes([1, 0, 0, 1, 0, 2, 4, 4, 0, 1, 0x77, 0x88, 0x88])
SOT = b"\xff\x90\x00\x0a"


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">HH", marker, len(body) + 2) + body


def main_header(siz: bytes = SIZ_BODY, cod: bytes = COD_BODY, more: bytes = b"") -> bytes:
    return b"\xff\x4f" + segment(0xFF51, siz) + segment(0xFF52, cod) + more + SOT


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


SIGNATURE = box(b"jP  ", b"\r\n\x87\n")


def test_header_of_an_esa_band(shared: Path) -> None:
    (path,) = shared.glob("data/sentinel-2/S2A_MSIL2A*/GRANULE/*/IMG_DATA/R10m/*_AOT_10m.jp2")
    with LocalByteSource(path) as source:
        reader = ForwardReader(source)
        extent = find_codestream(reader)
        header = read_main_header(reader, extent)
    assert extent == Extent(2373, 401992)
    assert header.length == 193
    assert header.size == Size(
        0, 10980, 10980, 0, 0, 1024, 1024, 0, 0, (Component(15, False, 1, 1),)
    )
    assert header.size.tiles == 121
    assert header.styles == (CodingStyle(4, 6, 6, 0, True, ((8, 8),) * 5),)
    assert (header.progression, header.layers, header.levels) == (Progression.LRCP, 1, 4)
    assert not header.tile_parts
    assert not header.others


def test_component_style_overrides_the_default() -> None:
    siz = struct.pack(">H8IH", 0, 300, 200, 0, 0, 128, 128, 0, 0, 2) + b"\x87\x01\x01" * 2
    coc = segment(0xFF53, bytes([1, 0, 1, 2, 3, 0, 0]))
    header = parse_main_header(main_header(siz, more=coc))
    assert header.styles[0] == CodingStyle(2, 6, 6, 0, True, ((7, 7), (8, 8), (8, 8)))
    assert header.styles[1] == CodingStyle(1, 4, 5, 0, False, ((15, 15),) * 2)
    assert header.size.components == (Component(8, True, 1, 1),) * 2
    assert header.levels == 1


@pytest.mark.parametrize(
    ("siz", "cod"),
    [
        (SIZ_BODY[:-1], COD_BODY),
        (SIZ_BODY[:34] + b"\x00\x00", COD_BODY),
        (struct.pack(">H8IH", 0, 0, 200, 0, 0, 9, 9, 0, 0, 1) + b"\x07\x01\x01", COD_BODY),
        (struct.pack(">H8IH", 0, 300, 200, 0, 0, 0, 9, 0, 0, 1) + b"\x07\x01\x01", COD_BODY),
        (struct.pack(">H8IH", 0, 300, 200, 9, 9, 5, 5, 0, 0, 1) + b"\x07\x01\x01", COD_BODY),
        (struct.pack(">H8IH", 0, 3000, 3000, 0, 0, 1, 1, 0, 0, 1) + b"\x07\x01\x01", COD_BODY),
        (struct.pack(">H8IH", 0, 300, 200, 0, 0, 99, 99, 0, 0, 1) + b"\x07\x00\x01", COD_BODY),
        (struct.pack(">H8IH", 0, 300, 200, 0, 0, 99, 99, 0, 0, 1) + b"\x7f\x01\x01", COD_BODY),
        (SIZ_BODY, COD_BODY[:4]),
        (SIZ_BODY, COD_BODY[:-1]),
        (SIZ_BODY, b"\x01\x05" + COD_BODY[2:]),
        (SIZ_BODY, b"\x01\x00\x00\x00" + COD_BODY[4:]),
        (SIZ_BODY, COD_BODY[:5] + b"\x21" + COD_BODY[6:]),
        (SIZ_BODY, COD_BODY[:6] + b"\x09" + COD_BODY[7:]),
        (SIZ_BODY, COD_BODY[:9] + b"\x02" + COD_BODY[10:]),
    ],
)
def test_impossible_values_are_refused(siz: bytes, cod: bytes) -> None:
    with pytest.raises(CodestreamError):
        parse_main_header(main_header(siz, cod))


def test_two_sizes_are_refused() -> None:
    with pytest.raises(CodestreamError, match="one size"):
        parse_main_header(main_header(more=segment(0xFF51, SIZ_BODY)))


def test_a_header_cut_anywhere_asks_for_more() -> None:
    whole = main_header()
    assert parse_main_header(whole).length == len(whole) - 4
    for length in range(len(whole) - 2):
        with pytest.raises(TruncatedError):
            parse_main_header(whole[:length])


def test_a_header_longer_than_the_first_read_is_read_on() -> None:
    comments = segment(0xFF64, bytes(60000)) * 3
    data = main_header(more=comments)
    header = read_main_header(ForwardReader(MemorySource(data)), Extent(0, len(data)))
    assert header.length == len(data) - 4


def test_a_header_without_end_is_not_read_for_ever() -> None:
    source = MemorySource(main_header(more=segment(0xFF64, bytes(65000)) * 100))
    with pytest.raises(TruncatedError):
        read_main_header(ForwardReader(source), Extent(0, len(source.data)))
    assert sum(length for call in source.calls for _, length in call) < 4_000_000


@settings(max_examples=300, deadline=None)
@given(
    position=st.integers(0, len(main_header()) - 1),
    garbage=st.binary(min_size=1, max_size=8),
)
def test_damage_raises_nothing_else(position: int, garbage: bytes) -> None:
    data = bytearray(main_header())
    data[position : position + len(garbage)] = garbage
    try:
        header = parse_main_header(bytes(data))
    except CodestreamError:
        return
    assert 0 < header.size.tiles <= 65535


def test_codestream_is_found_behind_other_boxes() -> None:
    data = SIGNATURE + box(b"ftyp", b"jp2 ") + box(b"jp2c", b"codestream") + box(b"xml ", b"-")
    extent = find_codestream(ForwardReader(MemorySource(data)))
    assert data[extent.start : extent.end] == b"codestream"


def test_a_box_may_have_a_long_length_or_reach_to_the_end() -> None:
    long = struct.pack(">I4sQ", 1, b"ftyp", 20) + b"long"
    last = struct.pack(">I4s", 0, b"jp2c") + b"codestream"
    data = SIGNATURE + long + last
    extent = find_codestream(ForwardReader(MemorySource(data)))
    assert data[extent.start : extent.end] == b"codestream"


@pytest.mark.parametrize(
    "data",
    [
        SIGNATURE,
        SIGNATURE + b"\x00\x00",
        SIGNATURE + struct.pack(">I4s", 4, b"ftyp"),
        SIGNATURE + struct.pack(">I4s", 99, b"ftyp"),
        SIGNATURE + struct.pack(">I4sI", 1, b"ftyp", 0),
        SIGNATURE + struct.pack(">I4sQ", 1, b"ftyp", 2**63),
        SIGNATURE + box(b"free", b"") * 300,
    ],
)
def test_broken_boxes_are_named(data: bytes) -> None:
    with pytest.raises(CodestreamError):
        find_codestream(ForwardReader(MemorySource(data)))


@pytest.mark.parametrize("data", [b"", b"II*\x00" + bytes(100), b"\xff\xd8\xff\xe0"])
def test_another_format_is_left_to_another_decoder(data: bytes) -> None:
    with pytest.raises(UnfitCodestreamError):
        find_codestream(ForwardReader(MemorySource(data)))
