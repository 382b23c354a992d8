"""Making the codestream index of a file."""

from collections.abc import Sequence

from function.scenes.jpeg2000.boxes import find_codestream
from function.scenes.jpeg2000.byte_source import ByteSource, ForwardReader
from function.scenes.jpeg2000.codestream import MainHeader
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError
from function.scenes.jpeg2000.geometry import count_code_blocks, count_packets
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.markers import Marker
from function.scenes.jpeg2000.tile_parts import TilePart, read_main_header, read_tile_parts

# Rsiz bits that announce part 2 or part 15 of the standard (table A.10).
BEYOND_PART_1 = 0xC000
# OpenJPEG computes in 32-bit integers.
MOST_BITS = 31
# ESA's masks have up to eight.
MOST_COMPONENTS = 255
# ESA's tiles have 20 to 60 packets; a single tile of a whole 10 m band has some 10 000.
MOST_PACKETS = 1 << 17
# OpenJPEG takes some 100 bytes for each code-block of a tile, whether or not it is decoded.
MOST_CODE_BLOCKS = 1 << 20


def build_index(source: ByteSource) -> CodestreamIndex:
    """Index the packets of a JP2 file or a bare codestream.

    Raises CodestreamError where the file is damaged, UnfitCodestreamError where its packets
    cannot be found one by one, SceneUnreadableError where it cannot be reached.
    """
    reader = ForwardReader(source)
    extent = find_codestream(reader)
    header = read_main_header(reader, extent)
    packets = _check_header(header)
    parts = read_tile_parts(reader, source, extent, header, max(packets))
    _check_parts(parts, packets)
    return CodestreamIndex.from_tile_parts(header, reader.size, parts)


def _check_header(header: MainHeader) -> list[int]:
    """Refuse a header that the arithmetic does not cover; count the packets of each tile."""
    size = header.size
    if size.capabilities & BEYOND_PART_1 or Marker.CAP in header.others:
        raise UnfitCodestreamError("capabilities beyond part 1 of the standard")
    if header.others:
        raise UnfitCodestreamError("another marker in the main header")
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


def _check_parts(parts: Sequence[TilePart], packets: Sequence[int]) -> None:
    """See that the tile-parts are all there and hold as many packets as their tiles have."""
    found = [0] * len(packets)
    next_part = [0] * len(packets)
    for part in parts:
        if part.tile >= len(packets) or part.part != next_part[part.tile]:
            raise CodestreamError("a tile-part is out of place")
        if part.reason is not None:
            raise UnfitCodestreamError(part.reason)
        if part.lengths is None:
            raise UnfitCodestreamError("no packet lengths")
        next_part[part.tile] += 1
        found[part.tile] += len(part.lengths)
    if not all(next_part):
        raise CodestreamError("the codestream lacks tiles")
    if found != list(packets):
        raise UnfitCodestreamError("packet lengths that do not add up")
