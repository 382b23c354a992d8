"""A window of a remote GeoTIFF: which blocks it takes, and its samples out of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.windows import Window

from function.errors import SceneUnreadableError
from function.scenes.decoder import PixelWindow, Samples, Wanted
from function.scenes.gdal import file_name, gdal_environment
from function.scenes.geotiff.blocks import Blocks, Range
from function.scenes.geotiff.errors import DamagedTiffError
from function.scenes.geotiff.library import TiffFile
from function.scenes.geotiff.reduction import averaged_window, choose_level, read_reduced
from function.scenes.jpeg2000.byte_source import ByteSource

# What is read at once of a file. A window of 2048² of a band at 10 m takes some 10 MB; more is
# taken where there are no overviews, for ever so small a map.
MOST_AT_ONCE = 16 << 20


@dataclass(frozen=True, slots=True, eq=False)
class BlockWindow:
    """A window that is ``wanted`` of a ``file``.

    It is averaged, ``rest`` times halved, from ``blocks``, which lie in ``ranges`` of the file.
    """

    wanted: Wanted
    file: TiffFile
    blocks: Blocks
    rest: int
    ranges: Sequence[Range]

    @classmethod
    def plan(cls, wanted: Wanted, file: TiffFile) -> "BlockWindow":
        """Choose the level that a window is read from, and its blocks.

        Raises SceneUnreadableError for another image than the asset's, and for blocks that lie
        beyond the end of the file or are longer than any can be.
        """
        asset, name = wanted.asset, file_name(wanted.asset.href)
        image, *overviews = file.levels
        if (image.components, *image.shape) != (asset.components, *asset.grid.shape):
            raise SceneUnreadableError(f"{name} is another image than the one catalogued")
        shapes = [overview.shape for overview in overviews]
        number, level = choose_level(image.shape, shapes, wanted.reduction)
        chosen, rest = file.levels[number], wanted.reduction - level
        blocks = Blocks.under(chosen, averaged_window(chosen.shape, wanted.window, rest))
        try:
            ranges = blocks.ranges(file.state.size)
        except DamagedTiffError as error:
            raise SceneUnreadableError(f"{name} cannot be decoded: {error}") from error
        return cls(wanted, file, blocks, rest, ranges)

    @property
    def bytes_needed(self) -> int:
        """Count the bytes of the blocks."""
        return sum(length for _, length in self.ranges)

    def decode(self, read: Callable[["BlockWindow"], ByteSource]) -> Samples:
        """Decode the window part by part, so that no more than MOST_AT_ONCE is read at once.

        ``read`` gives the bytes that a part takes: all of the window where that is little. Raises
        what it does, and SceneUnreadableError for blocks that cannot be decoded.
        """
        halves = self._halves() if self.bytes_needed > MOST_AT_ONCE else None
        if halves is None:
            return self._decode(read(self))
        axis, windows = halves
        parts = [
            BlockWindow.plan(replace(self.wanted, window=window), self.file).decode(read)
            for window in windows
        ]
        return np.concatenate(parts, axis)

    def _halves(self) -> tuple[int, tuple[PixelWindow, PixelWindow]] | None:
        """Cut the window in two, between blocks along the axis that more of them lie along.

        Gives the axis too; None where the halves would take the same blocks.
        """
        blocks, level, window = self.blocks, self.blocks.level, self.wanted.window
        rows, columns = blocks.bottom - blocks.top, blocks.right - blocks.left
        if rows > 1 and window.height > 1 and (rows >= columns or window.width == 1):
            edge = (blocks.top + rows // 2) * level.block_height >> self.rest
            height = min(max(1, edge - window.row), window.height - 1)
            below = replace(window, row=window.row + height, height=window.height - height)
            return 1, (replace(window, height=height), below)
        if columns > 1 and window.width > 1:
            edge = (blocks.left + columns // 2) * level.block_width >> self.rest
            width = min(max(1, edge - window.column), window.width - 1)
            right = replace(window, column=window.column + width, width=window.width - width)
            return 2, (replace(window, width=width), right)
        return None

    def _decode(self, source: ByteSource) -> Samples:
        """Decode the window from its blocks, read from ``source`` at once."""
        asset = self.wanted.asset
        name, area = file_name(asset.href), self.blocks.area
        data = self.blocks.to_tiff(source.read_ranges(self.ranges))
        try:
            with (
                gdal_environment(),
                MemoryFile(data) as memory,
                memory.open(driver="GTiff") as dataset,
            ):
                found = dataset.count, *dataset.shape
                if found != (asset.components, area.height, area.width):
                    message = f"{name} is another image than the one catalogued"
                    raise SceneUnreadableError(message)
                return read_reduced(
                    partial(self._cut, dataset),
                    self.blocks.level.shape,
                    self.wanted.window,
                    self.rest,
                    asset.nodata,
                )
        except RasterioError as error:
            raise SceneUnreadableError(f"{name} cannot be decoded") from error

    def _cut(self, dataset: DatasetReader, window: PixelWindow) -> Samples:
        """Read a window of the level from the dataset of its blocks."""
        area = self.blocks.area
        column, row = window.column - area.column, window.row - area.row
        samples: Samples = dataset.read(window=Window(column, row, window.width, window.height))
        return samples
