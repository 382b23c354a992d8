"""The time a request may take, counted from its arrival."""

import time
from dataclasses import dataclass

from function.errors import DeadlineExceededError


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, in seconds."""

    moment: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; negative once it has passed."""
        return self.moment - time.monotonic()

    def half(self) -> "Deadline":
        """Give the moment when half of what is left is over.

        Who waits no longer than until then has as much time again to go on without.
        """
        return Deadline(self.moment - max(0.0, self.remaining()) / 2)

    def check(self, stage: str) -> None:
        """Raise DeadlineExceededError, naming ``stage``, once the deadline has passed."""
        if self.remaining() <= 0:
            raise DeadlineExceededError(f"the request ran out of time in stage {stage}")
