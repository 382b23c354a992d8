"""Windows of remote GeoTIFFs: their blocks are fetched before any is decoded, if they are few."""

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from threading import Event

from function.deadline import Deadline
from function.errors import ArchiveUnavailableError, SceneUnreadableError
from function.scenes.access.archive import Archive, Parts
from function.scenes.access.failures import FileReplacedError
from function.scenes.access.remote_file import RemoteFile
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Decoder, Need, Samples, Wanted
from function.scenes.gdal import file_name
from function.scenes.geotiff.library import TiffFile, TiffLibrary
from function.scenes.geotiff.window import MOST_AT_ONCE, BlockWindow
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.remote_windows import is_fetched
from function.scenes.stages import completed, then


class RemoteBlocks:
    """Fetches windows by the directories of their files; what does not fit goes to ``other``.

    Where a file is not known, its directories are read first, by a thread that may wait.
    """

    def __init__(self, archive: Archive, library: TiffLibrary, other: Decoder) -> None:
        self._archive = archive
        self._library = library
        self._other = other

    def begin(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts,
        ahead: Allowance | None = None,
    ) -> "list[Future[Decode]]":
        """Begin to fetch what all windows need: of files that are known in one round.

        What is needed later as far as ``ahead`` allows.
        """
        asking = _Asking(self._archive, self._library, self._other, deadline, counts, ahead)
        planned = [asking.plan_known(item) for item in wanted]
        coming = iter(asking.fetch([window for window in planned if window is not None]))
        return [
            asking.ask(item) if window is None else next(coming)
            for item, window in zip(wanted, planned, strict=True)
        ]


class _Asking:
    """Windows that are asked for together, until a deadline."""

    def __init__(
        self,
        archive: Archive,
        library: TiffLibrary,
        other: Decoder,
        deadline: Deadline,
        counts: DecodingCounts,
        ahead: Allowance | None,
    ) -> None:
        self._archive = archive
        self._library = library
        self._other = other
        self._deadline = deadline
        self._counts = counts
        self._ahead = ahead

    def plan_known(self, wanted: Wanted) -> BlockWindow | None:
        """Plan a window of a file that is known; None where the file has to be asked."""
        file = self._library.known(wanted.asset.href)
        if file is None or not file.levels:
            return None
        try:
            return BlockWindow.plan(wanted, file)
        except SceneUnreadableError:
            # The file may have been replaced since by one that is as it should be.
            self._library.forget(file)
            return None

    def fetch(self, windows: Sequence[BlockWindow], again: bool = True) -> "list[Future[Decode]]":
        """Begin to fetch the blocks of ``windows``; of a file that was replaced once ``again``.

        Those of a large window are fetched and decoded part by part, apart from the others.
        """
        small = [window for window in windows if window.bytes_needed <= MOST_AT_ONCE]
        parts = [self._parts(window) for window in small]
        coming = iter(self._archive.fetch(parts, self._deadline, self._counts))
        return [
            then(next(coming), partial(self._arrived, window, again))
            if window.bytes_needed <= MOST_AT_ONCE
            else self._read_long(window, again)
            for window in windows
        ]

    def ask(self, wanted: Wanted, again: bool = True) -> "Future[Decode]":
        """Begin to read the directories of a file, then its blocks."""
        href = wanted.asset.href

        def found(finding: "Future[TiffFile]") -> "Future[Decode]":
            file = finding.result()
            if file.levels:
                (ready,) = self.fetch([BlockWindow.plan(wanted, file)], again)
            else:
                (ready,) = self._other.prepare([wanted], self._deadline, self._counts, self._ahead)
            return ready

        finding = partial(self._library.find, href, self._deadline, self._counts)
        return then(self._archive.wait(finding), found)

    def _parts(self, window: BlockWindow) -> Parts:
        """Tell what to fetch of a window: of what is needed perhaps, a little or nothing."""
        fetched = is_fetched(window.wanted.need, window.bytes_needed, self._ahead)
        self._counts.add(bytes_needed=window.bytes_needed if fetched else 0)
        return Parts(window.wanted.asset.href, window.file.state, window.ranges if fetched else ())

    def _read_long(self, window: BlockWindow, again: bool) -> "Future[Decode]":
        """Begin to read a large window; once it is needed where it is not yet."""
        given_up = Event()
        read = partial(window.decode, partial(self._fetch_now, given_up))
        if window.wanted.need is not Need.NOW:
            return completed(read)

        def done(reading: "Future[Samples]") -> "Future[Decode]":
            if isinstance(reading.exception(), FileReplacedError):
                self._library.forget(window.file)
                if again:
                    return self.ask(window.wanted, again=False)
            return completed(reading.result)

        def end(outcome: "Future[Decode]") -> None:
            if outcome.cancelled():
                given_up.set()

        coming = then(self._archive.read_long(read), done)
        coming.add_done_callback(end)
        return coming

    def _fetch_now(self, given_up: Event, window: BlockWindow) -> RemoteFile:
        """Fetch the blocks of a part of a large window, and wait for them."""
        if given_up.is_set() or self._deadline.remaining() <= 0:
            message = f"{file_name(window.wanted.asset.href)} was not read in time"
            raise ArchiveUnavailableError(message)
        self._counts.add(bytes_needed=window.bytes_needed)
        parts = Parts(window.wanted.asset.href, window.file.state, window.ranges)
        (coming,) = self._archive.fetch([parts], self._deadline, self._counts)
        return coming.result()

    def _arrived(
        self, window: BlockWindow, again: bool, fetching: "Future[RemoteFile]"
    ) -> "Future[Decode]":
        if isinstance(fetching.exception(), FileReplacedError):
            self._library.forget(window.file)
            if again:
                return self.ask(window.wanted, again=False)
        file = fetching.result()
        return completed(lambda: window.decode(lambda _: file))
