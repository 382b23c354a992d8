"""A codestream index as the catalogue keeps it: what it is of, and bytes that it does not read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileState:
    """Tells one state of a file from another.

    ``size`` is in bytes; ``stamp`` changes when the file is replaced: a local file's time of
    modification in nanoseconds, an object's ETag.
    """

    size: int
    stamp: str


@dataclass(frozen=True, slots=True)
class CodestreamRecord:
    """The index of one state of an image file, in the format of ``version``.

    ``packets`` are the index's own bytes; None where the file's packets cannot be found one by
    one, and then ``unfit`` tells why.
    """

    version: int
    state: FileState
    packets: bytes | None
    unfit: str | None = None


@dataclass(frozen=True, slots=True)
class KnownCodestream:
    """What the catalogue tells of a record without its packets, to see whether it still holds."""

    href: str
    version: int
    state: FileState
    unfit: str | None = None
