"""Windows whose blocks another process has decoded, which here another reader stands in for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from codestreams import Encoding, MemorySource, encode, texture
from concurrent_pool import inline_pool

from function.scenes.decoder import PixelWindow, Samples
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.shared_blocks import SharedBlocks
from function.scenes.jpeg2000.tile_reader import TileReader

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

LEFT, ALL = PixelWindow(0, 20, 150, 60), PixelWindow(0, 20, 300, 60)


@pytest.fixture
def shared() -> SharedBlocks:
    return SharedBlocks(1 << 20, 2)


@pytest.fixture
def samples() -> Samples:
    return texture(3, 100, 300, 8)


@pytest.fixture
def source(tmp_path: Path, samples: Any) -> MemorySource:
    path = encode(tmp_path, samples, Encoding(tile=(150, 100)))
    # A name need be no text that can be encoded.
    return MemorySource(path.read_bytes(), name="\udcff")


@pytest.fixture
def index(source: MemorySource) -> CodestreamIndex:
    return build_index(source)


class Undecodable:
    """Decodes nothing."""

    name = "undecodable"

    def decode(self, *_: object) -> Samples:
        raise CodestreamError("nothing is decoded")


def test_what_another_decoded_is_neither_fetched_nor_decoded(
    shared: SharedBlocks, source: MemorySource, index: CodestreamIndex, samples: Samples
) -> None:
    first = TileReader(OpenJpeg(), inline_pool(), 1 << 20, DecodingCounts(), shared=shared)
    np.testing.assert_array_equal(first.read(source, index, ALL, 0), samples[:, 20:80])
    source.calls.clear()
    counts = DecodingCounts()
    second = TileReader(Undecodable(), inline_pool(), 1 << 20, counts, shared=shared)
    assert second.missing(source.identity, index, ALL, 0) == []
    np.testing.assert_array_equal(second.read(source, index, ALL, 0), samples[:, 20:80])
    assert source.calls == []
    assert counts.snapshot() == {"windows": 1, "tiles_kept": 2}


def test_what_nobody_has_decoded_is_all_that_is_fetched(
    shared: SharedBlocks, source: MemorySource, index: CodestreamIndex, samples: Samples
) -> None:
    readers = [
        TileReader(OpenJpeg(), inline_pool(), 1 << 20, DecodingCounts(), shared=shared)
        for _ in range(2)
    ]
    whole = readers[1].missing(source.identity, index, ALL, 0)
    readers[0].read(source, index, LEFT, 0)
    rest = readers[1].missing(source.identity, index, ALL, 0)
    assert 0 < len(rest) < len(whole)
    assert {*rest} < {*whole}
    counts = DecodingCounts()
    found = readers[1].read(source, index, ALL, 0, counts)
    np.testing.assert_array_equal(found, samples[:, 20:80])
    figures = counts.snapshot()
    assert (figures["tiles_kept"], figures["tiles_decoded"]) == (1, 1)
    assert figures["bytes_needed"] == sum(length for _, length in rest)


def test_another_window_state_or_reduction_is_not_mistaken(
    shared: SharedBlocks, source: MemorySource, index: CodestreamIndex, samples: Samples
) -> None:
    reader = TileReader(OpenJpeg(), inline_pool(), 1 << 20, DecodingCounts(), shared=shared)
    reader.read(source, index, LEFT, 0)
    counts = DecodingCounts()
    other = TileReader(OpenJpeg(), inline_pool(), 1 << 20, counts, shared=shared)
    beside = other.read(source, index, PixelWindow(1, 20, 149, 60), 0)
    np.testing.assert_array_equal(beside, samples[:, 20:80, 1:150])
    other.read(source, index, PixelWindow(0, 10, 50, 30), 1)
    replaced = MemorySource(source.data, name="another state")
    np.testing.assert_array_equal(other.read(replaced, index, LEFT, 0), samples[:, 20:80, :150])
    assert counts.snapshot()["tiles_kept"] == 0


def test_those_who_wait_for_what_cannot_be_looked_for_are_told(
    shared: SharedBlocks,
    source: MemorySource,
    index: CodestreamIndex,
    samples: Samples,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = TileReader(OpenJpeg(), inline_pool(), 1 << 20, DecodingCounts(), shared=shared)

    def fails(_: bytes) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(shared, "find", fails)
        with pytest.raises(MemoryError):
            reader.read(source, index, ALL, 0)
    np.testing.assert_array_equal(reader.read(source, index, ALL, 0), samples[:, 20:80])
