"""Why a JPEG 2000 file is not read packet by packet."""

from collections.abc import Sequence

from function.errors import SceneUnreadableError

# What a decoder says of one damage, it says in several ways; the first ones tell.
MOST_MESSAGES = 3


class CodestreamError(SceneUnreadableError):
    """The file is damaged, or is not the one that its index describes."""


def decoding_failed(messages: Sequence[str]) -> CodestreamError:
    """Make the error of a decoder that said ``messages``."""
    return CodestreamError(f"JPEG 2000 decoding failed: {'; '.join(messages[:MOST_MESSAGES])}")


class TruncatedError(CodestreamError):
    """The bytes at hand end before what they announce."""


class UnfitCodestreamError(Exception):
    """The file may be sound, but its packets cannot be found one by one.

    The message is a short reason without figures, fit to be counted by. Such a file is read
    whole, by another decoder.
    """
