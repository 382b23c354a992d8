"""What comes in and what goes out."""

from dataclasses import dataclass

from function.deadline import Deadline
from function.stored_body import StoredBody


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived: its form-encoded texts (query string, POST body), and where."""

    texts: tuple[str, ...]
    online_resource: str
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; ``scenes`` gave the pixels, ``warnings`` tell what is missing.

    A coverage comes from a file, which whoever sends it closes.
    """

    content_type: str
    body: bytes | StoredBody
    scenes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
