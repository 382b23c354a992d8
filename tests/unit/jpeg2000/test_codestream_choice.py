"""Which decoder of codestreams is used, and that whoever reads the log knows it."""

import logging

import pytest
import rasterio

from function.scenes.jpeg2000 import openjpeg_library as binding
from function.scenes.jpeg2000.codestream_choice import DecoderMissingError, choose_codestreams
from function.scenes.jpeg2000.gdal_codestreams import GdalCodestreams
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.settings import Jpeg2000Decoder

IN_GDAL = f"JP2OpenJPEG of GDAL {rasterio.__gdal_version__}"


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "LIBRARY", "libopenjp2.so.99")


@pytest.mark.parametrize("wanted", [Jpeg2000Decoder.AUTO, Jpeg2000Decoder.OPENJPEG])
def test_the_library_decodes_where_it_is_there(
    wanted: Jpeg2000Decoder, openjpeg: OpenJpeg, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert choose_codestreams(wanted).name == openjpeg.name
    assert caplog.messages == [f"JPEG 2000 is decoded by {openjpeg.name}"]


def test_gdal_decodes_where_it_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert isinstance(choose_codestreams(Jpeg2000Decoder.GDAL), GdalCodestreams)
    assert caplog.messages == [f"JPEG 2000 is decoded by {IN_GDAL}"]


@pytest.mark.usefixtures("without_library")
def test_gdal_decodes_where_the_library_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert isinstance(choose_codestreams(Jpeg2000Decoder.AUTO), GdalCodestreams)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "libopenjp2.so.99" in caplog.messages[0]
    assert caplog.messages[1] == f"JPEG 2000 is decoded by {IN_GDAL}"


@pytest.mark.usefixtures("without_library")
def test_a_library_that_is_asked_for_and_missing_is_an_error() -> None:
    with pytest.raises(DecoderMissingError, match=r"libopenjp2\.so\.99"):
        choose_codestreams(Jpeg2000Decoder.OPENJPEG)
