"""Windows divided into blocks of tiles."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_geometry import headers

from function.scenes.jpeg2000.codestream import Component, MainHeader, Size
from function.scenes.jpeg2000.geometry import Rectangle, image_area, tile_area
from function.scenes.jpeg2000.tile_blocks import split_window


def square(side: int, tile: int) -> Size:
    return Size(0, side, side, 0, 0, tile, tile, 0, 0, (Component(8, False, 1, 1),))


@settings(max_examples=150, deadline=None)
@given(header=headers(), data=st.data())
def test_blocks_share_out_the_window(header: MainHeader, data: st.DataObject) -> None:
    size, reduction = header.size, data.draw(st.integers(0, 4))
    image = image_area(size).reduced(reduction)
    if image.empty:
        return
    x = sorted(data.draw(st.integers(image.x0, image.x1)) for _ in range(2))
    y = sorted(data.draw(st.integers(image.y0, image.y1)) for _ in range(2))
    window = Rectangle(x[0], y[0], x[1], y[1])
    if window.empty:
        return
    hits = np.zeros((window.y1 - window.y0, window.x1 - window.x0), int)
    for block in split_window(size, window, reduction):
        part = block.window
        rows = slice(part.y0 - window.y0, part.y1 - window.y0)
        columns = slice(part.x0 - window.x0, part.x1 - window.x0)
        hits[rows, columns] += 1
        areas = [tile_area(size, tile).reduced(reduction) for tile in block.tiles]
        grid = block.block
        across = -(-(grid.area.x1 - grid.tile_x0) // grid.tile_width)
        down = -(-(grid.area.y1 - grid.tile_y0) // grid.tile_height)
        assert across * down == len(areas)
        for number, area in enumerate(areas):
            row, column = divmod(number, across)
            x0 = grid.tile_x0 + column * grid.tile_width
            y0 = grid.tile_y0 + row * grid.tile_height
            cell = Rectangle(x0, y0, x0 + grid.tile_width, y0 + grid.tile_height)
            assert cell.intersection(grid.area) == area
            assert not area.intersection(part).empty
    assert (hits == 1).all()


@pytest.mark.parametrize(
    ("tile", "reduction", "tiles"), [(1024, 0, 1), (256, 0, 1), (256, 2, 16), (64, 2, 256)]
)
def test_small_tiles_are_joined(tile: int, reduction: int, tiles: int) -> None:
    side = 4096 >> reduction
    blocks = list(split_window(square(4096, tile), Rectangle(0, 0, side, side), reduction))
    assert {len(block.tiles) for block in blocks} == {tiles}


def test_tiles_that_are_not_halved_evenly_stay_alone() -> None:
    blocks = list(split_window(square(180, 36), Rectangle(0, 0, 23, 23), 3))
    assert [len(block.tiles) for block in blocks] == [1] * 25


def test_tiles_stay_alone_where_the_images_origin_cuts_the_first() -> None:
    size = replace(square(128, 32), x0=5)
    blocks = list(split_window(size, Rectangle(5, 0, 128, 128), 0))
    assert [len(block.tiles) for block in blocks] == [1] * 16
