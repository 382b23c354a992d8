"""A failure as a picture: what a client asked for in place of an exception report."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailurePicture:
    """A picture of ``width`` x ``height`` pixels in the media type ``format``.

    It shows the message, unless it is to be ``blank``; ``background`` is 0xRRGGBB.
    """

    width: int
    height: int
    format: str
    transparent: bool
    background: str
    blank: bool
