"""The entries of TIFF's directories that are looked at, by their numbers.

TIFF 6.0 sections 2 to 23; the others are registered or private tags that libtiff and GDAL know.
"""

from enum import IntEnum


class Tag(IntEnum):
    """What describes an image: how large it is, and where its blocks lie."""

    NEW_SUBFILE_TYPE = 254
    SUBFILE_TYPE = 255
    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    STRIP_OFFSETS = 273
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    PLANAR_CONFIGURATION = 284
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    SAMPLE_FORMAT = 339
    IMAGE_DEPTH = 32997
    MODEL_PIXEL_SCALE = 33550
    MODEL_TIEPOINT = 33922


# What a decoder of a block has to know, beside its size: BitsPerSample, Compression,
# PhotometricInterpretation, Thresholding, FillOrder, Orientation, SamplesPerPixel,
# PlanarConfiguration, T4Options, T6Options, Predictor, ColorMap, InkSet, NumberOfInks,
# ExtraSamples, SampleFormat, JPEGTables, YCbCrCoefficients, YCbCrSubSampling, YCbCrPositioning,
# ReferenceBlackWhite, SGI's DataType, GDAL_METADATA (PIXELTYPE), GDAL_NODATA, LercParameters.
DECODING = frozenset(
    {258, 259, 262, 263, 266, 274, 277, 284, 292, 293, 317, 320, 332, 334, 338, 339, 347}
    | {529, 530, 531, 532, 32996, 42112, 42113, 50674}
)
BLOCKS = frozenset(
    {Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS, Tag.TILE_OFFSETS, Tag.TILE_BYTE_COUNTS}
)
WANTED = DECODING | frozenset(Tag) - {Tag.MODEL_PIXEL_SCALE, Tag.MODEL_TIEPOINT}
