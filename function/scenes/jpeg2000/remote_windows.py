"""Windows of remote files: all their bytes are fetched at once, before any is decoded."""

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from function.deadline import Deadline
from function.scenes.access.archive import Archive, Parts
from function.scenes.access.failures import FileReplacedError
from function.scenes.access.remote_file import RemoteFile
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Need, Samples
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError
from function.scenes.jpeg2000.index_library import IndexLibrary
from function.scenes.jpeg2000.window_reader import AnotherImageError, ImageWindow, WindowReader
from function.scenes.stages import completed, then

# What is perhaps wanted next comes along in the same round up to so many bytes a window. They
# take a connection of 20 MB/s as long as the round trip of 30 ms that they may spare.
LIKELY_BYTES = 600 * 1024


def is_fetched(need: Need, size: int, ahead: Allowance | None) -> bool:
    """Tell whether the bytes of a window are fetched already, ``size`` of them."""
    if need is Need.NOW:
        return True
    likely = need is Need.SOON or size <= LIKELY_BYTES
    return likely and (ahead is None or ahead.take(size))


class RemoteWindows:
    """Fetches windows by their indexes; no thread that decodes waits for the network.

    Where the catalogue does not know the file as it is (it has no index of it, or of another
    state), the file itself is asked, on a thread that may wait.
    """

    def __init__(self, archive: Archive, indexes: IndexLibrary, reader: WindowReader) -> None:
        self._archive = archive
        self._indexes = indexes
        self._reader = reader

    def begin(
        self,
        wanted: Sequence[ImageWindow],
        deadline: Deadline,
        counts: DecodingCounts,
        ahead: Allowance | None = None,
    ) -> "list[Future[Decode]]":
        """Begin to fetch what all windows need, in one round; later ones as ``ahead`` allows."""
        patience = deadline.half()
        parts = [self._parts(each, patience, ahead) for each in wanted]
        known = [each for each in parts if each is not None]
        files = iter(self._archive.fetch(known, deadline, counts))
        return [
            self._ask(each) if part is None else self._await(each, next(files))
            for each, part in zip(wanted, parts, strict=True)
        ]

    def _parts(
        self, wanted: ImageWindow, patience: Deadline, ahead: Allowance | None
    ) -> Parts | None:
        """Tell which parts of its file a window needs.

        None where the file has to be asked, and where nothing is fetched yet.
        """
        indexed = self._indexes.known(wanted.asset, patience, wanted.counts)
        if indexed is None or indexed.index is None:
            return None
        try:
            ranges = self._reader.missing(wanted, indexed)
        except (CodestreamError, AnotherImageError):
            return None
        if not is_fetched(wanted.need, sum(length for _, length in ranges), ahead):
            return None
        return Parts(wanted.asset.href, indexed.state, ranges)

    def _await(self, wanted: ImageWindow, coming: "Future[RemoteFile]") -> "Future[Decode]":
        def arrived(file: "Future[RemoteFile]") -> "Future[Decode]":
            if isinstance(file.exception(), FileReplacedError):
                return self._ask(wanted)
            return completed(partial(self._reader.read, wanted, file.result()))

        return then(coming, arrived)

    def _ask(self, wanted: ImageWindow) -> "Future[Decode]":
        read = partial(self._read, wanted)
        if wanted.need is not Need.NOW:
            return completed(read)
        return then(self._archive.wait(read), lambda done: completed(done.result))

    def _read(self, wanted: ImageWindow) -> Samples:
        with self._archive.open(wanted.asset.href, wanted.deadline, wanted.counts) as file:
            return self._reader.read(wanted, file)
