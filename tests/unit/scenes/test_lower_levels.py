"""Reductions below a file's own levels: the same samples in parts as at once."""

import tracemalloc
from dataclasses import dataclass, field

import numpy as np
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scene_images import UTM29

from function.grid import Grid
from function.scene import Asset
from function.scenes.decoder import PixelWindow, Samples, reduced_size
from function.scenes.low_pass import halve
from function.scenes.lower_levels import AT_ONCE, decode_at, source_windows

MOST = 4


@dataclass(slots=True)
class Levels:
    """An image's samples at every reduction; notes what is decoded of them."""

    every: list[Samples]
    decoded: list[tuple[PixelWindow, int]] = field(default_factory=list)

    def decode(self, window: PixelWindow, reduction: int) -> Samples:
        self.decoded.append((window, reduction))
        return self.cut(window, reduction)

    def cut(self, window: PixelWindow, reduction: int) -> Samples:
        return self.every[reduction][(slice(None), *window.slices)]


def image(width: int, height: int, components: int, bits: int) -> Asset:
    grid = Grid(UTM29, Affine(10, 0, 0, 0, -10, 0), width, height)
    return Asset("B04", "B04.jp2", grid, components, bits)


def reduce_whole(samples: Samples, bits: int) -> list[Samples]:
    """Transform a whole image level by level, each clipped as a decoder does."""
    lowest = -(1 << bits - 1) if samples.dtype.kind == "i" else 0
    every = [samples]
    for _ in range(MOST):
        halved = halve(every[-1].astype(np.int32))
        every.append(halved.clip(lowest, lowest + (1 << bits) - 1).astype(samples.dtype))
    return every


@given(st.data())
def test_windows_in_parts_are_those_of_the_whole(data: st.DataObject) -> None:
    def draw(least: int, most: int) -> int:
        return data.draw(st.integers(least, most))

    components, width, height, bits = draw(1, 3), draw(1, 90), draw(1, 90), draw(8, 12)
    signed = data.draw(st.booleans())
    lowest = -(1 << bits - 1) if signed else 0
    # Steps from end to end of the range, where the low-pass overshoots it.
    noise = np.random.default_rng(draw(0, 1 << 32))
    samples: NDArray[np.int16 | np.uint16] = noise.choice(
        np.array([lowest, lowest + 3, lowest + (1 << bits) - 1]), (components, height, width)
    ).astype(np.int16 if signed else np.uint16)
    levels = Levels(reduce_whole(samples, bits))
    asset = image(width, height, components, bits)
    reduction, offered, at_once = draw(0, MOST), draw(0, MOST), draw(1, 10_000)
    width, height = reduced_size(width, reduction), reduced_size(height, reduction)
    column, row = draw(0, width - 1), draw(0, height - 1)
    window = PixelWindow(column, row, draw(1, width - column), draw(1, height - row))

    found = decode_at(levels.decode, asset, window, reduction, offered, at_once)

    expected = levels.cut(window, reduction)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    assert levels.decoded == list(source_windows(asset, window, reduction, offered, at_once))
    assert {level for _, level in levels.decoded} == {min(reduction, offered)}
    if reduction > offered:
        # What one sample depends on: two to either side, of each level between.
        least = 4 * ((1 << reduction - offered) - 1) + 1
        most = max(at_once, least**2 * components)
        assert max(each.width * each.height for each, _ in levels.decoded) * components <= most


def test_a_large_image_takes_little_memory() -> None:
    size = 5490
    decoded: list[int] = []

    def decode(window: PixelWindow, _reduction: int) -> Samples:
        decoded.append(window.width * window.height)
        return np.full((1, window.height, window.width), 7, np.uint16)

    reduced = reduced_size(size, MOST)
    tracemalloc.start()
    try:
        whole = PixelWindow(0, 0, reduced, reduced)
        samples = decode_at(decode, image(size, size, 1, 16), whole, MOST, 0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert samples.shape == (1, reduced, reduced)
    assert (samples == 7).all()
    assert max(decoded) <= AT_ONCE
    # Little is decoded twice.
    assert size**2 <= sum(decoded) < 1.06 * size**2
    assert peak < 20 * AT_ONCE
