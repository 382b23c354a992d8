"""A main header without its highest resolutions."""

from function.scenes.jpeg2000.codestream import MainHeader, Progression
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.markers import Marker

SOP_BIT = 2
PRECINCTS_BIT = 1
# Where the number of levels lies in COD (after Scod and SGcod) and, after the component, in COC.
COD_LEVELS = 5
COC_LEVELS = 1
# SPcod holds five bytes before the precinct sizes (table A.15).
STYLE_LENGTH = 5
# Sqcd: how step sizes are given, and the bytes that each takes (table A.28).
QUANTISATION_BITS = 0x1F
STEP_LENGTHS = {0: 1, 2: 2}
BANDS_OF_A_LEVEL = 3
WIDE_COMPONENT_COUNT = 257


def reduce_segment(header: MainHeader, marker: int, body: bytes, reduction: int) -> bytes:
    """Take the highest ``reduction`` resolutions out of a marker segment's body.

    COD also announces SOP markers and the progression LRCP. SIZ is the caller's. Raises
    CodestreamError where the segment is too short for its own numbers.
    """
    component = 1 if len(header.size.components) < WIDE_COMPONENT_COUNT else 2
    if marker == Marker.COD:
        coding = body[0] | SOP_BIT
        start = bytes([coding, Progression.LRCP]) + body[2:COD_LEVELS]
        return start + _reduce_style(body[COD_LEVELS:], body[0], reduction)
    if marker == Marker.COC:
        start = body[: component + COC_LEVELS]
        return start + _reduce_style(body[len(start) :], body[component], reduction)
    if marker == Marker.QCD:
        return _reduce_steps(body, reduction)
    if marker == Marker.QCC:
        return body[:component] + _reduce_steps(body[component:], reduction)
    return body


def _reduce_style(style: bytes, coding: int, reduction: int) -> bytes:
    """Take levels out of SPcod or SPcoc: their number, and the precincts of the highest."""
    levels = style[0] - reduction
    if levels < 0:
        raise CodestreamError("the image has fewer levels than it is to be reduced by")
    precincts = style[STYLE_LENGTH : STYLE_LENGTH + levels + 1] if coding & PRECINCTS_BIT else b""
    return bytes([levels]) + style[1:STYLE_LENGTH] + precincts


def _reduce_steps(steps: bytes, reduction: int) -> bytes:
    """Take the step sizes of the highest subbands out of Sqcd and SPqcd (A.6.4)."""
    if not steps:
        raise CodestreamError("a quantisation segment is empty")
    length = STEP_LENGTHS.get(steps[0] & QUANTISATION_BITS)
    if length is None:
        # Derived from that of the lowest subband, or a style that the decoder is to refuse.
        return steps
    kept = len(steps) - length * BANDS_OF_A_LEVEL * reduction
    if kept < 1 + length:
        raise CodestreamError("a quantisation segment has too few step sizes")
    return steps[:kept]
