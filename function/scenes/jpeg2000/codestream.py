"""The main header of a codestream (annex A)."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.markers import MARKER_LENGTH, Marker, segments

MOST_LEVELS = 32
MOST_TILES = 65535
MOST_BITS = 38
SIZE_FORM = ">H8IH"
COMPONENT_LENGTH = 3
# log2 of a code-block's largest side and area (A.6.1).
LARGEST_SIDE = 10
LARGEST_AREA = 12
# From this many components on, their numbers take two bytes (A.6.2).
WIDE_COMPONENT_COUNT = 257
WHOLE_PRECINCT = 15  # log2 of the precinct size that stands for no partition (table A.13)


# What a decoder needs of the main header, and what it can do without.
KEPT = {Marker.SIZ, Marker.COD, Marker.COC, Marker.QCD, Marker.QCC, Marker.RGN}
DROPPED = {Marker.TLM, Marker.PLM, Marker.CRG, Marker.COM}
# Bits of Scod and Scoc (table A.13).
PRECINCTS_BIT = 1
EPH_BIT = 4


class Progression(IntEnum):
    """The order of a tile's packets (table A.16)."""

    LRCP = 0
    RLCP = 1
    RPCL = 2
    PCRL = 3
    CPRL = 4


@dataclass(frozen=True, slots=True)
class Component:
    """One component's samples; the steps are its subsampling on the reference grid."""

    bits: int
    signed: bool
    step_x: int
    step_y: int


@dataclass(frozen=True, slots=True)
class Size:
    """The image and tile areas on the reference grid (A.5.1).

    The image reaches from (``x0``, ``y0``) up to, but not including, (``x1``, ``y1``); the first
    tile starts at (``tile_x0``, ``tile_y0``).
    """

    capabilities: int
    x1: int
    y1: int
    x0: int
    y0: int
    tile_width: int
    tile_height: int
    tile_x0: int
    tile_y0: int
    components: tuple[Component, ...]

    @property
    def tile_columns(self) -> int:
        return -(-(self.x1 - self.tile_x0) // self.tile_width)

    @property
    def tile_rows(self) -> int:
        return -(-(self.y1 - self.tile_y0) // self.tile_height)

    @property
    def tiles(self) -> int:
        return self.tile_columns * self.tile_rows


@dataclass(frozen=True, slots=True)
class CodingStyle:
    """How one component is coded (A.6.1).

    ``precincts`` holds log2 of the precinct's (width, height) for each resolution, lowest first;
    code-block sizes are log2 too. ``block_style`` are the flags of table A.19.
    """

    levels: int
    block_width: int
    block_height: int
    block_style: int
    reversible: bool
    precincts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class MainHeader:
    """What reading needs of a main header.

    ``styles`` has one entry a component. ``tile_parts`` are (tile, length) as TLM gives them,
    empty without one. ``kept`` are SIZ and the marker segments that a decoder needs, verbatim.
    ``length`` counts the header's bytes up to the first SOT marker. ``others`` are the markers
    that are neither kept nor without effect.
    """

    size: Size
    progression: Progression
    layers: int
    ends_packet_headers: bool
    styles: tuple[CodingStyle, ...]
    tile_parts: tuple[tuple[int, int], ...]
    kept: tuple[tuple[int, bytes], ...]
    length: int
    others: frozenset[int]

    @property
    def levels(self) -> int:
        """The most that the image can be reduced by: its fewest decomposition levels."""
        return min(style.levels for style in self.styles)


def parse_main_header(data: bytes) -> MainHeader:
    """Parse a codestream's start.

    Raises TruncatedError where ``data`` ends before the header does, CodestreamError where the
    header breaks the standard.
    """
    if not data.startswith(Marker.SOC.code[: len(data)]):
        raise CodestreamError("the codestream does not start with SOC")
    found = list(segments(data, MARKER_LENGTH, Marker.SOT))
    if not found or found[0][0] != Marker.SIZ:
        raise CodestreamError("the codestream does not start with its size")

    def bodies(marker: Marker) -> list[bytes]:
        return [body for kind, body, _ in found if kind == marker]

    size = _parse_size(found[0][1])
    if len(bodies(Marker.SIZ)) != 1 or len(bodies(Marker.COD)) != 1:
        raise CodestreamError("the main header does not have one size and one coding style")
    coding, order, layers, style = _parse_coding_style(bodies(Marker.COD)[0])
    components = range(len(size.components))
    own = dict(_parse_component_style(body, len(components)) for body in bodies(Marker.COC))
    return MainHeader(
        size=size,
        progression=order,
        layers=layers,
        ends_packet_headers=bool(coding & EPH_BIT),
        styles=tuple(own.get(component, style) for component in components),
        tile_parts=_number_tile_parts(
            dict(_parse_tile_part_lengths(body) for body in bodies(Marker.TLM))
        ),
        kept=tuple((kind, body) for kind, body, _ in found if kind in KEPT),
        length=found[-1][2],
        others=frozenset(kind for kind, _, _ in found if kind not in KEPT | DROPPED),
    )


def _unpack(form: str, body: bytes, position: int = 0) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, body, position)
    except struct.error as error:
        raise CodestreamError("a marker segment of the main header is too short") from error


def _parse_size(body: bytes) -> Size:
    capabilities, x1, y1, x0, y0, width, height, tile_x0, tile_y0, count = _unpack(SIZE_FORM, body)
    start = struct.calcsize(SIZE_FORM)
    if not count or len(body) != start + COMPONENT_LENGTH * count:
        raise CodestreamError("SIZ has a length that does not fit its components")
    components = []
    for position in range(start, len(body), COMPONENT_LENGTH):
        depth, step_x, step_y = body[position : position + COMPONENT_LENGTH]
        bits = (depth & 0x7F) + 1
        if bits > MOST_BITS or not step_x or not step_y:
            raise CodestreamError("SIZ describes an impossible component")
        components.append(Component(bits, bool(depth & 0x80), step_x, step_y))
    size = Size(capabilities, x1, y1, x0, y0, width, height, tile_x0, tile_y0, tuple(components))
    if not (size.x0 < size.x1 and size.y0 < size.y1 and size.tile_width and size.tile_height):
        raise CodestreamError("SIZ describes an empty image or tile")
    if not (
        size.tile_x0 <= size.x0 < size.tile_x0 + size.tile_width
        and size.tile_y0 <= size.y0 < size.tile_y0 + size.tile_height
    ):
        raise CodestreamError("SIZ places the first tile outside the image")
    if size.tiles > MOST_TILES:
        raise CodestreamError("SIZ describes too many tiles")
    return size


def _parse_coding_style(body: bytes) -> tuple[int, Progression, int, CodingStyle]:
    coding, order, layers, _ = _unpack(">BBHB", body)
    if order > max(Progression) or not layers:
        raise CodestreamError("COD names an unknown progression or no layers")
    return coding, Progression(order), layers, _parse_style(body[5:], bool(coding & PRECINCTS_BIT))


def _parse_component_style(body: bytes, components: int) -> tuple[int, CodingStyle]:
    form = ">BB" if components < WIDE_COMPONENT_COUNT else ">HB"
    component, coding = _unpack(form, body)
    if component >= components:
        raise CodestreamError("COC names a component that does not exist")
    return component, _parse_style(body[struct.calcsize(form) :], bool(coding & PRECINCTS_BIT))


def _parse_style(body: bytes, own_precincts: bool) -> CodingStyle:
    """Parse SPcod or SPcoc (tables A.15 and A.23)."""
    levels, block_width, block_height, block_style, transform = _unpack(">5B", body)
    block_width += 2
    block_height += 2
    if levels > MOST_LEVELS or transform > 1:
        raise CodestreamError("a coding style has too many levels or an unknown transform")
    if max(block_width, block_height) > LARGEST_SIDE or block_width + block_height > LARGEST_AREA:
        raise CodestreamError("a coding style has impossible code-blocks")
    if not own_precincts:
        precincts: tuple[tuple[int, int], ...] = ((WHOLE_PRECINCT, WHOLE_PRECINCT),) * (levels + 1)
    else:
        sizes = body[5 : 6 + levels]
        if len(sizes) != levels + 1:
            raise CodestreamError("a coding style lacks precinct sizes")
        precincts = tuple((size & 15, size >> 4) for size in sizes)
    return CodingStyle(levels, block_width, block_height, block_style, transform == 1, precincts)


def _parse_tile_part_lengths(body: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Parse a TLM segment into its number and its entries; tile -1 where it names none."""
    number, form = _unpack(">BB", body)
    tile_form = {0: "", 1: "B", 2: "H"}.get(form >> 4 & 3)
    if tile_form is None:
        return number, ()
    entry = struct.Struct(">" + tile_form + ("I" if form & 0x40 else "H"))
    usable = len(body) - 2 - (len(body) - 2) % entry.size
    entries = entry.iter_unpack(body[2 : 2 + usable])
    if tile_form:
        return number, tuple((tile, length) for tile, length in entries)
    return number, tuple((-1, length) for (length,) in entries)


def _number_tile_parts(
    lengths: dict[int, tuple[tuple[int, int], ...]],
) -> tuple[tuple[int, int], ...]:
    """Join the TLM segments in their order; without tile numbers there is one part a tile."""
    entries = [entry for number in sorted(lengths) for entry in lengths[number]]
    return tuple(
        (place if tile < 0 else tile, length) for place, (tile, length) in enumerate(entries)
    )
