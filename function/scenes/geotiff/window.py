"""A window of a remote GeoTIFF: which blocks it takes, and its samples out of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

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
from function.scenes.whole_files import LONGEST


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

        Raises SceneUnreadableError for another image than the asset's, for blocks that lie beyond
        the end of the file, and for more bytes than are read at once.
        """
        asset, name = wanted.asset, file_name(wanted.asset.href)
        image, *overviews = file.levels
        if image.shape != asset.grid.shape:
            raise SceneUnreadableError(f"{name} is another image than the one catalogued")
        shapes = [overview.shape for overview in overviews]
        number, level = choose_level(image.shape, shapes, wanted.reduction)
        chosen, rest = file.levels[number], wanted.reduction - level
        blocks = Blocks.under(chosen, averaged_window(chosen.shape, wanted.window, rest))
        try:
            ranges = blocks.ranges(file.state.size)
        except DamagedTiffError as error:
            raise SceneUnreadableError(f"{name} cannot be decoded: {error}") from error
        if sum(length for _, length in ranges) > LONGEST:
            raise SceneUnreadableError(f"a window of {name} takes more bytes than are read at once")
        return cls(wanted, file, blocks, rest, ranges)

    def decode(self, source: ByteSource) -> Samples:
        """Decode the window from its blocks, read from ``source``.

        Raises SceneUnreadableError for blocks that cannot be decoded.
        """
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
