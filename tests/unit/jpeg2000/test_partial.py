"""One-tile codestreams, which any decoder accepts."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from codestreams import SOT, Encoding, MemorySource, encode, take_apart, texture, tile_part
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import Rectangle, tile_area
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.partial import CodestreamAssembler, TileReading, plan_tile


def plan(source: MemorySource, tile: int, window: Rectangle, reduction: int = 0) -> TileReading:
    index = build_index(source)
    area = tile_area(index.header.size, tile)
    return plan_tile(index.header, index.tiles([tile])[tile], area, window, reduction)


def assemble(source: MemorySource, reading: TileReading) -> bytes:
    assembler = CodestreamAssembler(build_index(source).header)
    return assembler.assemble(reading, source.read_ranges(reading.ranges))


@pytest.fixture
def source(tmp_path: Path) -> MemorySource:
    encoding = Encoding(tile=(128, 128), resolutions=3, precincts=((64, 64),), code_block=(16, 16))
    path = encode(tmp_path, texture(3, 256, 256, 8), encoding)
    return MemorySource(path.read_bytes())


def test_gdal_reads_the_window_from_a_partial_codestream(source: MemorySource) -> None:
    window = Rectangle(140, 150, 180, 190)
    codestream = assemble(source, plan(source, 3, window))
    assert len(codestream) < len(source.data) / 6
    with (
        MemoryFile(codestream, ext=".j2k") as memory,
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(memory.name) as dataset,
    ):
        whole = dataset.read()
    expected = texture(3, 256, 256, 8)[:, 150:190, 140:180]
    np.testing.assert_array_equal(whole[:, 22:62, 12:52], expected)


def test_a_whole_tile_keeps_every_packet(source: MemorySource) -> None:
    reading = plan(source, 2, Rectangle(0, 128, 128, 256))
    assert reading.ranges == [(reading.packets.parts[0].start, reading.packets.parts[0].length)]
    codestream = assemble(source, reading)
    _, tiles = take_apart(source.data)
    body = codestream[codestream.index(SOT) + 14 :]
    position = 0
    for number, packet in enumerate(tiles[2].packets):
        sop = b"\xff\x91\x00\x04" + number.to_bytes(2, "big")
        assert body[position : position + 6] == sop
        assert body[position + 6 : position + 6 + len(packet)] == packet
        position += 6 + len(packet)
    assert body[position:] == b"\xff\xd9"


def test_a_reduced_window_reads_the_start_of_a_tile(source: MemorySource) -> None:
    reading = plan(source, 0, Rectangle(0, 0, 32, 32), 2)
    ((offset, length),) = reading.ranges
    assert offset == reading.packets.parts[0].start
    assert length < reading.packets.parts[0].length / 8


def test_the_bytes_of_another_file_are_noticed(source: MemorySource, tmp_path: Path) -> None:
    reading = plan(source, 3, Rectangle(130, 130, 150, 150))
    encoding = Encoding(tile=(128, 128), resolutions=3, precincts=((64, 64),), code_block=(16, 16))
    path = encode(tmp_path, texture(3, 256, 256, 8, seed=5), encoding)
    other = path.read_bytes().ljust(len(source.data), b"\x00")
    assembler = CodestreamAssembler(build_index(source).header)
    with pytest.raises(CodestreamError):
        assembler.assemble(reading, MemorySource(other).read_ranges(reading.ranges))


def test_other_packet_lengths_are_noticed(source: MemorySource) -> None:
    reading = plan(source, 0, Rectangle(0, 0, 128, 128))
    header, tiles = take_apart(source.data)
    packets = list(tiles[0].packets)
    packets[1], packets[2] = packets[1] + packets[2][:1], packets[2][1:]
    changed = header + tile_part(0, 0, packets)
    assert len(changed) == len(header) + reading.packets.parts[0].length
    assembler = CodestreamAssembler(build_index(source).header)
    with pytest.raises(CodestreamError, match="not the one"):
        assembler.assemble(reading, [changed[len(header) :]])


def test_an_index_that_does_not_fit_its_header_is_noticed(
    source: MemorySource, tmp_path: Path
) -> None:
    other = encode(tmp_path, texture(1, 64, 64, 8), Encoding(resolutions=2))
    index = build_index(MemorySource(other.read_bytes()))
    area = tile_area(index.header.size, 0)
    packets = build_index(source).tiles([0])[0]
    with pytest.raises(CodestreamError, match="does not fit"):
        plan_tile(index.header, packets, area, area, 0)
