"""Marker segments without their highest resolutions."""

import struct

import pytest
from test_main_header import SIZ_BODY, main_header, segment

from function.scenes.jpeg2000.codestream import MainHeader, parse_main_header
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.markers import Marker
from function.scenes.jpeg2000.reduced_header import reduce_segment

COD = bytes([1, 2, 0, 3, 1, 3, 4, 4, 0, 1, 0x65, 0x76, 0x87, 0x88])


def header(components: int = 1, more: bytes = b"") -> MainHeader:
    size = SIZ_BODY[:34] + struct.pack(">H", components) + b"\x07\x01\x01" * components
    return parse_main_header(main_header(size, COD, more))


def test_levels_and_precincts_go() -> None:
    # SOP markers are announced and the progression becomes LRCP.
    expected = bytes([3, 0, 0, 3, 1, 1, 4, 4, 0, 1, 0x65, 0x76])
    assert reduce_segment(header(), Marker.COD, COD, 2) == expected


def test_without_precincts_only_the_levels_change() -> None:
    body = b"\x00" + COD[1:10]
    expected = bytes([2, 0, 0, 3, 1, 0, 4, 4, 0, 1])
    assert reduce_segment(header(), Marker.COD, body, 3) == expected


@pytest.mark.parametrize(("components", "number"), [(2, b"\x01"), (300, b"\x01\x2b")])
def test_a_components_own_style_and_steps(components: int, number: bytes) -> None:
    main = header(components)
    coc = number + bytes([1, 2, 4, 4, 0, 1, 0x65, 0x76, 0x87])
    expected = number + bytes([1, 1, 4, 4, 0, 1, 0x65, 0x76])
    assert reduce_segment(main, Marker.COC, coc, 1) == expected
    qcc = number + b"\x20" + bytes(range(7))
    assert reduce_segment(main, Marker.QCC, qcc, 1) == number + b"\x20" + bytes(range(4))


@pytest.mark.parametrize(
    ("body", "reduction", "expected"),
    [
        (b"\x40" + bytes(range(10)), 1, b"\x40" + bytes(range(7))),
        (b"\x40" + bytes(range(10)), 3, b"\x40\x00"),
        (b"\x42" + bytes(range(20)), 2, b"\x42" + bytes(range(8))),
        (b"\x41\x12\x34", 3, b"\x41\x12\x34"),
    ],
)
def test_step_sizes_go(body: bytes, reduction: int, expected: bytes) -> None:
    assert reduce_segment(header(), Marker.QCD, body, reduction) == expected


def test_others_stay() -> None:
    assert reduce_segment(header(), Marker.RGN, b"\x00\x00\x05", 2) == b"\x00\x00\x05"


@pytest.mark.parametrize("body", [b"", b"\x40" + bytes(6), b"\x42" + bytes(13)])
def test_too_few_step_sizes_are_named(body: bytes) -> None:
    with pytest.raises(CodestreamError):
        reduce_segment(header(), Marker.QCD, body, 2)


def test_segments_of_the_header_are_found() -> None:
    main = header(more=segment(0xFF5C, b"\x40" + bytes(10)))
    assert [marker for marker, _ in main.kept] == [Marker.SIZ, Marker.COD, Marker.QCD]
