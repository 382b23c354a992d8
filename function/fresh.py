"""A value that is fetched anew once it is older than it may be."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from function.errors import OwsError

Value = TypeVar("Value")


class Fresh(Generic[Value]):
    """Calls ``fetch`` at most once in ``seconds``, whatever the number of threads that ask.

    An OwsError that ``fetch`` raises is not kept: the next who asks tries again. But those who
    waited for that try share its outcome, so a catalogue that is away is not waited for by each
    request in turn.
    """

    def __init__(self, fetch: Callable[[], Value], seconds: float) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._lock = threading.Lock()
        self._tries = 0
        self._failure: OwsError | None = None
        self._values: tuple[Value, ...] = ()
        self._expires = float("-inf")

    def get(self) -> Value:
        """Give the value; raise what ``fetch`` raised. Where it is fresh no try is waited for."""
        tries = self._tries
        values = self._values
        if time.monotonic() < self._expires:
            return values[-1]
        with self._lock:
            if self._tries == tries and time.monotonic() >= self._expires:
                self._try()
            return self._outcome()

    def renew(self) -> None:
        """Fetch the value anew, however fresh it is; raise what ``fetch`` raised."""
        with self._lock:
            self._try()
            self._outcome()

    def _outcome(self) -> Value:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        return self._values[-1]

    def _try(self) -> None:
        self._tries += 1
        try:
            values = (self._fetch(),)
        except OwsError as error:
            self._failure = error
            self._expires = float("-inf")
        else:
            self._failure = None
            # In this order: who sees the new end of the time sees the new value, or asks anew.
            self._values = values
            self._expires = time.monotonic() + self._seconds
