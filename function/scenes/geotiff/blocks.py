"""A part of a TIFF image, of whole blocks, as a small TIFF file of its own."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from function.scenes.decoder import PixelWindow
from function.scenes.geotiff.directory import BIG, HEADER_SIZE, TYPE_SIZES, Value
from function.scenes.geotiff.errors import DamagedTiffError
from function.scenes.geotiff.image import TiffLevel
from function.scenes.geotiff.tags import Tag

Range = tuple[int, int]

LONG, DOUBLE, LONG8 = 4, 12, 16
COUNT_SIZE, ENTRY_SIZE, OFFSET_SIZE = 8, 20, 8


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The blocks of ``level`` that meet a window: rows and columns of blocks, ends excluded."""

    level: TiffLevel
    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def under(cls, level: TiffLevel, window: PixelWindow) -> "Blocks":
        """Find the blocks under a ``window`` that lies on the image and is not empty."""
        return cls(
            level,
            window.row // level.block_height,
            -(-(window.row + window.height) // level.block_height),
            window.column // level.block_width,
            -(-(window.column + window.width) // level.block_width),
        )

    @property
    def area(self) -> PixelWindow:
        """The samples of the image that the blocks cover."""
        level = self.level
        column, row = self.left * level.block_width, self.top * level.block_height
        return PixelWindow(
            column,
            row,
            min(level.width, self.right * level.block_width) - column,
            min(level.height, self.bottom * level.block_height) - row,
        )

    def ranges(self, file_size: int) -> list[Range]:
        """Tell where the blocks that are not absent lie, plane by plane, row by row.

        Raises DamagedTiffError for a block that lies beyond the file's end, or is longer than one
        can be.
        """
        cut = np.s_[:, self.top : self.bottom, self.left : self.right]
        offsets = self.level.offsets[cut].ravel().tolist()
        lengths = self.level.lengths[cut].ravel().tolist()
        ranges = [(at, length) for at, length in zip(offsets, lengths, strict=True) if length]
        if any(at == 0 or at + length > file_size for at, length in ranges):
            raise DamagedTiffError("it has a block beyond its end")
        if any(length > self.level.longest_block for _, length in ranges):
            raise DamagedTiffError("it has a block that is too long")
        return ranges

    def to_tiff(self, data: Sequence[bytes]) -> bytes:
        """Make a file of the blocks, of which ``data`` is that of each of ``ranges``, in order.

        It is BigTIFF, for which every type of value is fit, in the byte order of the samples.
        """
        entries = self._entries()
        after = HEADER_SIZE + COUNT_SIZE + len(entries) * ENTRY_SIZE + OFFSET_SIZE
        offsets, lengths = self._place(data, after + sum(map(_far_size, entries.values())))
        tiled, order = self.level.tiled, self.level.order
        entries[Tag.TILE_OFFSETS if tiled else Tag.STRIP_OFFSETS] = _long8(offsets, order)
        entries[Tag.TILE_BYTE_COUNTS if tiled else Tag.STRIP_BYTE_COUNTS] = _long8(lengths, order)
        magic = (b"II" if order == "<" else b"MM") + struct.pack(
            f"{order}HHHQQ", BIG, OFFSET_SIZE, 0, HEADER_SIZE, len(entries)
        )
        directory, far = [], []
        for tag, value in sorted(entries.items()):
            directory.append(struct.pack(f"{order}HHQ", tag, value.type, value.count))
            if _far_size(value):
                directory.append(struct.pack(f"{order}Q", after))
                far.append(value.data)
                after += len(value.data)
            else:
                directory.append(value.data.ljust(OFFSET_SIZE, b"\0"))
        return b"".join((magic, *directory, bytes(OFFSET_SIZE), *far, *data))

    def _entries(self) -> dict[int, Value]:
        """Make the entries of the file; those of its blocks say nothing yet."""
        level, order, area = self.level, self.level.order, self.area
        entries = dict(level.decoding)
        entries[Tag.IMAGE_WIDTH] = _long(area.width, order)
        entries[Tag.IMAGE_LENGTH] = _long(area.height, order)
        # A georeference, of which nothing is read: rasterio warns where there is none.
        entries[Tag.MODEL_PIXEL_SCALE] = _doubles((1.0, 1.0, 0.0), order)
        entries[Tag.MODEL_TIEPOINT] = _doubles((0.0,) * 6, order)
        planes = level.offsets.shape[0]
        nothing = (0,) * (planes * (self.bottom - self.top) * (self.right - self.left))
        if level.tiled:
            entries[Tag.TILE_WIDTH] = _long(level.block_width, order)
            entries[Tag.TILE_LENGTH] = _long(level.block_height, order)
            entries[Tag.TILE_OFFSETS] = entries[Tag.TILE_BYTE_COUNTS] = _long8(nothing, order)
        else:
            entries[Tag.ROWS_PER_STRIP] = _long(level.block_height, order)
            entries[Tag.STRIP_OFFSETS] = entries[Tag.STRIP_BYTE_COUNTS] = _long8(nothing, order)
        return entries

    def _place(self, data: Sequence[bytes], start: int) -> tuple[list[int], list[int]]:
        """Lay the blocks one after another from ``start``; tell where, and how long each is."""
        cut = np.s_[:, self.top : self.bottom, self.left : self.right]
        blocks = iter(data)
        offsets, lengths = [], []
        for present in self.level.lengths[cut].ravel() > 0:
            length = len(next(blocks)) if present else 0
            offsets.append(start if present else 0)
            lengths.append(length)
            start += length
        return offsets, lengths


def _far_size(value: Value) -> int:
    """Count the bytes that a value takes outside of its entry."""
    size = TYPE_SIZES[value.type] * value.count
    return size if size > OFFSET_SIZE else 0


def _long(number: int, order: str) -> Value:
    return Value(LONG, 1, struct.pack(f"{order}I", number))


def _long8(numbers: Sequence[int], order: str) -> Value:
    return Value(LONG8, len(numbers), struct.pack(f"{order}{len(numbers)}Q", *numbers))


def _doubles(numbers: Sequence[float], order: str) -> Value:
    return Value(DOUBLE, len(numbers), struct.pack(f"{order}{len(numbers)}d", *numbers))
