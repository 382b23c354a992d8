"""Indexing a file of many tiles on a web server: few reads, few bytes, nothing held."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from archive_server import ArchiveServer, serving_files

from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.jpeg2000.byte_source import LocalByteSource
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.index_record import IndexedFile, index_file

ACROSS, SIDE = 24, 64
TILES = ACROSS * ACROSS
PATIENCE = 60.0


def write_image(path: Path, listed: bool) -> None:
    """Write a codestream of tiles of 40 to 80 KB, whose lengths TLM lists or not."""
    extent = ACROSS * SIDE
    size = struct.pack(">H8IH3B", 0, extent, extent, 0, 0, SIDE, SIDE, 0, 0, 1, 7, 1, 1)
    coding = struct.pack(">BBHBBBBBB", 0, 0, 1, 0, 1, 4, 4, 0, 1)
    steps = bytes([0x40, 8 << 3, 9 << 3, 9 << 3, 10 << 3])
    lengths = np.random.default_rng(0).integers(40_000, 80_000, TILES).tolist()
    segments = [(0xFF51, size), (0xFF52, coding), (0xFF5C, steps)]
    parts = [_tile(tile, length) for tile, length in enumerate(lengths)]
    if listed:
        entries = [struct.pack(">HI", tile, len(part)) for tile, part in enumerate(parts)]
        segments.append((0xFF55, b"\0\x60" + b"".join(entries)))
    written = [struct.pack(">HH", code, len(body) + 2) + body for code, body in segments]
    path.write_bytes(b"\xff\x4f" + b"".join(written) + b"".join(parts) + b"\xff\xd9")


def _tile(tile: int, length: int) -> bytes:
    """A tile of two packets: one of ``length`` bytes, with three digits of PLT, and one of none."""
    digits = bytes([length >> 14 | 0x80, length >> 7 & 0x7F | 0x80, length & 0x7F, 1])
    body = b"\xff\x58" + struct.pack(">HB", len(digits) + 3, 0) + digits
    body += b"\xff\x93" + bytes(length) + b"\0"
    return b"\xff\x90" + struct.pack(">HHIBB", 10, tile, 12 + len(body), 0, 1) + body


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ArchiveServer]:
    with serving_files(tmp_path) as server:
        yield server


@pytest.fixture
def archive() -> Iterator[Archive]:
    archive = Archive(AccessLimits(connections=64, timeout=PATIENCE, tries=3, kept_bytes=0))
    yield archive
    archive.close()


def blocks(file: IndexedFile) -> tuple[bytes, ...]:
    assert file.index is not None
    return tuple(file.index.blocks)


@pytest.mark.parametrize("listed", [False, True])
def test_an_index_takes_the_headers_and_little_else(
    server: ArchiveServer, archive: Archive, listed: bool
) -> None:
    path = server.directory / "image.j2k"
    write_image(path, listed)
    counts = DecodingCounts()
    with archive.open(server.href(path), counts=counts) as far, LocalByteSource(path) as near:
        assert blocks(index_file(far)) == blocks(index_file(near))
    read = counts.snapshot()
    # The first read, a header a tile, and what is looked through for where to begin.
    assert TILES <= read["fetches"] < TILES + 4 * ACROSS
    assert read["bytes_fetched"] < path.stat().st_size / (100 if listed else 20)


def test_what_was_read_is_not_held(server: ArchiveServer, archive: Archive) -> None:
    path = server.directory / "image.j2k"
    write_image(path, listed=False)
    counts = DecodingCounts()
    with archive.open(server.href(path), counts=counts) as file:
        end = file.size()
        (first,) = file.read_ranges([(end - 5000, 5000)])
        (second,) = file.read_ranges([(end - 5000, 5000)])
    assert first == second == path.read_bytes()[-5000:]
    assert counts.snapshot()["fetches"] == 3
