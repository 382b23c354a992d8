"""Why a JPEG 2000 file is not read packet by packet."""

from function.errors import SceneUnreadableError


class CodestreamError(SceneUnreadableError):
    """The file is damaged, or is not the one that its index describes."""


class TruncatedError(CodestreamError):
    """The bytes at hand end before what they announce."""


class UnfitCodestreamError(Exception):
    """The file may be sound, but its packets cannot be found one by one.

    The message is a short reason without figures, fit to be counted by. Such a file is read
    whole, by another decoder.
    """
