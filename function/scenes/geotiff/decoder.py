"""The Decoder that reads, of a remote GeoTIFF, only the blocks that a window needs."""

from collections.abc import Sequence
from concurrent.futures import Future

from function.deadline import Deadline
from function.scene import Asset
from function.scenes.access.address import is_remote
from function.scenes.access.archive import PATIENCE_SECONDS, Archive
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Decoder, PixelWindow, Samples, Wanted
from function.scenes.geotiff.library import TiffLibrary
from function.scenes.geotiff.remote_blocks import RemoteBlocks
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.lattice import is_jpeg2000


class BlockDecoder:
    """A Decoder of remote GeoTIFFs; local files and what does not fit go to ``other``.

    Files are fetched by ``archive``. ``kept_bytes`` bounds the directories that are kept,
    some 20 KB for a band of 10980² in tiles of 512 and its overviews.
    ``counts`` are of calls that bring none of their own.
    """

    def __init__(self, other: Decoder, archive: Archive, kept_bytes: int) -> None:
        self.counts = DecodingCounts()
        self._other = other
        self._remote = RemoteBlocks(archive, TiffLibrary(archive, kept_bytes), other)

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> "list[Future[Decode]]":
        """Prepare as the Decoder protocol says: blocks of files that are known in one round.

        Of the others the directories are read first, then at once their blocks.
        """
        far = [item for item in wanted if _is_ours(item.asset)]
        rest = [item for item in wanted if not _is_ours(item.asset)]
        others = iter(self._other.prepare(rest, deadline, counts, ahead))
        ours = iter(self._remote.begin(far, deadline, counts or self.counts, ahead))
        return [next(ours) if _is_ours(item.asset) else next(others) for item in wanted]

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        """Decode as the Decoder protocol says; a remote file is waited for."""
        if not _is_ours(asset):
            return self._other.decode(asset, window, reduction, counts)
        wanted = [Wanted(asset, window, reduction)]
        (coming,) = self.prepare(wanted, Deadline.after(PATIENCE_SECONDS), counts)
        return coming.result()()


def _is_ours(asset: Asset) -> bool:
    return is_remote(asset.href) and not is_jpeg2000(asset)
