"""Which codestreams can be read packet by packet."""

from function.scenes.jpeg2000.codestream import MainHeader
from function.scenes.jpeg2000.errors import UnfitCodestreamError
from function.scenes.jpeg2000.markers import Marker
from function.scenes.jpeg2000.packet_order import count_code_blocks, count_packets

# Rsiz bits that announce part 2 or part 15 of the standard (table A.10).
BEYOND_PART_1 = 0xC000
# A flag of the code-block style (table A.19). OpenJPEG warns of damage in sound files that have it,
# and its warnings are what damage is known by.
PREDICTABLE_TERMINATION = 0x10
# OpenJPEG computes in 32-bit integers.
MOST_BITS = 31
# ESA's masks have up to eight.
MOST_COMPONENTS = 255
# ESA's tiles have 20 to 60 packets; a single tile of a whole 10 m band has some 10 000.
MOST_PACKETS = 1 << 17
# OpenJPEG takes some 100 bytes for each code-block of a tile, whether or not it is decoded.
MOST_CODE_BLOCKS = 1 << 20


def check_fit(header: MainHeader) -> list[int]:
    """Count the packets of each tile of an image that can be read packet by packet.

    Raises UnfitCodestreamError where the arithmetic does not cover the image, or where decoding
    any part of a tile would take too much memory.
    """
    size = header.size
    if size.capabilities & BEYOND_PART_1 or Marker.CAP in header.others:
        raise UnfitCodestreamError("capabilities beyond part 1 of the standard")
    if header.others:
        raise UnfitCodestreamError("another marker in the main header")
    if any(0 in precinct for style in header.styles for precinct in style.precincts[1:]):
        raise UnfitCodestreamError("precincts that leave no room for subbands")
    if any(style.block_style & PREDICTABLE_TERMINATION for style in header.styles):
        raise UnfitCodestreamError("code-blocks of predictable termination")
    if any(component.step_x != 1 or component.step_y != 1 for component in size.components):
        raise UnfitCodestreamError("subsampled components")
    if any(component.bits > MOST_BITS for component in size.components):
        raise UnfitCodestreamError("samples of too many bits")
    if len(size.components) > MOST_COMPONENTS:
        raise UnfitCodestreamError("too many components")
    counts: list[int] = count_packets(header).tolist()
    if max(counts) > MOST_PACKETS:
        raise UnfitCodestreamError("too many packets in a tile")
    if count_code_blocks(header) > MOST_CODE_BLOCKS:
        raise UnfitCodestreamError("too many code-blocks in a tile")
    return counts
