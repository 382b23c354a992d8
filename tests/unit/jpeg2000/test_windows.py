"""Windows of generated images by each decoder, bit for bit against OpenJPEG's own whole decode.

The images vary tiles, code-blocks, precincts, levels, sizes that are no multiple of the tile,
origins of image and tiles, components, colour transform, precision, sign, progression, layers,
filters and marker segments.
"""

import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from codestreams import Encoding, EncodingRefusedError, MemorySource, decode_whole, encode, texture
from concurrent_pool import inline_pool
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from function.scenes.decoder import PixelWindow, Samples
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import image_area
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.tile_reader import TileReader

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

POWERS = st.sampled_from([4, 8, 16, 32, 64])


@st.composite
def encodings(draw: st.DrawFn, components: int) -> Encoding:
    resolutions = draw(st.integers(1, 6))
    sides = st.sampled_from([8, 16, 32, 64, 128, 256])
    smallest = 2 ** (resolutions + 1)  # each lower resolution's precinct is half as large
    precinct = st.tuples(sides, sides).map(
        lambda size: (max(size[0], smallest), max(size[1], smallest))
    )
    offset = draw(st.one_of(st.just((0, 0)), st.tuples(st.integers(0, 300), st.integers(0, 300))))
    tile = draw(st.one_of(st.none(), st.tuples(st.integers(16, 150), st.integers(16, 150))))
    tile_offset = (0, 0)
    if tile is not None:
        tile_offset = (
            draw(st.integers(max(0, offset[0] - tile[0] + 1), offset[0])),
            draw(st.integers(max(0, offset[1] - tile[1] + 1), offset[1])),
        )
    elif offset != (0, 0):
        tile_offset = (0, 0)
    more: list[str] = []
    for option in (
        ("-SOP",),
        ("-EPH",),
        ("-TLM",),
        ("-I",),
        ("-r", draw(st.sampled_from(["20,10,1", "4", "30,8"]))),
        ("-M", str(draw(st.sampled_from([1, 2, 4, 8, 32, 47])))),
        ("-ROI", "c=0,U=3"),
    ):
        if draw(st.integers(0, 3)) == 0:
            more += option
    if components == 3:
        more += ["-mct", str(draw(st.integers(0, 1)))]
    return Encoding(
        bits=draw(st.sampled_from([8, 12, 15, 16])),
        signed=draw(st.integers(0, 3)) == 0,
        resolutions=resolutions,
        tile=tile,
        code_block=draw(st.tuples(POWERS, POWERS)),
        precincts=tuple(draw(st.lists(precinct, max_size=2))),
        offset=offset,
        tile_offset=tile_offset,
        progression=draw(st.sampled_from(["LRCP", "LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])),
        more=tuple(more),
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_windows_equal_the_whole_decode(
    tmp_path: Path, codestreams: CodestreamDecoder, data: st.DataObject
) -> None:
    components = data.draw(st.sampled_from([1, 1, 2, 3]))
    encoding = data.draw(encodings(components))
    height, width = data.draw(st.integers(1, 190)), data.draw(st.integers(1, 190))
    samples = texture(components, height, width, encoding.bits, encoding.signed)
    try:
        path = encode(tmp_path, samples, encoding)
    except EncodingRefusedError:
        reject()
    source = MemorySource(path.read_bytes())
    index = build_index(source)
    assert index.header.levels == encoding.resolutions - 1
    for reduction in range(encoding.resolutions):
        area = image_area(index.header.size).reduced(reduction)
        if area.empty:
            continue
        across, down = area.x1 - area.x0, area.y1 - area.y0
        whole = decode_whole(path, (components, down, across), encoding, reduction)
        left, top = data.draw(st.integers(0, across - 1)), data.draw(st.integers(0, down - 1))
        window = PixelWindow(
            left,
            top,
            data.draw(st.integers(1, across - left)),
            data.draw(st.integers(1, down - top)),
        )
        cpus = data.draw(st.integers(1, 3))
        reader = TileReader(codestreams, inline_pool(), 0, DecodingCounts(), cpus)
        found = reader.read(source, index, window, reduction)
        np.testing.assert_array_equal(found, whole[(slice(None), *window.slices)])


@pytest.mark.parametrize(
    ("bits", "signed", "kind"),
    [
        (8, False, np.uint8),
        (5, False, np.uint8),
        (15, False, np.uint16),
        (16, False, np.uint16),
        (8, True, np.int16),
        (16, True, np.int16),
    ],
)
def test_lossless_samples_come_back_in_their_type(
    tmp_path: Path, codestreams: CodestreamDecoder, bits: int, signed: bool, kind: type[np.generic]
) -> None:
    encoding = Encoding(bits=bits, signed=signed, tile=(64, 64))
    samples = texture(1, 100, 130, bits, signed)
    source = MemorySource(encode(tmp_path, samples, encoding).read_bytes())
    reader = TileReader(codestreams, inline_pool(), 0, DecodingCounts())
    found = reader.read(source, build_index(source), PixelWindow(30, 40, 90, 50), 0)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, samples[:, 40:90, 30:120])


@pytest.mark.parametrize(
    "window", [(0, 0, 0, 5), (-1, 0, 5, 5), (90, 0, 11, 5), (0, 96, 5, 5), (0, 0, 101, 1)]
)
def test_windows_outside_the_image_are_refused(
    tmp_path: Path, codestreams: CodestreamDecoder, window: tuple[int, int, int, int]
) -> None:
    source = MemorySource(encode(tmp_path, texture(1, 100, 100, 8), Encoding()).read_bytes())
    reader = TileReader(codestreams, inline_pool(), 0, DecodingCounts())
    with pytest.raises(ValueError, match="does not lie"):
        reader.read(source, build_index(source), PixelWindow(*window), 0)


def test_a_window_is_one_fetch_of_its_packets_alone(
    tmp_path: Path, codestreams: CodestreamDecoder
) -> None:
    encoding = Encoding(bits=15, tile=(128, 128), precincts=((64, 64),), resolutions=3)
    path = encode(tmp_path, texture(1, 512, 512, 15), encoding)
    source = MemorySource(path.read_bytes())
    index = build_index(source)
    source.calls.clear()
    counts = DecodingCounts()
    reader = TileReader(codestreams, inline_pool(), 0, counts)
    reader.read(source, index, PixelWindow(120, 120, 16, 16), 0)
    figures = counts.snapshot()
    assert len(source.calls) == figures["fetches"] == 1
    assert figures["tiles_decoded"] == 4
    assert figures["bytes_fetched"] == figures["bytes_needed"] < len(source.data) / 8


def test_the_same_window_is_decoded_once(tmp_path: Path, codestreams: CodestreamDecoder) -> None:
    path = encode(tmp_path, texture(1, 200, 200, 8), Encoding(tile=(100, 100)))
    source = MemorySource(path.read_bytes())
    index = build_index(source)
    counts = DecodingCounts()
    reader = TileReader(codestreams, inline_pool(), 1 << 20, counts)
    first = reader.read(source, index, PixelWindow(50, 50, 100, 100), 0)
    first += 1
    second = reader.read(source, index, PixelWindow(50, 50, 100, 100), 0)
    np.testing.assert_array_equal(first, second + 1)
    assert counts.snapshot()["tiles_decoded"] == counts.snapshot()["tiles_kept"] == 4


class UnstartedPool(Executor):
    """A pool whose threads never come to anything: callers do all by themselves, in order."""

    def submit(self, *_: object, **__: object) -> "Future[Any]":
        return Future()


def test_a_damaged_block_does_not_fail_who_waits_for_another_one(
    tmp_path: Path, openjpeg: OpenJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = texture(1, 100, 600, 8)
    path = encode(tmp_path, samples, Encoding(tile=(300, 100)))
    source = MemorySource(path.read_bytes())
    index = build_index(source)
    begun, waited_for = threading.Event(), threading.Event()

    class Damaged:
        """The tile to the right cannot be decoded, which shows once somebody waits."""

        name = "damaged"

        def decode(self, codestream: bytes, *arguments: Any) -> Samples:
            if arguments[1].x0 == 300:
                begun.set()
                assert waited_for.wait(60)
                raise CodestreamError("damaged")
            return openjpeg.decode(codestream, *arguments)

    claim = ByteBoundedCache.claim

    def watched(cache: ByteBoundedCache[Any, Any], key: Any) -> Any:
        claimed = claim(cache, key)
        if begun.is_set():
            waited_for.set()
        return claimed

    monkeypatch.setattr(ByteBoundedCache, "claim", watched)
    reader = TileReader(Damaged(), UnstartedPool(), 1 << 20, DecodingCounts())
    with ThreadPoolExecutor(1) as pool:
        # The larger block, which is damaged, comes first; to the left one it never comes.
        both = pool.submit(reader.read, source, index, PixelWindow(250, 0, 150, 100), 0)
        assert begun.wait(60)
        found = reader.read(source, index, PixelWindow(250, 0, 50, 100), 0)
        with pytest.raises(CodestreamError, match="damaged"):
            both.result(60)
    np.testing.assert_array_equal(found, samples[:, :, 250:300])


def test_another_state_of_a_file_is_decoded_anew(
    tmp_path: Path, codestreams: CodestreamDecoder
) -> None:
    counts = DecodingCounts()
    reader = TileReader(codestreams, inline_pool(), 1 << 20, counts)
    encoding = replace(Encoding(), resolutions=2)
    for seed in (1, 2):
        samples = texture(1, 60, 60, 8, seed=seed)
        data = encode(tmp_path, samples, encoding).read_bytes()
        source = MemorySource(data, name=f"state {seed}")
        found = reader.read(source, build_index(source), PixelWindow(0, 0, 60, 60), 0)
        np.testing.assert_array_equal(found, samples)
    assert counts.snapshot()["tiles_kept"] == 0
