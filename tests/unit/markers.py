"""A minimal reader of JP2 boxes and codestream markers, independent of the package."""

import struct
from dataclasses import dataclass
from pathlib import Path

SIZ, COD, QCD, TLM, PLT, COM = 0xFF51, 0xFF52, 0xFF5C, 0xFF55, 0xFF58, 0xFF64
SOT, SOD = 0xFF90, 0xFF93
EXTENDED = 1  # a box's length that says that eight bytes hold the length


@dataclass(frozen=True, slots=True)
class TilePart:
    tile: int
    length: int
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by name in order, main header segments by marker in order, and the tile-parts."""

    boxes: tuple[tuple[str, bytes], ...]
    header: tuple[tuple[int, bytes], ...]
    tile_parts: tuple[TilePart, ...]

    def segment(self, marker: int) -> bytes:
        (found,) = [segment for kind, segment in self.header if kind == marker]
        return found

    def box(self, name: str) -> bytes:
        (found,) = [content for kind, content in self.boxes if kind == name]
        return found


def read_layout(path: Path) -> Layout:
    boxes = tuple(_boxes(path.read_bytes()))
    inner = tuple(_boxes(dict(boxes)["jp2h"]))
    codestream = dict(boxes)["jp2c"]
    header, position = [], 2
    while (marker := _word(codestream, position)) != SOT:
        length = _word(codestream, position + 2)
        header.append((marker, codestream[position + 4 : position + 2 + length]))
        position += 2 + length
    tile_parts = []
    while _word(codestream, position) == SOT:
        tile, length = struct.unpack(">HI", codestream[position + 4 : position + 10])
        tile_parts.append(TilePart(tile, length, tuple(_part_markers(codestream, position))))
        position += length
    return Layout(boxes + inner, tuple(header), tuple(tile_parts))


def _boxes(content: bytes) -> list[tuple[str, bytes]]:
    found, position = [], 0
    while position < len(content):
        length, name = struct.unpack(">I4s", content[position : position + 8])
        start = position + 8
        if length == EXTENDED:
            length = int.from_bytes(content[start : start + 8], "big")
            start += 8
        end = position + length if length else len(content)
        found.append((name.decode(), content[start:end]))
        position = end
    return found


def _part_markers(codestream: bytes, position: int) -> list[int]:
    markers, position = [], position + 12
    while (marker := _word(codestream, position)) != SOD:
        markers.append(marker)
        position += 2 + _word(codestream, position + 2)
    return markers


def _word(content: bytes, position: int) -> int:
    return int.from_bytes(content[position : position + 2], "big")
