"""Which decoder of codestreams is used."""

import logging

from function.errors import OperatorError
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.gdal_codestreams import DriverMissingError, GdalCodestreams
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.openjpeg_library import OpenJpegError
from function.settings import Jpeg2000Decoder

log = logging.getLogger("sentinel_ows.start")


class DecoderMissingError(OperatorError):
    """The decoder that is asked for cannot be used here."""


def choose_codestreams(wanted: Jpeg2000Decoder) -> CodestreamDecoder:
    """Make the decoder that is ``wanted``, and say in the log which one it is.

    ``auto`` is OpenJPEG, and GDAL where the library cannot be loaded. Raises DecoderMissingError.
    """
    try:
        decoder = _make(wanted)
    except (OpenJpegError, DriverMissingError) as error:
        raise DecoderMissingError(str(error)) from error
    log.info("JPEG 2000 is decoded by %s", decoder.name)
    return decoder


def _make(wanted: Jpeg2000Decoder) -> CodestreamDecoder:
    if wanted is Jpeg2000Decoder.GDAL:
        return GdalCodestreams()
    try:
        return OpenJpeg()
    except OpenJpegError as error:
        if wanted is Jpeg2000Decoder.OPENJPEG:
            raise
        log.warning("%s: GDAL decodes in its place, more slowly", error)
        return GdalCodestreams()
