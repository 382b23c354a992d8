"""Damaged GeoTIFFs: an error with a name, or another decoder's; never a crash, never a giant."""

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tiff_files import BytesSource, asset_of, open_tiff, read_blocks, read_whole, write_tiff

from function.errors import SceneUnreadableError
from function.scenes.decoder import PixelWindow, Wanted
from function.scenes.geotiff.directory import MOST_DIRECTORIES
from function.scenes.geotiff.errors import DamagedTiffError, UnfitTiffError
from function.scenes.geotiff.tags import WANTED, Tag
from function.scenes.geotiff.window import BlockWindow
from function.scenes.jpeg2000.errors import TruncatedError

HERE = Path(__file__).parent
ENTRY = struct.Struct("<HHII")
SHORT, LONG, LONG8 = 3, 4, 16
WHOLE = PixelWindow(0, 0, 100, 90)

TILED = {"TILED": "YES", "BLOCKXSIZE": "32", "BLOCKYSIZE": "32"}
OPTIONS = {
    "tiles": TILED | {"COMPRESS": "DEFLATE", "PREDICTOR": "2"},
    "strips": {"COMPRESS": "LZW", "BLOCKYSIZE": "8", "ENDIANNESS": "BIG"},
    "big": TILED | {"BIGTIFF": "YES", "COMPRESS": "JPEG", "INTERLEAVE": "BAND"},
    "plain": {"BIGTIFF": "YES", "ENDIANNESS": "BIG"},
}


def write(directory: Path, name: str) -> Path:
    path = directory / "image.tif"
    samples = np.random.default_rng(4).integers(1, 200, (3, 90, 100)).astype(np.uint8)
    write_tiff(path, samples, OPTIONS[name], (2,))
    return path


@pytest.mark.parametrize("name", OPTIONS)
def test_damage_never_crashes(tmp_path: Path, repository: Path, name: str) -> None:
    rounds = 600
    done = subprocess.run(
        [sys.executable, str(HERE / "damaged_tiffs.py"), str(write(tmp_path, name)), str(rounds)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"PYTHONPATH": str(repository), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    decoded, named, unfit = map(int, done.stdout.split())
    assert decoded > rounds / 10
    assert named > rounds / 10
    assert unfit > rounds / 50


def edited(
    data: bytes,
    tag: int,
    change: Callable[[int, int, int], tuple[int, int, int]],
    directory: int = 0,
    tag_becomes: int | None = None,
) -> bytes:
    """Change an entry of a directory, by default the first, of a little-endian classic TIFF.

    ``change`` is given its type, count and value (or the offset of it), and gives others.
    """
    changed = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for _ in range(directory):
        (start,) = struct.unpack_from("<I", data, start + 2 + count * ENTRY.size)
        (count,) = struct.unpack_from("<H", data, start)
    for place in range(start + 2, start + 2 + count * ENTRY.size, ENTRY.size):
        found, *entry = ENTRY.unpack_from(data, place)
        if found == tag:
            ENTRY.pack_into(changed, place, tag_becomes or found, *change(*entry))
            return bytes(changed)
    raise AssertionError(f"no tag {tag}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path, "tiles")


@pytest.mark.parametrize(
    ("tag", "entry", "reason"),
    [
        (Tag.TILE_OFFSETS, (LONG, 11, 8), "not as many blocks"),
        (Tag.TILE_OFFSETS, (LONG, 1 << 30, 8), "too many blocks"),
        (Tag.TILE_OFFSETS, (99, 12, 8), "unknown type"),
        (Tag.TILE_OFFSETS, (12, 12, 8), "numbers of an unusual type"),
        (Tag.BITS_PER_SAMPLE, (SHORT, 1 << 24, 8), "a value too long"),
        (Tag.COMPRESSION, (SHORT, 1, 6), "an old form of JPEG"),
        (Tag.IMAGE_WIDTH, (LONG, 1, (1 << 31) - 1), "not as many blocks"),
        (Tag.IMAGE_WIDTH, (12, 1, 8), "a number of an unusual type"),
        (Tag.IMAGE_WIDTH, (SHORT, 2, 100), "a number of an unusual type"),
        (Tag.IMAGE_WIDTH, (SHORT, 0, 100), "a number of an unusual type"),
        (Tag.TILE_WIDTH, (LONG, 1, 1 << 30), "blocks too large"),
        (Tag.SAMPLES_PER_PIXEL, (LONG, 1, 1 << 30), "blocks too large"),
        (Tag.SAMPLES_PER_PIXEL, (SHORT, 1, 0), "order of samples"),
        (Tag.PLANAR_CONFIGURATION, (SHORT, 1, 3), "order of samples"),
    ],
)
def test_what_is_not_read_block_by_block_is_left_to_others(
    path: Path, tag: Tag, entry: tuple[int, int, int], reason: str
) -> None:
    with pytest.raises(UnfitTiffError, match=reason):
        open_tiff(BytesSource(edited(path.read_bytes(), tag, lambda *_: entry)))


@pytest.mark.parametrize(
    ("length", "reason"), [(21_840, "not as many blocks"), (21_856, "blocks too large")]
)
def test_blocks_are_read_one_by_one_up_to_64_mb(path: Path, length: int, reason: str) -> None:
    data = edited(path.read_bytes(), Tag.TILE_WIDTH, lambda *_: (LONG, 1, 1024))
    # That of a file which has one such block instead of twelve would be read.
    changed = edited(data, Tag.TILE_LENGTH, lambda *_: (LONG, 1, length))
    with pytest.raises(UnfitTiffError, match=reason):
        open_tiff(BytesSource(changed))


@pytest.mark.parametrize(
    ("tag", "entry"),
    [
        (Tag.IMAGE_WIDTH, (LONG, 1, 0)),
        (Tag.IMAGE_LENGTH, (LONG, 1, 1 << 31)),
        (Tag.TILE_LENGTH, (SHORT, 1, 0)),
    ],
)
def test_what_cannot_be_is_damage(path: Path, tag: Tag, entry: tuple[int, int, int]) -> None:
    with pytest.raises(DamagedTiffError):
        open_tiff(BytesSource(edited(path.read_bytes(), tag, lambda *_: entry)))


@pytest.mark.parametrize(
    ("tag", "entry"),
    [
        # Neither fits into the entry of a classic file.
        (Tag.NEW_SUBFILE_TYPE, (LONG8, 1, 1)),
        (Tag.NEW_SUBFILE_TYPE, (SHORT, 0, 1)),
        (Tag.IMAGE_WIDTH, (LONG, 1, 0)),
        (Tag.TILE_WIDTH, (SHORT, 1, 16)),
        (Tag.COMPRESSION, (SHORT, 1, 6)),
        (Tag.BITS_PER_SAMPLE, (12, 1, 8)),
        (Tag.IMAGE_WIDTH, (99, 1, 50)),
        (Tag.TILE_OFFSETS, (LONG, 1 << 30, 8)),
        (Tag.TILE_OFFSETS, (LONG, 1 << 21, 8)),
        (Tag.TILE_OFFSETS, (LONG, 4, 1 << 30)),
        (Tag.BITS_PER_SAMPLE, (SHORT, 3, 1 << 30)),
    ],
)
def test_an_overview_that_is_of_no_use_is_left_out(
    path: Path, tag: Tag, entry: tuple[int, int, int]
) -> None:
    data = path.read_bytes()
    assert len(open_tiff(BytesSource(data)).levels) == 2
    changed = edited(data, tag, lambda *_: entry, directory=1)
    assert len(open_tiff(BytesSource(changed)).levels) == 1
    window = PixelWindow(3, 4, 40, 30)
    expected = averaged_by_two(path, window)
    np.testing.assert_array_equal(read_blocks(changed, asset_of(path), window, 1), expected)


@pytest.mark.parametrize("next_directory", [1 << 30, 2])
def test_directories_end_where_there_is_none(path: Path, next_directory: int) -> None:
    data = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    # At 2 there are 42 entries, of no image.
    struct.pack_into("<I", data, start + 2 + count * ENTRY.size, next_directory)
    assert len(open_tiff(BytesSource(bytes(data))).levels) == 1


def test_an_overview_of_two_values_for_a_tag_is_left_out(path: Path) -> None:
    data = path.read_bytes()
    changed = edited(data, Tag.COMPRESSION, lambda *entry: entry, directory=1, tag_becomes=258)
    assert changed != data
    assert len(open_tiff(BytesSource(changed)).levels) == 1
    with pytest.raises(DamagedTiffError, match="two values of tag 258"):
        open_tiff(BytesSource(edited(data, Tag.COMPRESSION, lambda *e: e, tag_becomes=258)))


def averaged_by_two(path: Path, window: PixelWindow) -> NDArray[np.generic]:
    """Average 2 x 2 pixels of the image, halves rounded up."""
    whole = read_whole(path).astype(int)
    sums = whole[:, ::2, ::2] + whole[:, 1::2, ::2] + whole[:, ::2, 1::2] + whole[:, 1::2, 1::2]
    averaged: NDArray[np.generic] = ((sums + 2) // 4).astype(np.uint8)
    return averaged[(slice(None), *window.slices)]


FILES = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(WANTED)), st.integers(0, 20), st.integers(0, 4),
            st.one_of(st.integers(0, 40), st.integers(0, (1 << 32) - 1)),
        ), max_size=12,
    ), min_size=1, max_size=3,
)  # fmt: skip


@given(FILES, st.sampled_from("<>"), st.booleans())
def test_directories_of_any_content_are_read_or_refused(
    directories: list[list[tuple[int, int, int, int]]], order: str, big: bool
) -> None:
    count, entry, offset = ("Q", "HHQQ", "Q") if big else ("H", "HHII", "I")
    mark = b"II" if order == "<" else b"MM"
    data = mark + struct.pack(
        f"{order}HHHQ" if big else f"{order}HI", *((43, 8, 0, 16) if big else (42, 8))
    )
    for number, entries in enumerate(directories, 1):
        body = struct.pack(f"{order}{count}", len(entries))
        body += b"".join(struct.pack(f"{order}{entry}", *each) for each in entries)
        after = len(data) + len(body) + struct.calcsize(f"={offset}")
        data += body + struct.pack(f"{order}{offset}", after if number < len(directories) else 0)
    with suppress(UnfitTiffError, DamagedTiffError, TruncatedError):
        assert open_tiff(BytesSource(data.ljust(300, b"\1"))).levels


@pytest.mark.parametrize("data", [b"", b"II", b"II*\0", b"\0" * 64, b"II+\0\4\0\0\0" + bytes(20)])
def test_what_is_no_tiff_is_left_to_others(data: bytes) -> None:
    with pytest.raises(UnfitTiffError, match="no TIFF"):
        open_tiff(BytesSource(data))


@pytest.mark.parametrize("back_to", [0, 1])
def test_directories_in_a_ring_end(path: Path, back_to: int) -> None:
    data = bytearray(path.read_bytes())
    starts, start = [], struct.unpack_from("<I", data, 4)[0]
    while start:
        starts.append(start)
        (count,) = struct.unpack_from("<H", data, start)
        end = start + 2 + count * ENTRY.size
        (start,) = struct.unpack_from("<I", data, end)
    struct.pack_into("<I", data, end, starts[back_to])
    source = BytesSource(bytes(data))
    assert len(open_tiff(source).levels) == len(starts) == 2
    plain = BytesSource(path.read_bytes())
    open_tiff(plain)
    assert source.read == plain.read


def test_of_many_directories_the_first_count(path: Path) -> None:
    data = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    end = start + 2 + count * ENTRY.size
    (overview,) = struct.unpack_from("<I", data, end)
    (entries,) = struct.unpack_from("<H", data, overview)
    length = 2 + entries * ENTRY.size
    copied = bytes(data[overview : overview + length])
    struct.pack_into("<I", data, end, len(data))
    for _ in range(2 * MOST_DIRECTORIES):
        data += copied + struct.pack("<I", len(data) + length + 4)
    assert len(open_tiff(BytesSource(bytes(data))).levels) == MOST_DIRECTORIES


def test_a_file_that_ends_early_is_told_by_its_directories(path: Path) -> None:
    data = path.read_bytes()
    with pytest.raises(TruncatedError):
        open_tiff(BytesSource(data[:60]))
    file = open_tiff(BytesSource(data))
    last = max(int((level.offsets + level.lengths).max()) for level in file.levels)
    short = BytesSource(data[: last - 1])
    # The blocks of the overview are the last.
    wanted = Wanted(asset_of(path), PixelWindow(0, 0, 50, 45), 1)
    with pytest.raises(SceneUnreadableError, match=r"image\.tif cannot be decoded.*beyond its end"):
        BlockWindow.plan(wanted, open_tiff(short))
    read_blocks(data[: last - 1], asset_of(path), WHOLE, 0)


def test_a_tile_that_breaks_off_is_an_error(path: Path) -> None:
    changed = bytearray(path.read_bytes())

    def halve(kind: int, count: int, value: int) -> tuple[int, int, int]:
        numbers = struct.Struct(f"<{count}{'H' if kind == SHORT else 'I'}")
        lengths = numbers.unpack_from(changed, value)
        numbers.pack_into(changed, value, *(length // 2 for length in lengths))
        return kind, count, value

    edited(bytes(changed), Tag.TILE_BYTE_COUNTS, halve)
    assert changed != path.read_bytes()
    with pytest.raises(SceneUnreadableError, match="cannot be decoded"):
        read_blocks(bytes(changed), asset_of(path), WHOLE, 0)


def test_a_tile_that_cannot_be_so_long_is_an_error(path: Path) -> None:
    data = path.read_bytes()
    length = open_tiff(BytesSource(data)).levels[0].longest_block
    assert 5 * 32 * 32 * 3 < length < 10 * 32 * 32 * 3 + 4096

    def prolong(*_: int) -> tuple[int, int, int]:
        return LONG, 12, len(data)

    lengths = struct.pack("<12I", length, length + 1, *[1] * 10)
    changed = edited(data, Tag.TILE_BYTE_COUNTS, prolong) + lengths + bytes(2 * length)
    with pytest.raises(SceneUnreadableError, match=r"cannot be decoded.*too long"):
        read_blocks(changed, asset_of(path), PixelWindow(40, 0, 3, 3), 0)
    found = read_blocks(changed, asset_of(path), PixelWindow(0, 0, 3, 3), 0)
    np.testing.assert_array_equal(found, read_whole(path)[:, :3, :3])


def test_another_image_is_an_error(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.tif"
    write_tiff(other, np.zeros((1, 90, 100), np.uint8), TILED)
    larger = tmp_path / "larger.tif"
    write_tiff(larger, np.zeros((3, 90, 101), np.uint8), TILED)
    for found in (other, larger):
        with pytest.raises(SceneUnreadableError, match="another image than the one catalogued"):
            read_blocks(found.read_bytes(), asset_of(path), WHOLE, 0)
