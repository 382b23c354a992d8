"""The Decoder that reads, of a JPEG 2000 file, only the packets that a window needs."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from function.errors import SceneUnreadableError
from function.scene import Asset
from function.scenes.decoder import Decoder, PixelWindow, Samples
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.geometry import image_area
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.index_library import IndexLibrary, IndexStore, NoStore
from function.scenes.jpeg2000.index_record import IndexedFile
from function.scenes.jpeg2000.tile_reader import TileReader
from function.scenes.lower_levels import decode_at


class AnotherImageError(SceneUnreadableError):
    """The file, or the index of it, is of another image than the asset."""


class PacketDecoder:
    """A Decoder of JPEG 2000 files; what does not fit goes to ``other``.

    ``open_source`` opens a file by its href, for a ``with`` block. Tiles are decoded in parallel
    on ``executor``, on which callers may run as well. ``tile_bytes`` bounds the decoded tiles
    that are kept, ``index_bytes`` the codestream indexes, which ``store`` keeps beyond that.
    ``counts`` are of calls that bring none of their own.
    """

    def __init__(
        self,
        codestreams: CodestreamDecoder,
        other: Decoder,
        open_source: Callable[[str], AbstractContextManager[ByteSource]],
        executor: Executor,
        tile_bytes: int,
        index_bytes: int,
        store: IndexStore | None = None,
    ) -> None:
        self.counts = DecodingCounts()
        self._other = other
        self._open_source = open_source
        self._tiles = TileReader(codestreams, executor, tile_bytes, self.counts)
        self._indexes = IndexLibrary(store or NoStore(), index_bytes)

    def prepare(self, assets: Iterable[Asset], counts: DecodingCounts | None = None) -> None:
        """Load the codestream indexes of ``assets`` that are not at hand, all at once."""
        self._indexes.load(assets, counts or self.counts)

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        """Decode as the Decoder protocol says.

        Raises SceneUnreadableError also where a packet is not what the file's own index says,
        and where the file is another image than the asset's.
        """
        counts = counts or self.counts
        wanted = _Wanted(asset, window, reduction, counts)
        try:
            with self._open_source(asset.href) as source:
                indexed = self._indexes.find(asset, source, counts)
                try:
                    samples = self._read(wanted, source, indexed)
                except (CodestreamError, AnotherImageError):
                    fresh = self._indexes.doubt(asset, source, indexed, counts)
                    if fresh is None:
                        raise
                    samples = self._read(wanted, source, fresh)
        except CodestreamError as error:
            name = file_name(asset.href)
            raise SceneUnreadableError(f"{name} cannot be decoded: {error}") from error
        if samples is None:
            return self._other.decode(asset, window, reduction, counts)
        return samples

    def _read(self, wanted: "_Wanted", source: ByteSource, indexed: IndexedFile) -> Samples | None:
        """Decode by an index; None where the file does not fit one."""
        if indexed.index is None:
            wanted.counts.add_unfit(indexed.unfit)
            return None
        _check_asset(wanted.asset, indexed.index)
        read = partial(self._tiles.read, source, indexed.index, counts=wanted.counts)
        return decode_at(
            read, wanted.asset, wanted.window, wanted.reduction, indexed.index.header.levels
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A window to decode, and where what it takes is counted."""

    asset: Asset
    window: PixelWindow
    reduction: int
    counts: DecodingCounts


def _check_asset(asset: Asset, index: CodestreamIndex) -> None:
    size = index.header.size
    image = image_area(size)
    found = (len(size.components), image.y1 - image.y0, image.x1 - image.x0)
    if found != (asset.components, *asset.grid.shape):
        name = file_name(asset.href)
        raise AnotherImageError(f"{name} is another image than the one catalogued")
