"""What every decoder of codestreams does: exact windows, an error for damage, no memory lost."""

import logging
import resource
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from codestreams import Encoding, MemorySource, encode, texture
from hypothesis import given, settings
from hypothesis import strategies as st

from function.errors import SceneUnreadableError
from function.scenes.decoder import Samples
from function.scenes.jpeg2000 import gdal_codestreams
from function.scenes.jpeg2000.codestream import Component
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder, sample_type
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.gdal_codestreams import (
    KAKADU,
    OPENJPEG,
    DriverMissingError,
    GdalCodestreams,
)
from function.scenes.jpeg2000.geometry import Rectangle
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.openjpeg_library import OpenJpegError
from function.scenes.jpeg2000.partial import CodestreamAssembler, TileBlock, plan_tile

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

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


def test_decodes_a_window(codestreams: CodestreamDecoder, partial: bytes) -> None:
    found = codestreams.decode(partial, COMPONENTS, AREA, WINDOW)
    np.testing.assert_array_equal(found, texture(1, 128, 128, 12)[:, 20:90, 10:110])


def test_every_truncation_is_an_error(codestreams: CodestreamDecoder, partial: bytes) -> None:
    for length in range(0, len(partial) - 2, 101):
        with pytest.raises(CodestreamError):
            codestreams.decode(partial[:length], COMPONENTS, AREA, WINDOW)


def test_a_packet_of_another_length_is_noticed(
    codestreams: CodestreamDecoder, source: MemorySource, index: CodestreamIndex
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
            codestreams.decode(codestream, COMPONENTS, AREA, WINDOW)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_several_threads_give_and_refuse_what_one_does(
    openjpeg: OpenJpeg, partial: bytes, data: st.DataObject
) -> None:
    """Bytes are flipped anywhere, so that the library warns of code-blocks on its own threads."""
    changed = bytearray(partial)
    for place in data.draw(st.lists(st.integers(0, len(partial) - 1), max_size=4)):
        changed[place] ^= data.draw(st.integers(1, 255))
    codestream = bytes(changed)
    one, several = (attempt(openjpeg, codestream, threads) for threads in (1, 3))
    np.testing.assert_equal(several, one)


def attempt(openjpeg: OpenJpeg, codestream: bytes, threads: int) -> Samples | type[Exception]:
    try:
        return openjpeg.decode(codestream, COMPONENTS, AREA, WINDOW, threads=threads)
    except (CodestreamError, OpenJpegError) as error:
        return type(error)


def test_memory_is_given_back(codestreams: CodestreamDecoder, partial: bytes) -> None:
    """Neither decoding nor failing leaves anything behind: 300 rounds would take 50 MB."""

    def rounds(count: int) -> None:
        for _ in range(count):
            codestreams.decode(partial, COMPONENTS, AREA, WINDOW)
            with pytest.raises(CodestreamError):
                codestreams.decode(partial[:-200], COMPONENTS, AREA, WINDOW)
            with pytest.raises(CodestreamError):
                codestreams.decode(partial[:60], COMPONENTS, AREA, WINDOW)

    rounds(50)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds(300)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000


def test_another_image_than_expected_is_refused(
    codestreams: CodestreamDecoder, partial: bytes
) -> None:
    with pytest.raises((OpenJpegError, CodestreamError), match=r"not laid out|another image"):
        codestreams.decode(partial, COMPONENTS, Rectangle(0, 0, 128, 127), WINDOW)


@pytest.mark.parametrize(
    ("components", "kind"),
    [
        ([(8, False)], np.uint8),
        ([(9, False), (8, False)], np.uint16),
        ([(8, True)], np.int16),
        ([(16, True)], np.int16),
        ([(16, True), (16, False)], np.int32),
        ([(17, False)], np.uint32),
        ([(17, True)], np.int32),
    ],
)
def test_samples_have_the_smallest_type_of_all_components(
    components: list[tuple[int, bool]], kind: type[np.generic]
) -> None:
    described = tuple(Component(bits, signed, 1, 1) for bits, signed in components)
    assert sample_type(described) == np.dtype(kind)


def test_gdal_names_its_driver_and_its_version() -> None:
    assert GdalCodestreams((OPENJPEG,)).name == f"JP2OpenJPEG of GDAL {rasterio.__gdal_version__}"


def test_kakadus_driver_goes_before_openjpegs_where_gdal_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Environment(rasterio.Env):  # type: ignore[misc]
        def drivers(self) -> dict[str, str]:
            return {OPENJPEG: "", KAKADU: "", "GTiff": ""}

    monkeypatch.setattr(gdal_codestreams, "gdal_environment", Environment)
    assert GdalCodestreams().name.startswith("JP2KAK of GDAL")


def test_a_missing_driver_is_named() -> None:
    with pytest.raises(DriverMissingError, match=r"GDAL 3.* has no JP2NONE"):
        GdalCodestreams(("JP2NONE",))


def test_components_of_different_types_are_no_image_for_gdal(partial: bytes) -> None:
    mixed = (*COMPONENTS, replace(COMPONENTS[0], bits=8))
    with pytest.raises(SceneUnreadableError, match="different types"):
        GdalCodestreams().decode(partial, mixed, AREA, WINDOW)


def test_what_gdal_says_of_damage_stands_in_the_error_and_not_in_the_log(
    partial: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    broken = bytearray(partial)
    place = partial.rindex(b"\xff\x91")
    broken[place : place + 2] = b"\x00\x00"
    with pytest.raises(CodestreamError, match="SOP"):
        GdalCodestreams().decode(bytes(broken), COMPONENTS, AREA, WINDOW)
    assert caplog.records == []
    logging.getLogger("rasterio._err").warning("another reader's business")
    assert [record.message for record in caplog.records] == ["another reader's business"]
