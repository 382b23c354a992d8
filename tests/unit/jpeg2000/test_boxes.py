"""The boxes around a codestream: any bytes lead to it, or to an error with a name."""

import struct

import pytest
from codestreams import MemorySource
from hypothesis import given
from hypothesis import strategies as st

from function.scenes.jpeg2000.boxes import FIRST_READ, SIGNATURE, find_codestream, read_origin
from function.scenes.jpeg2000.byte_source import ForwardReader
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError
from function.scenes.jpeg2000.index_building import build_index

KINDS = st.sampled_from([b"ftyp", b"jp2h", b"asoc", b"uuid", b"xml ", b"free", b"\x00\xff\n~"])


@st.composite
def boxes(draw: st.DrawFn) -> bytes:
    """A sound box of any of the forms that a length can have."""
    kind, body = draw(KINDS), draw(st.binary(max_size=200))
    if draw(st.booleans()):
        return struct.pack(">I4s", 8 + len(body), kind) + body
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


@given(before=st.lists(boxes(), max_size=12), codestream=st.binary(max_size=300), after=boxes())
def test_the_codestream_is_found_behind_any_boxes(
    before: list[bytes], codestream: bytes, after: bytes
) -> None:
    box = struct.pack(">I4s", 8 + len(codestream), b"jp2c") + codestream
    source = MemorySource(SIGNATURE + b"".join(before) + box + after)
    extent = find_codestream(ForwardReader(source))
    assert source.data[extent.start : extent.end] == codestream


@given(
    before=st.lists(boxes(), max_size=4),
    lengths=st.tuples(st.integers(0, 2**32 - 1) | st.integers(0, 40), st.integers(0, 2**64 - 1)),
    kind=KINDS | st.just(b"jp2c"),
    rest=st.binary(max_size=64),
)
def test_any_lengths_lead_into_the_file_or_to_an_error(
    before: list[bytes], lengths: tuple[int, int], kind: bytes, rest: bytes
) -> None:
    broken = struct.pack(">I4sQ", lengths[0], kind, lengths[1]) + rest
    source = MemorySource(SIGNATURE + b"".join(before) + broken)
    try:
        extent = find_codestream(ForwardReader(source))
    except CodestreamError:
        return
    assert 0 < extent.start <= extent.end <= len(source.data)


@given(data=st.binary(max_size=400), start=st.sampled_from([b"", SIGNATURE, b"\xff\x4f\xff\x51"]))
def test_garbage_is_no_index(data: bytes, start: bytes) -> None:
    source = MemorySource(start + data)
    with pytest.raises((CodestreamError, UnfitCodestreamError)):
        build_index(source)
    assert sum(length for call in source.calls for _, length in call) <= 4 * FIRST_READ


def test_the_origin_is_read_of_a_codestream_however_short() -> None:
    start = bytes.fromhex("ff4f ff51 0029 0000 00000100 00000200 00000003 00000005")
    for data in (start, SIGNATURE + (8 + len(start)).to_bytes(4, "big") + b"jp2c" + start):
        assert read_origin(ForwardReader(MemorySource(data))) == (3, 5)
        with pytest.raises(CodestreamError):
            read_origin(ForwardReader(MemorySource(data[:-1])))
    with pytest.raises(CodestreamError, match="does not start with its size"):
        read_origin(ForwardReader(MemorySource(SIGNATURE + b"\0\0\0\x20jp2c" + bytes(24))))
