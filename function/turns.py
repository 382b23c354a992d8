"""How many requests are worked on at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from function.deadline import Deadline
from function.errors import DeadlineExceededError


class Turns:
    """So many requests at once; the others wait within their own deadlines."""

    def __init__(self, count: int) -> None:
        self._turns = threading.BoundedSemaphore(count)

    @contextmanager
    def take(self, deadline: Deadline) -> Iterator[None]:
        """Wait until fewer requests than may be are answered; raise DeadlineExceededError."""
        if not self._turns.acquire(timeout=max(0.0, deadline.remaining())):
            raise DeadlineExceededError("the request waited for its turn until its time was over")
        try:
            yield
        finally:
            self._turns.release()
