"""The Decoder that reads, of a JPEG 2000 file, only the packets that a window needs."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial

from function.deadline import Deadline
from function.scene import Asset
from function.scenes.access.address import is_remote
from function.scenes.access.archive import PATIENCE_SECONDS, Archive
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Decoder, PixelWindow, Samples, Wanted
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.index_library import IndexLibrary, IndexStore, NoStore
from function.scenes.jpeg2000.remote_windows import RemoteWindows
from function.scenes.jpeg2000.shared_blocks import SharedBlocks
from function.scenes.jpeg2000.tile_reader import TileReader
from function.scenes.jpeg2000.window_reader import ImageWindow, WindowReader
from function.scenes.stages import completed


@dataclass(frozen=True, slots=True)
class Caches:
    """What is kept for later: bytes of decoded tiles and of codestream indexes.

    ``shared`` are the blocks of tiles that other processes keep as well.
    """

    tile_bytes: int
    index_bytes: int
    shared: SharedBlocks | None = None


class PacketDecoder:
    """A Decoder of JPEG 2000 files; what does not fit goes to ``other``.

    Files are opened by ``archive``. Tiles are decoded in parallel on ``executor``, on which
    callers may run as well. ``caches`` bound what is kept; ``store`` keeps indexes beyond that.
    ``cpus`` are how many threads it is worth to have at work at once. ``counts`` are of calls that
    bring none of their own.
    """

    def __init__(
        self,
        codestreams: CodestreamDecoder,
        other: Decoder,
        archive: Archive,
        executor: Executor,
        caches: Caches,
        store: IndexStore | None = None,
        cpus: int = 1,
    ) -> None:
        self.counts = DecodingCounts()
        self._archive = archive
        self._indexes = IndexLibrary(store or NoStore(), caches.index_bytes)
        tiles = TileReader(
            codestreams, executor, caches.tile_bytes, self.counts, cpus, caches.shared
        )
        self._reader = WindowReader(self._indexes, tiles, other)
        self._remote = RemoteWindows(archive, self._indexes, self._reader)

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> "list[Future[Decode]]":
        """Prepare as the Decoder protocol says: the indexes of all files are loaded at once too.

        A local file is read where it is decoded.
        """
        counts = counts or self.counts
        self._indexes.load((item.asset for item in wanted), counts)
        windows = [
            ImageWindow(item.asset, item.window, item.reduction, deadline, counts, item.need)
            for item in wanted
        ]
        far = [each for each in windows if is_remote(each.asset.href)]
        coming = iter(self._remote.begin(far, deadline, counts, ahead))
        return [
            next(coming) if is_remote(each.asset.href) else completed(partial(self._read, each))
            for each in windows
        ]

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        """Decode as the Decoder protocol says; a remote file is waited for.

        Raises SceneUnreadableError also where a packet is not what the file's own index says,
        and where the file is another image than the asset's.
        """
        deadline = Deadline.after(PATIENCE_SECONDS)
        return self._read(ImageWindow(asset, window, reduction, deadline, counts or self.counts))

    def _read(self, wanted: ImageWindow) -> Samples:
        with self._archive.open(wanted.asset.href, wanted.deadline, wanted.counts) as source:
            return self._reader.read(wanted, source)
