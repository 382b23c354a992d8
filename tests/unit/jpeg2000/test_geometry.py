"""Packet order and needs, against the standard's own loops and against the filters themselves."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from function.scenes.jpeg2000.codestream import (
    CodingStyle,
    Component,
    MainHeader,
    Progression,
    Size,
)
from function.scenes.jpeg2000.geometry import Rectangle, image_area, tile_area, tiles_within
from function.scenes.jpeg2000.packet_needs import needed_coefficients, packet_needs
from function.scenes.jpeg2000.packet_order import count_packets, packet_layout

Packet = tuple[int, int, int, int]


@st.composite
def styles(draw: st.DrawFn, components: int) -> tuple[CodingStyle, ...]:
    def style() -> CodingStyle:
        levels = draw(st.integers(0, 4))
        first = draw(st.tuples(st.integers(0, 5), st.integers(0, 5)))
        others = st.tuples(st.integers(1, 5), st.integers(1, 5))
        precincts = (first, *(draw(others) for _ in range(levels)))
        return CodingStyle(levels, 4, 4, 0, draw(st.booleans()), precincts)

    if draw(st.booleans()):
        return (style(),) * components
    return tuple(style() for _ in range(components))


@st.composite
def headers(draw: st.DrawFn) -> MainHeader:
    components = draw(st.integers(1, 3))
    x0, y0 = draw(st.integers(0, 90)), draw(st.integers(0, 90))
    width, height = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    tile_width, tile_height = draw(st.integers(5, 80)), draw(st.integers(5, 80))
    size = Size(
        capabilities=0,
        x1=x0 + width,
        y1=y0 + height,
        x0=x0,
        y0=y0,
        tile_width=tile_width,
        tile_height=tile_height,
        tile_x0=draw(st.integers(max(0, x0 - tile_width + 1), x0)),
        tile_y0=draw(st.integers(max(0, y0 - tile_height + 1), y0)),
        components=(Component(8, False, 1, 1),) * components,
    )
    return MainHeader(
        size=size,
        progression=draw(st.sampled_from(Progression)),
        layers=draw(st.integers(1, 2)),
        ends_packet_headers=False,
        styles=draw(styles(components)),
        tile_parts=(),
        kept=(),
        length=0,
        others=frozenset(),
    )


class StandardOrder:
    """The loops of ISO/IEC 15444-1 B.12.1, one sample position after another."""

    def __init__(self, header: MainHeader, tile: Rectangle) -> None:
        self.header = header
        self.tile = tile
        self.components = range(len(header.styles))
        self.resolutions = range(max(style.levels for style in header.styles) + 1)
        self.layers = range(header.layers)

    def precincts(self, component: int, resolution: int) -> list[tuple[int, int]]:
        """(column, row) of each precinct, in raster order (B.6)."""
        style = self.header.styles[component]
        if resolution > style.levels:
            return []
        x0, y0, x1, y1 = self.level(component, resolution)
        if x0 >= x1 or y0 >= y1:
            return []
        width, height = style.precincts[resolution]
        columns = -(-x1 // 2**width) - x0 // 2**width
        rows = -(-y1 // 2**height) - y0 // 2**height
        return [(column, row) for row in range(rows) for column in range(columns)]

    def level(self, component: int, resolution: int) -> tuple[int, int, int, int]:
        step = 2 ** (self.header.styles[component].levels - resolution)
        tile = self.tile
        return -(-tile.x0 // step), -(-tile.y0 // step), -(-tile.x1 // step), -(-tile.y1 // step)

    def at(self, component: int, resolution: int, x: int, y: int) -> list[tuple[int, int]]:
        """The precinct whose packets come at (x, y), if there is one (B.12.1.3)."""
        style = self.header.styles[component]
        precincts = self.precincts(component, resolution)
        if not precincts:
            return []
        step = 2 ** (style.levels - resolution)
        width, height = (2**size for size in style.precincts[resolution])
        x0, y0, _, _ = self.level(component, resolution)
        starts_row = y % (height * step) == 0 or (
            y == self.tile.y0 and y0 * step % (height * step) != 0
        )
        starts_column = x % (width * step) == 0 or (
            x == self.tile.x0 and x0 * step % (width * step) != 0
        )
        if not (starts_row and starts_column):
            return []
        column = -(-x // step) // width - x0 // width
        row = -(-y // step) // height - y0 // height
        return [(column, row)] if (column, row) in precincts else []

    def positions(self) -> list[tuple[int, int]]:
        tile = self.tile
        return [(x, y) for y in range(tile.y0, tile.y1) for x in range(tile.x0, tile.x1)]

    def packets(self) -> list[Packet]:
        order = self.header.progression
        if order == Progression.LRCP:
            return [
                (c, r, *p)
                for _ in self.layers
                for r in self.resolutions
                for c in self.components
                for p in self.precincts(c, r)
            ]
        if order == Progression.RLCP:
            return [
                (c, r, *p)
                for r in self.resolutions
                for _ in self.layers
                for c in self.components
                for p in self.precincts(c, r)
            ]
        if order == Progression.RPCL:
            return [
                (c, r, *p)
                for r in self.resolutions
                for x, y in self.positions()
                for c in self.components
                for p in self.at(c, r, x, y)
                for _ in self.layers
            ]
        if order == Progression.PCRL:
            return [
                (c, r, *p)
                for x, y in self.positions()
                for c in self.components
                for r in self.resolutions
                for p in self.at(c, r, x, y)
                for _ in self.layers
            ]
        return [
            (c, r, *p)
            for c in self.components
            for x, y in self.positions()
            for r in self.resolutions
            for p in self.at(c, r, x, y)
            for _ in self.layers
        ]


@settings(max_examples=80, deadline=None)
@given(header=headers(), choice=st.integers(0, 10**6))
def test_packets_come_in_the_order_of_the_standard(header: MainHeader, choice: int) -> None:
    number = choice % header.size.tiles
    tile = tile_area(header.size, number)
    layout = packet_layout(header, tile)
    found = list(
        zip(
            layout.component.tolist(),
            layout.resolution.tolist(),
            layout.column.tolist(),
            layout.row.tolist(),
            strict=True,
        )
    )
    assert found == StandardOrder(header, tile).packets()
    assert count_packets(header)[number] == len(found)


@settings(max_examples=100, deadline=None)
@given(header=headers(), reduction=st.integers(0, 3))
def test_tiles_share_out_the_reduced_image(header: MainHeader, reduction: int) -> None:
    image = image_area(header.size).reduced(reduction)
    hits = np.zeros((max(image.y1 - image.y0, 0), max(image.x1 - image.x0, 0)), int)
    if not hits.size:
        return
    columns, rows = tiles_within(header.size, image, reduction)
    for column, row in product(columns, rows):
        number = row * header.size.tile_columns + column
        tile = tile_area(header.size, number).reduced(reduction)
        hits[tile.y0 - image.y0 : tile.y1 - image.y0, tile.x0 - image.x0 : tile.x1 - image.x0] += 1
    assert (hits == 1).all()


def synthesise(
    low: NDArray[np.float64], high: NDArray[np.float64], start: int, reversible: bool
) -> NDArray[np.float64]:
    """One level of synthesis of a signal that starts at ``start``, without rounding (F.3)."""
    length = len(low) + len(high)
    if length == 1:
        return low if len(low) else high / 2
    mixed = np.empty(length)
    mixed[start % 2 :: 2] = low
    mixed[(start + 1) % 2 :: 2] = high
    reach = 8
    extended = np.pad(mixed, reach, mode="reflect") if length > reach else _mirror(mixed, reach)
    positions = np.arange(start - reach, start + length + reach)
    steps = [0.25, -0.5] if reversible else [0.443506852, 0.882911076, -0.052980119, -1.586134342]
    for number, step in enumerate(steps):
        chosen = np.flatnonzero(positions % 2 == number % 2)[1:-1]
        extended[chosen] -= step * (extended[chosen - 1] + extended[chosen + 1])
    return extended[reach:-reach]


def _mirror(signal: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    period = 2 * (len(signal) - 1)
    places = np.arange(-reach, len(signal) + reach) % period
    return signal[np.minimum(places, period - places)]


def influencing(
    start: int, end: int, samples: tuple[int, int], reversible: bool
) -> tuple[set[int], set[int]]:
    """Which low- and high-pass coefficients change any of ``samples``, found one by one."""
    lows = range(-(-start // 2), -(-end // 2))
    highs = range(start // 2, end // 2)
    found: tuple[set[int], set[int]] = (set(), set())
    for which, band in enumerate((lows, highs)):
        for place in band:
            low, high = np.zeros(len(lows)), np.zeros(len(highs))
            (low, high)[which][place - band.start] = 1.0
            signal = synthesise(low, high, start, reversible)
            if np.any(signal[samples[0] - start : samples[1] - start]):
                found[which].add(place)
    return found


@pytest.mark.parametrize("reversible", [True, False])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_margin_is_what_the_filter_reaches_and_no_more(
    data: st.DataObject, reversible: bool
) -> None:
    start = data.draw(st.integers(0, 9))
    end = start + data.draw(st.integers(1, 24))
    first = data.draw(st.integers(start, end - 1))
    last = data.draw(st.integers(first + 1, end))
    low, high = needed_coefficients((first, last), start, end, reversible)
    for run, found in zip(
        (low, high), influencing(start, end, (first, last), reversible), strict=True
    ):
        assert found <= set(range(*run))
        if found and end - start > 1:
            assert run == (min(found), max(found) + 1)


def esa_band() -> MainHeader:
    """A 10 m band: tiles of 1024, precincts of 256, four levels."""
    size = Size(0, 10980, 10980, 0, 0, 1024, 1024, 0, 0, (Component(15, False, 1, 1),))
    style = CodingStyle(4, 6, 6, 0, True, ((8, 8),) * 5)
    return MainHeader(size, Progression.LRCP, 1, False, (style,), (), (), 0, frozenset())


def test_needs_of_a_window_in_an_esa_band() -> None:
    header = esa_band()
    tile = tile_area(header.size, 0)
    # In the middle of the precinct in column 1, row 2 of the highest resolution.
    needs = packet_needs(header, tile, Rectangle(300, 600, 400, 700), 0)
    layout = packet_layout(header, tile)
    chosen = {
        (int(layout.resolution[n]), int(layout.column[n]), int(layout.row[n]))
        for n in np.flatnonzero(needs.needed)
    }
    assert chosen == {(4, 1, 2), (3, 0, 1), (2, 0, 0), (1, 0, 0), (0, 0, 0)}
    assert needs.places.tolist() == list(range(23))


def test_a_reduced_window_leaves_the_high_resolutions_out() -> None:
    header = esa_band()
    tile = tile_area(header.size, 0)
    for window in (Rectangle(0, 0, 256, 256), Rectangle(9, 9, 30, 30)):
        needs = packet_needs(header, tile, window, 2)
        assert np.flatnonzero(needs.needed).tolist() == [0, 1, 2]
        assert needs.places.tolist() == [0, 1, 2]


@settings(max_examples=60, deadline=None)
@given(header=headers(), data=st.data())
def test_a_larger_window_needs_as_much_at_least(header: MainHeader, data: st.DataObject) -> None:
    tile = tile_area(header.size, data.draw(st.integers(0, header.size.tiles - 1)))
    reduction = data.draw(st.integers(0, header.levels))
    area = tile.reduced(reduction)
    if area.empty:
        return
    x = sorted(data.draw(st.integers(area.x0, area.x1)) for _ in range(2))
    y = sorted(data.draw(st.integers(area.y0, area.y1)) for _ in range(2))
    window = Rectangle(x[0], y[0], x[1], y[1])
    if window.empty:
        return
    some, whole = (packet_needs(header, tile, part, reduction) for part in (window, area))
    assert not np.any(some.needed & ~whole.needed)
    assert set(np.flatnonzero(whole.needed)) == set(whole.places)
    # Nothing can be reconstructed without the lowest resolution that has samples at all.
    resolution = packet_layout(header, tile).resolution
    assert resolution[some.needed].min() == resolution.min()
