"""OpenJPEG's decoder, bound through ctypes, which releases the GIL while it works.

GDAL's own driver decodes whole tiles; the library can decode an area, which is what this is for.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from function.scenes.decoder import Samples
from function.scenes.jpeg2000.codestream import Component, MainHeader
from function.scenes.jpeg2000.codestream_decoder import sample_type
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import Rectangle
from function.scenes.jpeg2000.openjpeg_library import (
    Image,
    ImagePointer,
    Message,
    OpenJpegError,
    Read,
    Seek,
    Skip,
    load_library,
)

CODEC_J2K = 0
# opj_dparameters_t takes some 8.3 KB; only the library itself looks into it.
PARAMETERS_SIZE = 16384
# Beyond this the library reads straight into its own buffer.
STREAM_BUFFER = 65536
END_OF_STREAM = ctypes.c_size_t(-1).value
# A damaged tile is warned of for each of its packets; the first ones tell.
MOST_MESSAGES = 3


@dataclass(slots=True)
class _Call:
    """What the callbacks of one decoding need: its bytes, how far they are read, its messages."""

    data: bytes
    address: int
    position: int
    messages: list[str]


class _Samples:
    """Memory of the library, as numpy takes it in without a copy."""

    def __init__(self, address: int, height: int, width: int) -> None:
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (height, width),
            "typestr": np.dtype(np.int32).str,
            "version": 3,
        }


class OpenJpeg:
    """The library as a CodestreamDecoder, over areas of tiles.

    Raises OpenJpegError where libopenjp2 2.5 or newer is not installed.
    """

    def __init__(self) -> None:
        self._library = load_library()
        self.version: str = self._library.opj_version().decode()
        self.name = f"OpenJPEG {self.version}"
        # By the number that the library hands back: it also tells of damage on its own threads.
        self._calls: dict[int, _Call] = {}
        # The library keeps the addresses of these: they live as long as this object.
        self._read = Read(self._on_read)
        self._skip = Skip(self._on_skip)
        self._seek = Seek(self._on_seek)
        self._message = Message(self._on_message)

    def decode(
        self,
        codestream: bytes,
        components: tuple[Component, ...],
        area: Rectangle,
        window: Rectangle,
        margin: int = 0,
        threads: int = 1,
    ) -> Samples:
        """Decode as the CodestreamDecoder protocol says.

        Raises CodestreamError with the library's own words where it warns of or fails at anything.
        """
        address = ctypes.cast(ctypes.c_char_p(codestream), ctypes.c_void_p).value or 0
        call = _Call(codestream, address, 0, [])
        decoded = window.grown(margin).intersection(area)
        number = id(call)
        self._calls[number] = call
        try:
            with (
                self._codec(number, threads) as codec,
                self._stream(number, len(codestream)) as stream,
                self._image(codec, stream, call) as image,
            ):
                _check_image(image.contents, components, area)
                corners = (decoded.x0, decoded.y0, decoded.x1, decoded.y1)
                _check(self._library.opj_set_decode_area(codec, image, *corners), call)
                _check(self._library.opj_decode(codec, stream, image), call)
                return _take_samples(image.contents, components, decoded, window)
        finally:
            del self._calls[number]

    @contextmanager
    def _image(self, codec: int, stream: int, call: _Call) -> Iterator["ctypes._Pointer[Image]"]:
        library = self._library
        image = ImagePointer()
        try:
            _check(library.opj_read_header(stream, codec, ctypes.byref(image)), call)
            yield image
        finally:
            if image:
                library.opj_image_destroy(image)

    @contextmanager
    def _codec(self, call: int, threads: int) -> Iterator[int]:
        library = self._library
        codec = library.opj_create_decompress(CODEC_J2K)
        if not codec:
            raise MemoryError("OpenJPEG cannot allocate a decoder")
        try:
            parameters = ctypes.create_string_buffer(PARAMETERS_SIZE)
            library.opj_set_default_decoder_parameters(parameters)
            library.opj_set_warning_handler(codec, self._message, call)
            library.opj_set_error_handler(codec, self._message, call)
            done = (
                library.opj_setup_decoder(codec, parameters)
                and library.opj_decoder_set_strict_mode(codec, True)
                # Whatever OPJ_NUM_THREADS says. A thread that works for a waiting one is no gain.
                and library.opj_codec_set_threads(codec, threads if threads > 1 else 0)
            )
            if not done:
                raise OpenJpegError("OpenJPEG refuses to be set up")
            yield codec
        finally:
            library.opj_destroy_codec(codec)

    @contextmanager
    def _stream(self, call: int, size: int) -> Iterator[int]:
        library = self._library
        stream = library.opj_stream_create(STREAM_BUFFER, True)
        if not stream:
            raise MemoryError("OpenJPEG cannot allocate a stream")
        try:
            library.opj_stream_set_read_function(stream, self._read)
            library.opj_stream_set_skip_function(stream, self._skip)
            library.opj_stream_set_seek_function(stream, self._seek)
            library.opj_stream_set_user_data(stream, call, None)
            library.opj_stream_set_user_data_length(stream, size)
            yield stream
        finally:
            library.opj_stream_destroy(stream)

    def _on_read(self, buffer: int, wanted: int, number: int) -> int:
        call = self._calls[number]
        length = min(wanted, len(call.data) - call.position)
        if length <= 0:
            return END_OF_STREAM
        ctypes.memmove(buffer, call.address + call.position, length)
        call.position += length
        return length

    def _on_skip(self, count: int, number: int) -> int:
        call = self._calls[number]
        if count < 0 or call.position >= len(call.data):
            return -1
        skipped = min(count, len(call.data) - call.position)
        call.position += skipped
        return skipped

    def _on_seek(self, position: int, number: int) -> int:
        call = self._calls[number]
        if not 0 <= position <= len(call.data):
            return 0
        call.position = position
        return 1

    def _on_message(self, message: bytes, number: int) -> None:
        messages = self._calls[number].messages
        if len(messages) < MOST_MESSAGES:
            messages.append(message.decode("utf-8", "replace").strip())


def _check(succeeded: int, call: _Call) -> None:
    if call.messages or not succeeded:
        what = "; ".join(call.messages) or "no reason given"
        raise CodestreamError(f"JPEG 2000 decoding failed: {what}")


def _check_image(image: Image, components: tuple[Component, ...], area: Rectangle) -> None:
    """See that the library found what our own parser did, which also proves the struct layouts."""
    found = [
        (component.prec, bool(component.sgnd), component.dx, component.dy)
        for component in image.comps[: min(image.numcomps, len(components))]
    ]
    expected = [
        (component.bits, component.signed, component.step_x, component.step_y)
        for component in components
    ]
    if (image.x0, image.y0, image.x1, image.y1) != (area.x0, area.y0, area.x1, area.y1) or (
        image.numcomps != len(components) or found != expected
    ):
        raise OpenJpegError("OpenJPEG's image is not laid out as expected")


def decoding_margin(header: MainHeader, reduction: int) -> int:
    """How much further than a window to decode, in samples of the reduced image.

    Decoding an area, OpenJPEG takes three coefficients around it at each level of the 9-7
    transform, where up to four count; that one more lies 2ⁿ samples out after n levels.
    """
    levels = [style.levels for style in header.styles if not style.reversible]
    return 1 << (max(levels) - reduction) if levels else 0


def _take_samples(
    image: Image, components: tuple[Component, ...], decoded: Rectangle, window: Rectangle
) -> Samples:
    """Copy ``window`` out of the ``decoded`` samples of an image."""
    height, width = decoded.y1 - decoded.y0, decoded.x1 - decoded.x0
    rows = slice(window.y0 - decoded.y0, window.y1 - decoded.y0)
    columns = slice(window.x0 - decoded.x0, window.x1 - decoded.x0)
    shape = (len(components), window.y1 - window.y0, window.x1 - window.x0)
    samples = np.empty(shape, sample_type(components))
    for number, band in enumerate(samples):
        component = image.comps[number]
        if (component.h, component.w) != (height, width) or not component.data:
            raise CodestreamError("JPEG 2000 decoding gave no samples")
        band[...] = np.asarray(_Samples(component.data, height, width))[rows, columns]
    return samples
