"""An answer that is too long to hold in memory."""

from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True, eq=False)
class StoredBody:
    """A file without a name, to be sent from where it stands and then closed.

    ``file_name`` is what a client may call it, None where it is of several parts.
    """

    content_type: str
    file: BinaryIO
    size: int
    file_name: str | None = None

    def __len__(self) -> int:
        """Bytes in all."""
        return self.size
