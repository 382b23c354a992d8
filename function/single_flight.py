"""Work that several want at once, done once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from function.deadline import Deadline
from function.errors import DeadlineExceededError

Value = TypeVar("Value")


@dataclass(slots=True, eq=False)
class _Flight(Generic[Value]):
    """Work under way. Once it is ``over`` it has a value or a failure, unless it was given up."""

    over: threading.Event = field(default_factory=threading.Event)
    values: tuple[Value, ...] = ()
    failure: Exception | None = None


class SingleFlight(Generic[Value]):
    """Does what is asked for under one key once at a time, for all who ask meanwhile.

    Nothing is kept: who asks when the work is over has it done anew. So there is no more under
    way than there are threads that ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[Value]] = {}

    def share(self, key: str, make: Callable[[], Value], deadline: Deadline) -> tuple[Value, bool]:
        """Give what ``make`` makes, and whether it was this call's; raise what that raises.

        A failure is shared as a value is, but for one: where whoever does the work runs out of
        time, those who have more do it themselves. Raises DeadlineExceededError when ``deadline``
        passes first.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    own = self._flights[key] = _Flight[Value]()
                    break
            if not flight.over.wait(max(0.0, deadline.remaining())):
                raise DeadlineExceededError(
                    "the request waited for an identical one until its time was over"
                )
            if flight.failure is not None:
                raise flight.failure.with_traceback(None)
            if flight.values:
                return flight.values[0], False
        return self._make(key, own, make), True

    def _make(self, key: str, flight: _Flight[Value], make: Callable[[], Value]) -> Value:
        try:
            value = make()
            flight.values = (value,)
        except DeadlineExceededError:
            raise  # of this one's time, not of theirs
        except Exception as error:
            flight.failure = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.over.set()
        return value
