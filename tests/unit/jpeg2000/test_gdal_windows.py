"""What GDAL only warns of in a JPEG 2000 file is an error where it is damage, and else nothing."""

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from archives import local_archive
from codestreams import SOT, Encoding, decode_whole, encode, texture
from rasterio.io import MemoryFile

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.scene import Asset
from function.scenes.decoder import PixelWindow
from function.scenes.gdal import gdal_environment
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.gdal_windows import GdalWindows
from function.scenes.jpeg2000.openjpeg import OpenJpeg

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

SIZE, TILE = 300, 150
SOP = b"\xff\x91\x00\x04"
UNKNOWN_SEGMENT = b"\xff\x6f\x00\x04\x00\x00"
DAMAGED, SOUND = PixelWindow(10, 10, 100, 100), PixelWindow(160, 160, 100, 100)
# Files of such code-blocks are left to GDAL; the mark before each packet tells of a lost one.
MARKED = Encoding(
    bits=12, tile=(TILE, TILE), resolutions=3, more=("-SOP", "-M", "16"), progression="RPCL"
)


def asset_of(path: Path, size: int = SIZE, bits: int = 12) -> Asset:
    grid = Grid("EPSG:32632", Affine(10, 0, 600000, 0, -10, 6000000), size, size)
    return Asset("B04", str(path), grid, 1, bits)


def lose_a_packet(data: bytes) -> bytes:
    """Overwrite the mark of the first tile's second packet, which is of the lowest resolution."""
    place = data.index(SOP, data.index(SOP) + 1)
    return data[:place] + bytes(len(SOP)) + data[place + len(SOP) :]


def with_unknown_segment(data: bytes) -> bytes:
    start = data.index(SOT)
    return data[:start] + UNKNOWN_SEGMENT + data[start:]


@pytest.mark.parametrize("reduction", [0, 1, 2])
def test_a_lost_packet_is_an_error_of_the_scene_and_of_its_tile_alone(
    tmp_path: Path, openjpeg: OpenJpeg, caplog: pytest.LogCaptureFixture, reduction: int
) -> None:
    samples = texture(1, SIZE, SIZE, 12)
    path = encode(tmp_path, samples, MARKED)
    shape = 1, -(-SIZE >> reduction), -(-SIZE >> reduction)
    whole = decode_whole(path, shape, MARKED, reduction)
    path.write_bytes(lose_a_packet(path.read_bytes()))
    damaged, sound = (
        PixelWindow(*(n >> reduction for n in (w.column, w.row, w.width, w.height)))
        for w in (DAMAGED, SOUND)
    )
    counts = DecodingCounts()
    with ThreadPoolExecutor(2) as pool:
        gdal, archive = GdalDecoder(local_archive()), local_archive()
        decoder = PacketDecoder(openjpeg, gdal, archive, pool, Caches(1 << 20, 1 << 20))
        # The blocks that GDAL decoded before it warned are not what the second one gets.
        for _ in range(2):
            with pytest.raises(
                SceneUnreadableError, match=r"^image\.j2k cannot be decoded: .*Expected SOP marker"
            ):
                decoder.decode(asset_of(path), damaged, reduction, counts)
            found = decoder.decode(asset_of(path), sound, reduction, counts)
            np.testing.assert_array_equal(found, whole[(slice(None), *sound.slices)])
    assert counts.snapshot()["windows_unfit"] == 4
    assert [record for record in caplog.records if record.name.startswith("rasterio")] == []


@pytest.mark.parametrize(
    "more",
    [
        ("-SOP", "-EPH"),
        ("-M", "1"),
        ("-M", "63", "-SOP", "-EPH"),
        ("-M", "16", "-TP", "R"),
        ("-r", "20,5,1", "-SOP"),
        ("-ROI", "c=0,U=10", "-EPH"),
        ("-POC", "T1=0,0,1,2,1,LRCP/T1=2,0,1,3,1,RLCP"),
    ],
)
def test_sound_files_of_every_style_are_read_bit_for_bit(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    samples = texture(1, SIZE, SIZE, 12)
    tile = None if "-POC" in more else (TILE, TILE)
    path = encode(tmp_path, samples, Encoding(bits=12, resolutions=3, tile=tile, more=more))
    found = GdalDecoder(local_archive()).decode(asset_of(path), PixelWindow(0, 0, SIZE, SIZE), 0)
    np.testing.assert_array_equal(found, samples)


def test_what_is_said_of_the_main_header_is_no_damage(tmp_path: Path) -> None:
    samples = texture(1, SIZE, SIZE, 12)
    path = encode(tmp_path, samples, MARKED)
    data = with_unknown_segment(path.read_bytes())
    path.write_bytes(data)
    decoder = GdalDecoder(local_archive())
    found = decoder.decode(asset_of(path), PixelWindow(0, 0, SIZE, SIZE), 0)
    np.testing.assert_array_equal(found, samples)
    with gdal_environment(), MemoryFile(data) as file, file.open() as dataset:
        found = GdalWindows().read(dataset, SOUND)
    np.testing.assert_array_equal(found, samples[(slice(None), *SOUND.slices)])
    path.write_bytes(lose_a_packet(data))
    with pytest.raises(SceneUnreadableError, match=r"failed: Expected SOP marker$"):
        decoder.decode(asset_of(path), DAMAGED, 0)


def test_predictable_termination_that_a_rate_cut_short_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Code-blocks are decoded in the thread that asks, where what is said of them is heard.
    monkeypatch.setenv("OPJ_NUM_THREADS", "0")
    samples = np.random.default_rng(0).binomial(1, 0.01, (1, SIZE, SIZE)) * 255
    encoding = Encoding(resolutions=2, code_block=(4, 4), more=("-M", "16", "-q", "30,50"))
    path = encode(tmp_path, samples, encoding)
    found = GdalDecoder(local_archive()).decode(
        asset_of(path, bits=8), PixelWindow(0, 0, SIZE, SIZE), 0
    )
    np.testing.assert_array_equal(found, decode_whole(path, (1, SIZE, SIZE), encoding, 0))


def test_an_empty_tile_part_is_no_damage(tmp_path: Path) -> None:
    """GDAL says it but once a process, so that no other test may make such a file."""
    samples = texture(1, SIZE, SIZE, 12)
    path = encode(tmp_path, samples, Encoding(bits=12))
    data = bytearray(path.read_bytes())
    data[data.index(SOT) + 11] = 0  # how many tile-parts there are is not told
    empty = SOT + struct.pack(">HHIBB", 10, 0, 12, 1, 0)
    path.write_bytes(bytes(data[:-2]) + empty + bytes(data[-2:]))
    found = GdalDecoder(local_archive()).decode(asset_of(path), PixelWindow(0, 0, SIZE, SIZE), 0)
    np.testing.assert_array_equal(found, samples)


def test_threads_hear_of_their_own_files_alone(tmp_path: Path) -> None:
    samples = texture(1, SIZE, SIZE, 12)
    sound = encode(tmp_path, samples, MARKED)
    damaged = sound.with_name("damaged.j2k")
    damaged.write_bytes(lose_a_packet(sound.read_bytes()))
    decoder = GdalDecoder(local_archive())

    def read(number: int) -> str:
        path = (sound, damaged)[number % 2]
        try:
            found = decoder.decode(asset_of(path), DAMAGED, 0)
        except SceneUnreadableError:
            return "error"
        assert np.array_equal(found, samples[(slice(None), *DAMAGED.slices)])
        return "right"

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(64))) == ["right", "error"] * 32
    decoder.close()
