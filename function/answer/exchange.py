"""What comes in and what goes out."""

from dataclasses import dataclass

from function.deadline import Deadline
from function.stored_body import StoredBody
from function.validity import Validity


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived: its form-encoded texts (query string, POST body), and where.

    ``held`` are the tags of answers that the client has already.
    """

    texts: tuple[str, ...]
    online_resource: str
    deadline: Deadline
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; ``scenes`` gave the pixels, ``warnings`` tell what is missing.

    A coverage comes from a file, which whoever sends it closes. ``validity`` is None where the
    next answer may be another at once. One that is ``held`` by the client has no body.
    """

    content_type: str
    body: bytes | StoredBody
    scenes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    validity: Validity | None = None
    held: bool = False
