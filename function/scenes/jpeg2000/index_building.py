"""Making the codestream index of a file."""

from collections.abc import Sequence

from function.scenes.jpeg2000.boxes import find_codestream
from function.scenes.jpeg2000.byte_source import ByteSource, ForwardReader
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError
from function.scenes.jpeg2000.fitness import check_fit
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.tile_parts import TilePart, read_main_header, read_tile_parts


def build_index(source: ByteSource) -> CodestreamIndex:
    """Index the packets of a JP2 file or a bare codestream.

    Raises CodestreamError where the file is damaged, UnfitCodestreamError where its packets
    cannot be found one by one, SceneUnreadableError where it cannot be reached.
    """
    reader = ForwardReader(source)
    extent = find_codestream(reader)
    header = read_main_header(reader, extent)
    packets = check_fit(header)
    parts = read_tile_parts(reader, source, extent, header, max(packets))
    _check_parts(parts, packets)
    return CodestreamIndex.from_tile_parts(header, reader.size, parts)


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
