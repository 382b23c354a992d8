"""Windows read by the codestream index of their file."""

from dataclasses import dataclass
from functools import partial

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scene import Asset
from function.scenes.decoder import Decoder, Need, PixelWindow, Samples, Wanted
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.codestream import MainHeader
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.fetching import merge_ranges
from function.scenes.jpeg2000.geometry import image_area
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.index_library import IndexLibrary
from function.scenes.jpeg2000.index_record import IndexedFile
from function.scenes.jpeg2000.tile_reader import TileReader
from function.scenes.lower_levels import decode_at, levels_from_corner, source_windows


class AnotherImageError(SceneUnreadableError):
    """The file, or the index of it, is of another image than the asset."""


@dataclass(frozen=True, slots=True)
class ImageWindow:
    """A window and when it is decoded; until when at most, and where what it takes counts."""

    asset: Asset
    window: PixelWindow
    reduction: int
    deadline: Deadline
    counts: DecodingCounts
    need: Need = Need.NOW

    @property
    def name(self) -> str:
        return file_name(self.asset.href)


class WindowReader:
    """Finds the index of a window's file and reads the window by it; else ``other`` does."""

    def __init__(self, indexes: IndexLibrary, tiles: TileReader, other: Decoder) -> None:
        self._indexes = indexes
        self._tiles = tiles
        self._other = other

    def read(self, wanted: ImageWindow, source: ByteSource) -> Samples:
        """Decode a window of the file that ``source`` reads.

        Raises SceneUnreadableError also where a packet is not what the file's own index says, and
        where the file is another image than the asset's.
        """
        asset, counts = wanted.asset, wanted.counts
        # Until when it waits for others who read the file.
        patience = wanted.deadline.half()
        try:
            indexed = self._indexes.find(asset, source, patience, counts)
            try:
                samples = self._decode(wanted, source, indexed)
            except (CodestreamError, AnotherImageError):
                fresh = self._indexes.doubt(asset, source, indexed, patience, counts)
                if fresh is None:
                    raise
                samples = self._decode(wanted, source, fresh)
        except CodestreamError as error:
            raise SceneUnreadableError(f"{wanted.name} cannot be decoded: {error}") from error
        if samples is None:
            window = Wanted(asset, wanted.window, wanted.reduction)
            (ready,) = self._other.prepare([window], wanted.deadline, counts)
            return ready.result()()
        return samples

    def missing(self, wanted: ImageWindow, indexed: IndexedFile) -> list[tuple[int, int]]:
        """Tell which ranges (offset, length) of its file a window still needs.

        None at all where the file does not fit an index. Raises CodestreamError and
        AnotherImageError where the index cannot be of this image.
        """
        index = indexed.index
        if index is None:
            return []
        _check_asset(wanted.asset, index)
        identity = wanted.asset.href, indexed.state.size, indexed.state.stamp
        windows = source_windows(
            wanted.asset, wanted.window, wanted.reduction, _usable_levels(index.header)
        )
        ranges = [
            item
            for window, reduction in windows
            for item in self._tiles.missing(identity, index, window, reduction)
        ]
        return merge_ranges(ranges, 0)

    def _decode(
        self, wanted: ImageWindow, source: ByteSource, indexed: IndexedFile
    ) -> Samples | None:
        """Decode by an index; None where the file does not fit one."""
        if indexed.index is None:
            wanted.counts.add(windows_unfit=1)
            return None
        _check_asset(wanted.asset, indexed.index)
        read = partial(self._tiles.read, source, indexed.index, counts=wanted.counts)
        levels = _usable_levels(indexed.index.header)
        return decode_at(read, wanted.asset, wanted.window, wanted.reduction, levels)


def _usable_levels(header: MainHeader) -> int:
    return levels_from_corner(header.size.x0, header.size.y0, header.levels)


def _check_asset(asset: Asset, index: CodestreamIndex) -> None:
    size = index.header.size
    image = image_area(size)
    found = (len(size.components), image.y1 - image.y0, image.x1 - image.x0)
    if found != (asset.components, *asset.grid.shape):
        name = file_name(asset.href)
        raise AnotherImageError(f"{name} is another image than the one catalogued")
