"""The Decoder that reads, of a JPEG 2000 file, only the packets that a window needs."""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from function.errors import SceneUnreadableError
from function.scene import Asset
from function.scenes.decoder import Decoder, PixelWindow, Samples
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError
from function.scenes.jpeg2000.geometry import image_area
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.tile_reader import TileReader
from function.scenes.lower_levels import decode_at

# Beside its packed blocks an index holds its parsed main header.
INDEX_OVERHEAD = 4096


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A file's index, or the reason why it has none."""

    index: CodestreamIndex | None
    reason: str

    @property
    def size(self) -> int:
        blocks = self.index.blocks if self.index else ()
        return INDEX_OVERHEAD + sum(map(len, blocks))


class PacketDecoder:
    """A Decoder of JPEG 2000 files; what does not fit goes to ``other``.

    ``open_source`` opens a file by its href, for a ``with`` block. Tiles are decoded in parallel
    on ``executor``, on which callers may run as well. ``tile_bytes`` bounds the decoded tiles
    that are kept, ``index_bytes`` the codestream indexes.
    """

    def __init__(
        self,
        openjpeg: OpenJpeg,
        other: Decoder,
        open_source: Callable[[str], AbstractContextManager[ByteSource]],
        executor: Executor,
        tile_bytes: int,
        index_bytes: int,
    ) -> None:
        self.counts = DecodingCounts()
        self._other = other
        self._open_source = open_source
        self._tiles = TileReader(openjpeg, executor, tile_bytes, self.counts)
        self._indexes: ByteBoundedCache[tuple[str, int, int], _Indexed] = ByteBoundedCache(
            index_bytes, lambda indexed: indexed.size
        )

    def decode(self, asset: Asset, window: PixelWindow, reduction: int) -> Samples:
        """Decode as the Decoder protocol says.

        Raises SceneUnreadableError also where a packet is not what the file's own index says,
        and where the file is another image than the asset's.
        """
        name = file_name(asset.href)
        try:
            with self._open_source(asset.href) as source:
                indexed = self._indexes.get(source.identity, partial(self._make_index, source))
                if indexed.index is not None:
                    _check_asset(asset, indexed.index)
                    read = partial(self._tiles.read, source, indexed.index)
                    return decode_at(read, asset, window, reduction, indexed.index.header.levels)
        except CodestreamError as error:
            raise SceneUnreadableError(f"{name} cannot be decoded: {error}") from error
        self.counts.add_unfit(indexed.reason)
        return self._other.decode(asset, window, reduction)

    def _make_index(self, source: ByteSource) -> _Indexed:
        self.counts.add(indexes_built=1)
        try:
            return _Indexed(build_index(source), "")
        except UnfitCodestreamError as error:
            return _Indexed(None, str(error))


def _check_asset(asset: Asset, index: CodestreamIndex) -> None:
    size = index.header.size
    image = image_area(size)
    found = (len(size.components), image.y1 - image.y0, image.x1 - image.x0)
    if found != (asset.components, *asset.grid.shape):
        name = file_name(asset.href)
        raise SceneUnreadableError(f"{name} is another image than the one catalogued")
