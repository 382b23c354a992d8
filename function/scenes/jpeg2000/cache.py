"""A memory of what was costly to make, bounded by its bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Claim(Generic[Value]):
    """What a cache answers: the value to come, and whether the asker is to make it."""

    future: "Future[Value]"
    to_make: bool


class ByteBoundedCache(Generic[Key, Value]):
    """Keeps the values used last, up to ``limit`` bytes; shared by threads.

    A value that one thread is making is waited for by the others, never made twice at once.
    ``size_of`` counts a value's bytes; one larger than the limit is handed out but not kept.
    """

    def __init__(self, limit: int, size_of: Callable[[Value], int]) -> None:
        self._limit = limit
        self._size_of = size_of
        self._kept: OrderedDict[Key, tuple[Future[Value], int]] = OrderedDict()
        self._making: dict[Key, Future[Value]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes_kept(self) -> int:
        return self._bytes

    def __contains__(self, key: Key) -> bool:
        """Tell whether a value is kept, or being made."""
        with self._lock:
            return key in self._kept or key in self._making

    def peek(self, key: Key) -> Value | None:
        """Give the value where it is kept."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0].result()

    def claim(self, key: Key) -> Claim[Value]:
        """Ask for a value. Who is told to make it must ``keep`` it or ``abandon`` it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return Claim(self._kept[key][0], to_make=False)
            if key in self._making:
                return Claim(self._making[key], to_make=False)
            future: Future[Value] = Future()
            self._making[key] = future
            return Claim(future, to_make=True)

    def keep(self, key: Key, value: Value) -> None:
        """Hand a claimed value to all who wait for it, and keep it as far as there is room."""
        size = self._size_of(value)
        with self._lock:
            future = self._making.pop(key)
            future.set_result(value)
            if size > self._limit:
                return
            self._kept[key] = future, size
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed

    def abandon(self, key: Key, error: BaseException) -> None:
        """Tell all who wait for a claimed value that it failed; the next asker tries anew."""
        with self._lock:
            future = self._making.pop(key)
            future.set_exception(error)

    def discard(self, key: Key, value: Value) -> None:
        """Forget ``value``; another one that is kept by now stays."""
        with self._lock:
            if key in self._kept and self._kept[key][0].result() is value:
                _, freed = self._kept.pop(key)
                self._bytes -= freed

    def get(self, key: Key, make: Callable[[], Value], wait: float | None = None) -> Value:
        """Give the value, made by ``make`` where it is not kept.

        Where another thread is making it, wait at most ``wait`` seconds: raises TimeoutError, and
        what that thread failed with.
        """
        claim = self.claim(key)
        if claim.to_make:
            try:
                value = make()
            except BaseException as error:
                self.abandon(key, error)
                raise
            self.keep(key, value)
        return claim.future.result(wait)
