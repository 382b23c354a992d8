"""Why a GeoTIFF is not read block by block."""

from function.errors import SceneUnreadableError


class DamagedTiffError(SceneUnreadableError):
    """What the file's directories say cannot be."""


class UnfitTiffError(Exception):
    """The file may be sound, but its blocks are not read one by one; the message says why.

    Such a file goes to another decoder, whole.
    """
