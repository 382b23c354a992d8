"""The binding to OpenJPEG itself: what it tells, and what it refuses."""

import ctypes

import pytest

from function.scenes.jpeg2000 import openjpeg_library as binding
from function.scenes.jpeg2000.codestream import Component
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import Rectangle
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.openjpeg_library import OpenJpegError

AREA = Rectangle(0, 0, 128, 128)
COMPONENTS = (Component(12, False, 1, 1),)


def test_version_is_told(openjpeg: OpenJpeg) -> None:
    assert openjpeg.name == f"OpenJPEG {openjpeg.version}"
    assert openjpeg.version.startswith("2.")


def test_the_librarys_words_are_passed_on(openjpeg: OpenJpeg) -> None:
    with pytest.raises(CodestreamError, match="SOC marker"):
        openjpeg.decode(b"no codestream at all", COMPONENTS, AREA, AREA)


def test_structures_have_the_sizes_of_the_abi() -> None:
    assert ctypes.sizeof(binding.ImageComponent) == 64
    assert binding.ImageComponent.data.offset == 48
    assert ctypes.sizeof(binding.Image) == 48
    assert binding.Image.comps.offset == 24


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "LIBRARY", "libopenjp2.so.99")
    with pytest.raises(OpenJpegError, match=r"libopenjp2\.so\.99"):
        OpenJpeg()
