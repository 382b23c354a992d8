"""The binding itself: what it refuses, and that it gives its memory back."""

import ctypes
import resource

import numpy as np
import pytest
from codestreams import Encoding, MemorySource, encode, texture

from function.scenes.jpeg2000 import openjpeg as binding
from function.scenes.jpeg2000.codestream import Component
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import Rectangle
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.openjpeg import OpenJpeg, OpenJpegError
from function.scenes.jpeg2000.partial import CodestreamAssembler, TileBlock, plan_tile

WINDOW = Rectangle(10, 20, 110, 90)
AREA = Rectangle(0, 0, 128, 128)
BLOCK = TileBlock(AREA, 0, 0, 128, 128)
COMPONENTS = (Component(12, False, 1, 1),)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> MemorySource:
    encoding = Encoding(bits=12, resolutions=4, precincts=((64, 64),), code_block=(16, 16))
    path = encode(tmp_path_factory.mktemp("openjpeg"), texture(1, 128, 128, 12), encoding)
    return MemorySource(path.read_bytes())


@pytest.fixture(scope="module")
def index(source: MemorySource) -> CodestreamIndex:
    return build_index(source)


@pytest.fixture(scope="module")
def partial(source: MemorySource, index: CodestreamIndex) -> bytes:
    plan = plan_tile(index.header, index.tiles([0])[0], AREA, WINDOW, 0)
    data = source.read_ranges(plan.ranges)
    return CodestreamAssembler(index.header, 0).assemble(BLOCK, [(plan, data)])


def test_version_is_told(openjpeg: OpenJpeg) -> None:
    assert openjpeg.version.startswith("2.")


def test_decodes_a_window(openjpeg: OpenJpeg, partial: bytes) -> None:
    found = openjpeg.decode(partial, COMPONENTS, AREA, WINDOW)
    np.testing.assert_array_equal(found, texture(1, 128, 128, 12)[:, 20:90, 10:110])


def test_every_truncation_is_an_error(openjpeg: OpenJpeg, partial: bytes) -> None:
    for length in range(0, len(partial) - 2, 101):
        with pytest.raises(CodestreamError):
            openjpeg.decode(partial[:length], COMPONENTS, AREA, WINDOW)


def test_the_librarys_words_are_passed_on(openjpeg: OpenJpeg) -> None:
    with pytest.raises(CodestreamError, match="SOC marker"):
        openjpeg.decode(b"no codestream at all", COMPONENTS, AREA, WINDOW)


def test_a_packet_of_another_length_is_noticed(
    openjpeg: OpenJpeg, source: MemorySource, index: CodestreamIndex
) -> None:
    """A codestream whose packets begin elsewhere than its index says gives no pixels."""
    plan = plan_tile(index.header, index.tiles([0])[0], AREA, WINDOW, 0)
    data = source.read_ranges(plan.ranges)
    for shift in (1, 2, 17):
        moved = [data[0], *(chunk[shift:] + bytes(shift) for chunk in data[1:])]
        cut = moved[0][: plan.packets.parts[0].header_length]
        body = moved[0][len(cut) :]
        moved[0] = cut + body[shift:] + bytes(shift)
        codestream = CodestreamAssembler(index.header, 0).assemble(BLOCK, [(plan, moved)])
        with pytest.raises(CodestreamError, match=r"SOP|segment"):
            openjpeg.decode(codestream, COMPONENTS, AREA, WINDOW)


def test_another_image_than_expected_is_refused(openjpeg: OpenJpeg, partial: bytes) -> None:
    with pytest.raises(OpenJpegError, match="not laid out"):
        openjpeg.decode(partial, COMPONENTS, Rectangle(0, 0, 128, 127), WINDOW)


def test_memory_is_given_back(openjpeg: OpenJpeg, partial: bytes) -> None:
    """Neither decoding nor failing leaves anything behind: 600 rounds would take 100 MB."""

    def rounds(count: int) -> None:
        for _ in range(count):
            openjpeg.decode(partial, COMPONENTS, AREA, WINDOW)
            with pytest.raises(CodestreamError):
                openjpeg.decode(partial[:-200], COMPONENTS, AREA, WINDOW)
            with pytest.raises(CodestreamError):
                openjpeg.decode(partial[:60], COMPONENTS, AREA, WINDOW)

    rounds(50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds(600)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000


def test_structures_have_the_sizes_of_the_abi() -> None:
    assert ctypes.sizeof(binding._ImageComponent) == 64
    assert binding._ImageComponent.data.offset == 48
    assert ctypes.sizeof(binding._Image) == 48
    assert binding._Image.comps.offset == 24


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "LIBRARY", "libopenjp2.so.99")
    with pytest.raises(OpenJpegError, match=r"libopenjp2\.so\.99"):
        OpenJpeg()
