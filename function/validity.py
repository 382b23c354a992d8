"""How long an answer holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validity:
    """``tag`` differs wherever the answer may; None where nothing tells whether it does.

    ``max_age`` is in seconds.
    """

    tag: str | None
    max_age: int
