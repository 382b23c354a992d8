"""What is remembered of tiles and their packets is bounded by its bytes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from function.scenes.jpeg2000 import packet_needs as needs_module
from function.scenes.jpeg2000 import packet_order as order_module
from function.scenes.jpeg2000.codestream import (
    CodingStyle,
    Component,
    MainHeader,
    Progression,
    Size,
)
from function.scenes.jpeg2000.geometry import Rectangle, tile_area
from function.scenes.jpeg2000.memory import MEMORY_BYTES, OVERHEAD, Memory
from function.scenes.jpeg2000.packet_needs import packet_needs
from function.scenes.jpeg2000.packet_order import count_packets, packet_layout

# Two values of the size that is told by the second argument, and what they are kept by.
LIMIT = 2 * (OVERHEAD + 100)


class Remembered:
    """A memory of names, and what it had to make."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.ask = Memory(self._make, lambda _value, _name, size: size, LIMIT)

    def _make(self, name: str, _size: int) -> str:
        self.made.append(name)
        return name.upper()


def test_what_was_used_last_is_kept() -> None:
    names = Remembered()
    assert [names.ask(name, 100) for name in "abacab"] == ["A", "B", "A", "C", "A", "B"]
    assert names.made == ["a", "b", "c", "b"]
    assert names.ask.bytes_kept == LIMIT


def test_what_is_larger_than_the_limit_is_not_kept() -> None:
    names = Remembered()
    assert [names.ask(name, size) for name, size in (("a", 100), ("b", LIMIT), ("b", LIMIT))] == [
        *("A", "B", "B")
    ]
    assert names.ask("a", 100) == "A"
    assert names.made == ["a", "b", "b"]


def test_threads_share_a_memory() -> None:
    names = Remembered()
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda number: names.ask("abc"[number % 3], 100), range(600)))
    assert given == ["ABC"[number % 3] for number in range(600)]
    assert names.ask.bytes_kept <= LIMIT


def test_tiles_of_many_packets_do_not_fill_the_memory() -> None:
    """Each tile has 65 536 packets and, by position, an order of its own."""
    side = 1024
    style = CodingStyle(0, 4, 4, 0, True, ((2, 2),))
    size = Size(0, 12 * side, side, 0, 0, side, side, 0, 0, (Component(8, False, 1, 1),))
    header = MainHeader(size, Progression.RPCL, 1, False, (style,), (), (), 0, frozenset())
    assert set(count_packets(header).tolist()) == {65_536}
    for tile in range(12):
        area = tile_area(size, tile)
        window = Rectangle(area.x0 + 8, 8, area.x0 + 16, 12)
        needs = packet_needs(header, area, window, 0)
        row = np.flatnonzero(needs.needed)
        # Rows of 256 precincts of 4 × 4 samples.
        assert row.tolist() == [2 * 256 + 2, 2 * 256 + 3]
        assert packet_layout(header, area) is packet_layout(header, area)
    for memory in (
        order_module._layouts, order_module._shapes, needs_module._whole, needs_module._parts
    ):  # fmt: skip
        assert 0 < memory.bytes_kept <= MEMORY_BYTES
