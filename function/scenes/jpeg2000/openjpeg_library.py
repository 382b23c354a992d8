"""The functions and structures of OpenJPEG, for ctypes.

The names are those of openjpeg.h, version 2.5, whose ABI is that of libopenjp2.so.7.
"""

import ctypes

LIBRARY = "libopenjp2.so.7"
LEAST_VERSION = (2, 5)

Read = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
Skip = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
Seek = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.c_void_p)
Message = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)


class OpenJpegError(Exception):
    """The library is absent, too old, or not laid out as this binding expects."""


class ImageComponent(ctypes.Structure):
    """opj_image_comp_t."""

    _fields_ = (
        ("dx", ctypes.c_uint32),
        ("dy", ctypes.c_uint32),
        ("w", ctypes.c_uint32),
        ("h", ctypes.c_uint32),
        ("x0", ctypes.c_uint32),
        ("y0", ctypes.c_uint32),
        ("prec", ctypes.c_uint32),
        ("bpp", ctypes.c_uint32),
        ("sgnd", ctypes.c_uint32),
        ("resno_decoded", ctypes.c_uint32),
        ("factor", ctypes.c_uint32),
        ("data", ctypes.c_void_p),
        ("alpha", ctypes.c_uint16),
    )


class Image(ctypes.Structure):
    """opj_image_t."""

    _fields_ = (
        ("x0", ctypes.c_uint32),
        ("y0", ctypes.c_uint32),
        ("x1", ctypes.c_uint32),
        ("y1", ctypes.c_uint32),
        ("numcomps", ctypes.c_uint32),
        ("color_space", ctypes.c_int),
        ("comps", ctypes.POINTER(ImageComponent)),
        ("icc_profile_buf", ctypes.c_void_p),
        ("icc_profile_len", ctypes.c_uint32),
    )


ImagePointer = ctypes.POINTER(Image)
FUNCTIONS = {
    "opj_version": (ctypes.c_char_p, []),
    "opj_create_decompress": (ctypes.c_void_p, [ctypes.c_int]),
    "opj_destroy_codec": (None, [ctypes.c_void_p]),
    "opj_set_default_decoder_parameters": (None, [ctypes.c_void_p]),
    "opj_setup_decoder": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p]),
    "opj_decoder_set_strict_mode": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "opj_codec_set_threads": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "opj_set_warning_handler": (ctypes.c_int, [ctypes.c_void_p, Message, ctypes.c_void_p]),
    "opj_set_error_handler": (ctypes.c_int, [ctypes.c_void_p, Message, ctypes.c_void_p]),
    "opj_stream_create": (ctypes.c_void_p, [ctypes.c_size_t, ctypes.c_int]),
    "opj_stream_destroy": (None, [ctypes.c_void_p]),
    "opj_stream_set_read_function": (None, [ctypes.c_void_p, Read]),
    "opj_stream_set_skip_function": (None, [ctypes.c_void_p, Skip]),
    "opj_stream_set_seek_function": (None, [ctypes.c_void_p, Seek]),
    "opj_stream_set_user_data": (None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "opj_stream_set_user_data_length": (None, [ctypes.c_void_p, ctypes.c_uint64]),
    "opj_read_header": (
        ctypes.c_int,
        [ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ImagePointer)],
    ),
    "opj_set_decode_area": (
        ctypes.c_int,
        [ctypes.c_void_p, ImagePointer] + [ctypes.c_int32] * 4,
    ),
    "opj_decode": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ImagePointer]),
    "opj_image_destroy": (None, [ImagePointer]),
}


def load_library() -> ctypes.CDLL:
    """Load the library and declare its functions.

    Raises OpenJpegError where libopenjp2 2.5 or newer is not installed.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = arguments
    except (OSError, AttributeError) as error:
        raise OpenJpegError(f"{LIBRARY} cannot be used: {error}") from error
    version: str = library.opj_version().decode()
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_VERSION:
        raise OpenJpegError(f"OpenJPEG is {version}, older than 2.5")
    return library
