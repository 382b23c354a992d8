"""Which headers are left to another decoder, and why."""

import struct

import pytest
from test_main_header import COD_BODY, SIZ_BODY, main_header, segment

from function.scenes.jpeg2000.codestream import parse_main_header
from function.scenes.jpeg2000.errors import UnfitCodestreamError
from function.scenes.jpeg2000.fitness import check_fit


def siz(
    width: int = 300,
    height: int = 200,
    tile: int = 128,
    component: bytes = b"\x07\x01\x01",
    components: int = 1,
    capabilities: int = 0,
) -> bytes:
    numbers = (width, height, 0, 0, tile, tile, 0, 0)
    return struct.pack(">H8IH", capabilities, *numbers, components) + component * components


def cod(levels: int = 2, code_block: int = 4, precinct: int = 0x88, block_style: int = 0) -> bytes:
    start = bytes([1, 0, 0, 1, 0, levels, code_block, code_block, block_style, 1])
    return start + bytes([precinct]) * (levels + 1)


def test_packets_are_counted_by_tile() -> None:
    # Tiles of 128 with precincts of 128 (0x77), 256 and 256 from the lowest resolution up.
    assert check_fit(parse_main_header(main_header(SIZ_BODY, COD_BODY))) == [3] * 6


@pytest.mark.parametrize(
    ("size", "style", "more", "reason"),
    [
        (siz(capabilities=0x8000), cod(), b"", "beyond part 1"),
        (siz(), cod(), segment(0xFF50, bytes(4)), "beyond part 1"),
        (siz(), cod(), segment(0xFF5F, bytes(7)), "another marker"),
        (siz(), cod(), segment(0xFF60, bytes(7)), "another marker"),
        (siz(), cod(block_style=0x10), b"", "predictable termination"),
        (siz(component=b"\x07\x02\x02"), cod(), b"", "subsampled"),
        (siz(component=b"\x25\x01\x01"), cod(), b"", "too many bits"),
        (siz(components=300), cod(), b"", "too many components"),
        (siz(), cod(precinct=0x08), b"", "no room for subbands"),
        (siz(60000, 60000, 60000), cod(precinct=0x55), b"", "too many packets"),
        (siz(60000, 60000, 60000), cod(code_block=0, precinct=0xFF), b"", "too many code-blocks"),
    ],
)
def test_what_does_not_fit_has_a_reason(
    size: bytes, style: bytes, more: bytes, reason: str
) -> None:
    header = parse_main_header(main_header(size, style, more))
    with pytest.raises(UnfitCodestreamError, match=reason):
        check_fit(header)
