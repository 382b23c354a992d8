"""A memory of what a function gave, bounded by its bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar, TypeVarTuple, Unpack

Arguments = TypeVarTuple("Arguments")
Value = TypeVar("Value")

# Of a tile of ESA's images some 20 packets are remembered, in 1 to 2 KB: thousands of tiles, as a
# product has. A tile of 131 072 packets, the most there may be, takes 2.6 MB.
MEMORY_BYTES = 8 << 20
# The key, the value's own objects and the place in the dictionary.
OVERHEAD = 512


class Memory(Generic[*Arguments, Value]):
    """Calls ``make``, and keeps the values used last, up to ``limit`` bytes; shared by threads.

    ``size_of`` counts the bytes of a value and of the arguments it is kept by. A larger one than
    the limit is not kept. Two threads may make the same value at once.
    """

    def __init__(
        self,
        make: Callable[[Unpack[Arguments]], Value],
        size_of: Callable[[Value, Unpack[Arguments]], int],
        limit: int = MEMORY_BYTES,
    ) -> None:
        self._make = make
        self._size_of = size_of
        self._limit = limit
        self._kept: OrderedDict[tuple[*Arguments], tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes_kept(self) -> int:
        return self._bytes

    def __call__(self, *arguments: *Arguments) -> Value:
        with self._lock:
            kept = self._kept.get(arguments)
            if kept is not None:
                self._kept.move_to_end(arguments)
                return kept[0]
        value = self._make(*arguments)
        size = OVERHEAD + self._size_of(value, *arguments)
        if size <= self._limit:
            self._keep(arguments, value, size)
        return value

    def _keep(self, arguments: tuple[*Arguments], value: Value, size: int) -> None:
        with self._lock:
            if arguments in self._kept:
                return
            self._kept[arguments] = value, size
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed
