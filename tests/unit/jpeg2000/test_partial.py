"""One-tile codestreams, which any decoder accepts."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from codestreams import (
    SOT,
    Encoding,
    MemorySource,
    decode_whole,
    encode,
    take_apart,
    texture,
    tile_part,
)
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import Rectangle, tile_area
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.partial import CodestreamAssembler, TileBlock, TilePlan, plan_tile

ENCODING = Encoding(tile=(128, 128), resolutions=3, precincts=((64, 64),), code_block=(16, 16))


def plan(source: MemorySource, tile: int, window: Rectangle, reduction: int = 0) -> TilePlan:
    index = build_index(source)
    area = tile_area(index.header.size, tile)
    return plan_tile(index.header, index.tiles([tile])[tile], area, window, reduction)


def assemble(
    source: MemorySource, tile: int, plan: TilePlan, data: list[bytes], reduction: int = 0
) -> bytes:
    header = build_index(source).header
    area = tile_area(header.size, tile).reduced(reduction)
    block = TileBlock(area, area.x0, area.y0, area.x1 - area.x0, area.y1 - area.y0)
    return CodestreamAssembler(header, reduction).assemble(block, [(plan, data)])


@pytest.fixture
def source(tmp_path: Path) -> MemorySource:
    path = encode(tmp_path, texture(3, 256, 256, 8), ENCODING)
    return MemorySource(path.read_bytes())


def gdal_decode(codestream: bytes) -> NDArray[np.uint8]:
    with (
        MemoryFile(codestream, ext=".j2k") as memory,
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(memory.name) as dataset,
    ):
        samples: NDArray[np.uint8] = dataset.read()
    return samples


def test_gdal_reads_the_window_from_a_partial_codestream(source: MemorySource) -> None:
    planned = plan(source, 3, Rectangle(140, 150, 180, 190))
    codestream = assemble(source, 3, planned, source.read_ranges(planned.ranges))
    assert len(codestream) < len(source.data) / 6
    expected = texture(3, 256, 256, 8)[:, 150:190, 140:180]
    np.testing.assert_array_equal(gdal_decode(codestream)[:, 22:62, 12:52], expected)


def test_gdal_reads_a_reduced_tile(source: MemorySource, tmp_path: Path) -> None:
    """A codestream of the lower resolutions alone decodes to the reduced image."""
    planned = plan(source, 1, Rectangle(64, 0, 128, 64), 1)
    codestream = assemble(source, 1, planned, source.read_ranges(planned.ranges), 1)
    path = tmp_path / "whole.j2k"
    path.write_bytes(source.data)
    whole = decode_whole(path, (3, 128, 128), ENCODING, 1)
    np.testing.assert_array_equal(gdal_decode(codestream), whole[:, :64, 64:])


def test_a_whole_tile_keeps_every_packet(source: MemorySource) -> None:
    planned = plan(source, 2, Rectangle(0, 128, 128, 256))
    _, tiles = take_apart(source.data)
    ((offset, length),) = planned.ranges
    assert offset == planned.packets.parts[0].start
    assert length == planned.packets.parts[0].header_length + sum(map(len, tiles[2].packets))
    codestream = assemble(source, 2, planned, source.read_ranges(planned.ranges))
    body = codestream[codestream.index(SOT) + 14 :]
    position = 0
    for number, packet in enumerate(tiles[2].packets):
        sop = b"\xff\x91\x00\x04" + number.to_bytes(2, "big")
        assert body[position : position + 6] == sop
        assert body[position + 6 : position + 6 + len(packet)] == packet
        position += 6 + len(packet)
    assert body[position:] == b"\xff\xd9"


def test_a_reduced_window_reads_the_start_of_a_tile(source: MemorySource) -> None:
    planned = plan(source, 0, Rectangle(0, 0, 32, 32), 2)
    ((offset, length),) = planned.ranges
    assert offset == planned.packets.parts[0].start
    assert length < len(source.data) / 32


def test_the_bytes_of_another_file_are_noticed(source: MemorySource, tmp_path: Path) -> None:
    planned = plan(source, 3, Rectangle(130, 130, 150, 150))
    path = encode(tmp_path, texture(3, 256, 256, 8, seed=5), ENCODING)
    other = MemorySource(path.read_bytes().ljust(len(source.data), b"\x00"))
    with pytest.raises(CodestreamError, match="not the one"):
        assemble(source, 3, planned, other.read_ranges(planned.ranges))


def test_other_packet_lengths_are_noticed(source: MemorySource) -> None:
    planned = plan(source, 0, Rectangle(0, 0, 128, 128))
    _, tiles = take_apart(source.data)
    packets = list(tiles[0].packets)
    packets[1], packets[2] = packets[1] + packets[2][:1], packets[2][1:]
    changed = tile_part(0, 0, packets)
    assert len(changed) == planned.ranges[0][1]
    with pytest.raises(CodestreamError, match="not the one"):
        assemble(source, 0, planned, [changed])


def test_an_index_that_does_not_fit_its_header_is_noticed(
    source: MemorySource, tmp_path: Path
) -> None:
    other = encode(tmp_path, texture(1, 64, 64, 8), Encoding(resolutions=2))
    index = build_index(MemorySource(other.read_bytes()))
    area = tile_area(index.header.size, 0)
    packets = build_index(source).tiles([0])[0]
    with pytest.raises(CodestreamError, match="does not fit"):
        plan_tile(index.header, packets, area, area, 0)


def test_more_reduction_than_levels_is_refused(source: MemorySource) -> None:
    header = build_index(source).header
    CodestreamAssembler(header, 2)
    with pytest.raises(CodestreamError, match="fewer levels"):
        CodestreamAssembler(header, 3)
