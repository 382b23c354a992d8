"""An image of a TIFF file and its overviews: how each is cut into blocks, and where they lie."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.scenes.geotiff.directory import NUMBERS, Directory, Value, read_number
from function.scenes.geotiff.errors import DamagedTiffError, UnfitTiffError
from function.scenes.geotiff.tags import DECODING, Tag

CHUNKY, SEPARATE = 1, 2
OLD_JPEG = 6
# A side that GDAL can count, and the bytes of a block of 4096² pixels of 32 bit: a block is decoded
# whole for every window, and several are at a time.
LONGEST_SIDE = (1 << 31) - 1
LARGEST_BLOCK = 1 << 26
# Noise grows as it is compressed: by JPEG to less than twice its bytes, its tables apart, by the
# methods of CCITT for 1 bit to less than five times.
MOST_GROWTH, MOST_TABLES = 8, 4096
# Beside the offsets and lengths of its blocks: what Python needs to hold them.
OVERHEAD = 2048

Numbers = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class TiffLevel:
    """One image of a file, in tiles or strips: blocks of ``block_width`` by ``block_height``.

    ``offsets`` and ``lengths`` have the shape (planes, blocks down, blocks across); a block of
    length 0 is absent: its samples are no data; none can have more bytes than ``longest_block``.
    ``decoding`` are the tags that a decoder needs.
    """

    width: int
    height: int
    components: int
    block_width: int
    block_height: int
    tiled: bool
    offsets: Numbers
    lengths: Numbers
    longest_block: int
    order: str
    decoding: dict[int, Value]

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def size(self) -> int:
        """Count the bytes that it takes in memory."""
        values = sum(len(value.data) for value in self.decoding.values())
        return OVERHEAD + self.offsets.nbytes + self.lengths.nbytes + values


def read_levels(directories: list[Directory]) -> tuple[TiffLevel, ...]:
    """Read the image, which is the first, and its overviews.

    An overview whose samples are not of the image's kind is none, nor is one that an image could
    not be like. Raises UnfitTiffError for an image that is not read block by block,
    DamagedTiffError where its tags contradict one another.
    """
    image, *others = directories
    kind = _kind(image)
    levels = [_read_level(image)]
    for other in others:
        if _kind(other) == kind:
            with suppress(UnfitTiffError, DamagedTiffError):
                levels.append(_read_level(other))
    return tuple(levels)


def _kind(directory: Directory) -> list[bytes | None]:
    """What has to be the same of an image and its overviews."""
    kinds = (Tag.SAMPLES_PER_PIXEL, Tag.BITS_PER_SAMPLE, Tag.SAMPLE_FORMAT)
    values = [directory.values.get(tag) for tag in kinds]
    return [value.data if value else None for value in values]


def _read_level(directory: Directory) -> TiffLevel:
    width = _number(directory, Tag.IMAGE_WIDTH)
    height = _number(directory, Tag.IMAGE_LENGTH)
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise DamagedTiffError("it has no size")
    if _number(directory, Tag.COMPRESSION, 1) == OLD_JPEG:
        raise UnfitTiffError("an old form of JPEG")
    if _number(directory, Tag.IMAGE_DEPTH, 1) != 1:
        raise UnfitTiffError("a volume")
    samples = _number(directory, Tag.SAMPLES_PER_PIXEL, 1)
    planar = _number(directory, Tag.PLANAR_CONFIGURATION, CHUNKY)
    if planar not in (CHUNKY, SEPARATE) or samples == 0:
        raise UnfitTiffError("an unknown order of samples")
    tiled, across, down = _block_size(directory, width, height)
    block_bytes = _block_bytes(directory, across * down * samples)
    planes = samples if planar == SEPARATE else 1
    shape = planes, -(-height // down), -(-width // across)
    return TiffLevel(
        width=width,
        height=height,
        components=samples,
        block_width=across,
        block_height=down,
        tiled=tiled,
        offsets=_numbers(directory, Tag.TILE_OFFSETS if tiled else Tag.STRIP_OFFSETS, shape),
        lengths=_numbers(
            directory, Tag.TILE_BYTE_COUNTS if tiled else Tag.STRIP_BYTE_COUNTS, shape
        ),
        longest_block=MOST_GROWTH * block_bytes // planes + MOST_TABLES,
        order=directory.order,
        decoding={tag: value for tag, value in directory.values.items() if tag in DECODING},
    )


def _block_size(directory: Directory, width: int, height: int) -> tuple[bool, int, int]:
    """Tell whether blocks are tiles, and how wide and high they are."""
    tiled = Tag.TILE_WIDTH in directory.values
    if tiled:
        across = _number(directory, Tag.TILE_WIDTH)
        down = _number(directory, Tag.TILE_LENGTH)
    else:
        # No RowsPerStrip, or one of 2³²-1, is a single strip.
        across = width
        down = min(height, _number(directory, Tag.ROWS_PER_STRIP, height))
    if across == 0 or down == 0:
        raise DamagedTiffError("its blocks have no size")
    return tiled, across, down


def _block_bytes(directory: Directory, samples: int) -> int:
    """Count the bytes of ``samples``, those of a block of all planes.

    Raises UnfitTiffError for too many.
    """
    bits = directory.values.get(Tag.BITS_PER_SAMPLE)
    deepest = int(_array(bits, directory.order).max(initial=1)) if bits else 1
    if samples * deepest > 8 * LARGEST_BLOCK:
        raise UnfitTiffError("blocks too large")
    return -(-samples * deepest // 8)


def _number(directory: Directory, tag: Tag, default: int | None = None) -> int:
    value = directory.values.get(tag)
    if value is not None:
        return read_number(value, directory.order)
    if default is None:
        raise UnfitTiffError("a tag that is not there")
    return default


def _numbers(directory: Directory, tag: Tag, shape: tuple[int, int, int]) -> Numbers:
    value = directory.values.get(tag)
    planes, down, across = shape
    if value is None or value.count != planes * down * across:
        raise UnfitTiffError("not as many blocks as the image has")
    return _array(value, directory.order).astype(np.uint64).reshape(shape)


def _array(value: Value, order: str) -> NDArray[np.generic]:
    if value.type not in NUMBERS:
        raise UnfitTiffError("numbers of an unusual type")
    return np.frombuffer(value.data, f"{order}{NUMBERS[value.type]}")
