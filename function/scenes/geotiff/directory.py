"""The directories of a TIFF file: classic (TIFF 6.0 section 2) or BigTIFF, of any byte order."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from function.scenes.geotiff.errors import DamagedTiffError, UnfitTiffError
from function.scenes.geotiff.tags import BLOCKS, WANTED, Tag
from function.scenes.jpeg2000.boxes import FIRST_READ
from function.scenes.jpeg2000.byte_source import ByteSource, ForwardReader
from function.scenes.jpeg2000.errors import TruncatedError

# An image, its overviews down to one pixel, and a mask of each.
MOST_DIRECTORIES = 64
# libtiff and GDAL know some 200 tags.
MOST_ENTRIES = 512
# The offset and the length of a block in 8 bytes each: a band of 10980² in tiles of 64, and its
# overviews, take a third of it.
MOST_BLOCK_BYTES = 1 << 23
# The longest others: a colour map of 16 bit takes 384 KB.
MOST_VALUE_BYTES = 1 << 19

# Bytes of a value by the number of its type; 16 to 18 are BigTIFF's.
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
TYPE_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}
ORDERS = {b"II": "<", b"MM": ">"}
CLASSIC, BIG = 42, 43
# Of BigTIFF; classic TIFF has 8 bytes, and no image in the 8 after them.
HEADER_SIZE = 16

REDUCED_IMAGE, MASK = 1, 4
# The value of the older SubfileType that means the same.
OLD_REDUCED_IMAGE = 2


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an entry: ``count`` items of a ``type``, as the file has them."""

    type: int
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """An image of the file: the values of its tags, as far as they are WANTED.

    ``order`` is the byte order as ``struct`` writes it.
    """

    order: str
    values: dict[int, Value]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How classic TIFF and BigTIFF write offsets and counts, in the file's byte order."""

    order: str
    count: str
    offset: str

    @property
    def offset_size(self) -> int:
        return struct.calcsize(f"={self.offset}")

    def read_count(self, data: bytes) -> int:
        (count,) = struct.unpack(f"{self.order}{self.count}", data)
        return int(count)

    def read_offset(self, data: bytes) -> int:
        (offset,) = struct.unpack(f"{self.order}{self.offset}", data)
        return int(offset)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry whose value is ``inline``, or lies at that offset of the file."""

    tag: int
    type: int
    count: int
    inline: bytes

    @property
    def size(self) -> int:
        return TYPE_SIZES[self.type] * self.count


def read_directories(source: ByteSource) -> list[Directory]:
    """Read the directories of the image and of its overviews, in the file's order; no masks.

    What lies at the start of the file is read at once; elsewhere a directory takes a read, and the
    long values of all directories take one together. Raises UnfitTiffError for what is no TIFF, or
    has more than the bounds above, DamagedTiffError and TruncatedError where it is damaged. What is
    so of an overview alone leaves it out.
    """
    reader = ForwardReader(source)
    layout, first = _read_header(reader)
    image, *others = _walk(reader, layout, first)
    found = [list(_entries(image, layout))]
    needed = _far_ranges(found[0], layout)
    for records in others:
        with suppress(UnfitTiffError, DamagedTiffError):
            entries = list(_entries(records, layout))
            with_it = needed | _far_ranges(entries, layout)
            if _is_overview(entries, layout.order) and _are_readable(with_it, reader.size):
                found.append(entries)
                needed = with_it
    ranges = sorted(needed)
    if sum(length for _, length in ranges) > MOST_BLOCK_BYTES:
        raise UnfitTiffError("too many blocks")
    far = dict(zip(ranges, source.read_ranges(ranges), strict=True))

    def value(entry: _Entry) -> Value:
        if entry.size > layout.offset_size:
            data = far[layout.read_offset(entry.inline), entry.size]
        else:
            data = entry.inline[: entry.size]
        return Value(entry.type, entry.count, data)

    return [
        Directory(layout.order, {entry.tag: value(entry) for entry in entries}) for entries in found
    ]


def _read_header(reader: ForwardReader) -> tuple[_Layout, int]:
    head = reader.read(0, min(reader.size, HEADER_SIZE), FIRST_READ)
    order = ORDERS.get(head[:2])
    if order is None or len(head) < HEADER_SIZE:
        raise UnfitTiffError("no TIFF file")
    (magic,) = struct.unpack_from(f"{order}H", head, 2)
    if magic == CLASSIC:
        layout = _Layout(order, "H", "I")
        return layout, layout.read_offset(head[4:8])
    if magic == BIG and struct.unpack_from(f"{order}HH", head, 4) == (8, 0):
        layout = _Layout(order, "Q", "Q")
        return layout, layout.read_offset(head[8:HEADER_SIZE])
    raise UnfitTiffError("no TIFF file")


def _walk(reader: ForwardReader, layout: _Layout, offset: int) -> Iterator[list[bytes]]:
    """Go from directory to directory, as far as there are sound ones; give the records of each."""
    seen: set[int] = set()
    while True:
        seen.add(offset)
        try:
            records, offset = _read_records(reader, layout, offset)
        except (UnfitTiffError, TruncatedError):
            if len(seen) == 1:
                raise
            return
        yield records
        if offset == 0 or offset in seen or len(seen) == MOST_DIRECTORIES:
            return


def _read_records(reader: ForwardReader, layout: _Layout, offset: int) -> tuple[list[bytes], int]:
    """Read a directory: its entries as they stand, and where the next one is."""
    count_size = struct.calcsize(f"={layout.count}")
    count = layout.read_count(reader.read(offset, count_size, FIRST_READ))
    if not 0 < count <= MOST_ENTRIES:
        raise UnfitTiffError("too many entries, or none")
    size = 4 + 2 * layout.offset_size
    data = reader.read(offset + count_size, count * size + layout.offset_size, FIRST_READ)
    records = [data[at : at + size] for at in range(0, count * size, size)]
    return records, layout.read_offset(data[count * size :])


def _entries(records: list[bytes], layout: _Layout) -> Iterator[_Entry]:
    seen = set()
    for record in records:
        tag, kind, count = struct.unpack_from(f"{layout.order}HH{layout.offset}", record)
        if tag not in WANTED:
            continue
        if tag in seen:
            raise DamagedTiffError(f"it has two values of tag {tag}")
        seen.add(tag)
        if kind not in TYPE_SIZES:
            raise UnfitTiffError("a value of an unknown type")
        entry = _Entry(tag, kind, count, record[-layout.offset_size :])
        if entry.size > (MOST_BLOCK_BYTES if tag in BLOCKS else MOST_VALUE_BYTES):
            raise UnfitTiffError("too many blocks" if tag in BLOCKS else "a value too long")
        yield entry


def _far_ranges(entries: list[_Entry], layout: _Layout) -> set[tuple[int, int]]:
    """Tell where the values lie that do not fit into their entries."""
    return {
        (layout.read_offset(entry.inline), entry.size)
        for entry in entries
        if entry.size > layout.offset_size
    }


def _are_readable(ranges: set[tuple[int, int]], file_size: int) -> bool:
    """Tell whether all lie in the file, and are not too much to read."""
    within = all(offset + length <= file_size for offset, length in ranges)
    return within and sum(length for _, length in ranges) <= MOST_BLOCK_BYTES


def _is_overview(entries: list[_Entry], order: str) -> bool:
    kinds = {entry.tag: entry for entry in entries}
    with suppress(UnfitTiffError):
        if (kind := kinds.get(Tag.NEW_SUBFILE_TYPE)) is not None:
            bits = read_number(Value(kind.type, kind.count, kind.inline), order)
            return bits & REDUCED_IMAGE != 0 and bits & MASK == 0
        if (kind := kinds.get(Tag.SUBFILE_TYPE)) is not None:
            old = read_number(Value(kind.type, kind.count, kind.inline), order)
            return old == OLD_REDUCED_IMAGE
    return False


NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}


def read_number(value: Value, order: str) -> int:
    """Read a value that is one number without a sign; raises UnfitTiffError for another."""
    # One of 8 bytes does not lie within the entry of a classic file.
    if value.count != 1 or value.type not in NUMBERS or len(value.data) < TYPE_SIZES[value.type]:
        raise UnfitTiffError("a number of an unusual type")
    (number,) = struct.unpack_from(f"{order}{NUMBERS[value.type]}", value.data)
    return int(number)
