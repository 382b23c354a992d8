"""The archive as its readers see it: files by their hrefs, near and far."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from function.codestream_record import FileState
from function.deadline import Deadline
from function.scenes.access.address import is_remote, local_path
from function.scenes.access.background_loop import BackgroundLoop
from function.scenes.access.failures import check_size
from function.scenes.access.fetcher import Fetched, Fetcher, Wish
from function.scenes.access.hosts import HostLimits, Hosts
from function.scenes.access.listing import Listing, list_local
from function.scenes.access.range_cache import RangeCache
from function.scenes.access.remote_file import RemoteFile
from function.scenes.access.stores import Stores
from function.scenes.access.transfers import RemoteName, Transfers
from function.scenes.ending_threads import EndingThreads
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.byte_source import LocalByteSource
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.stages import completed, then

Result = TypeVar("Result")

# What is read outside of a request, as for ingest, has no deadline but this.
PATIENCE_SECONDS = 60.0
# What is large is read in parts of 16 MB by as many threads: with what is decoded of them each took
# 75 to 130 MB.
LARGE_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class AccessLimits:
    """How the network may be used.

    At most ``connections`` to a host at once; a try of a read may take ``timeout`` seconds, and a
    read ``tries`` of them. What was read is kept up to ``kept_bytes``. A host that is silent is not
    asked for ``pause`` seconds; with 0 it always is.
    """

    connections: int
    timeout: float
    tries: int
    kept_bytes: int
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Ranges (offset, length) of a remote file in a state that is known."""

    href: str
    state: FileState
    ranges: Sequence[tuple[int, int]]


class Archive:
    """Opens files; shared by threads. Nothing is connected until a remote file is read."""

    def __init__(self, limits: AccessLimits) -> None:
        transfers = Transfers(
            Stores(limits.connections, limits.timeout),
            Hosts(HostLimits(limits.connections, limits.timeout, limits.pause)),
            limits.tries,
        )
        self._transfers = transfers
        self._loop = BackgroundLoop()
        self._fetcher = Fetcher(
            transfers, limits.connections, RangeCache(limits.kept_bytes), self._loop
        )
        # Threads that wait for the network, so that those that decode never do. Each waits for one
        # file at a time, so that more than there are connections would wait for one another.
        self._waiting = EndingThreads(limits.connections, "archive")
        self._reading_long = EndingThreads(LARGE_AT_ONCE, "large")

    def open(
        self, href: str, deadline: Deadline | None = None, counts: DecodingCounts | None = None
    ) -> LocalByteSource | RemoteFile:
        """Open a file, for a ``with`` block.

        Nothing is asked of a remote one yet. Raises SceneUnreadableError for a local one that
        cannot be opened.
        """
        if not is_remote(href):
            return LocalByteSource(local_path(href))
        return RemoteFile(
            self._fetcher,
            RemoteName(href, None),
            *_or_patient(deadline, counts),
        )

    def fetch(
        self, wanted: Sequence[Parts], deadline: Deadline, counts: DecodingCounts
    ) -> "list[Future[RemoteFile]]":
        """Begin to fetch parts of many remote files, all in one round.

        Each file is given as soon as its own parts are at hand; its future fails as those of
        ``Fetcher.begin`` do.
        """
        wishes = [Wish(RemoteName(parts.href, parts.state), parts.ranges) for parts in wanted]

        def to_file(wish: Wish, done: "Future[Fetched]") -> "Future[RemoteFile]":
            pieces = done.result().pieces
            return completed(RemoteFile(self._fetcher, wish.file, deadline, counts, pieces))

        return [
            then(coming, partial(to_file, wish))
            for wish, coming in zip(
                wishes, self._fetcher.begin(wishes, deadline, counts), strict=True
            )
        ]

    def read_all(
        self,
        href: str,
        most_bytes: int,
        deadline: Deadline | None = None,
        counts: DecodingCounts | None = None,
    ) -> bytes:
        """Read a whole file that is small; a remote one takes one round trip, and is not kept.

        Raises FileTooLargeError for one of more than ``most_bytes``, SceneUnreadableError for one
        that does not exist or cannot be read, and what ``Transfers.get`` does.
        """
        if not is_remote(href):
            with LocalByteSource(local_path(href)) as file:
                check_size(file.size(), most_bytes, file_name(href))
                return file.read_ranges([(0, file.size())])[0]
        return self.fetch_all(href, most_bytes, *_or_patient(deadline, counts)).result()

    def fetch_all(
        self, href: str, most_bytes: int, deadline: Deadline, counts: DecodingCounts
    ) -> "Future[bytes]":
        """Begin to read a whole remote file that is small; the future fails as ``read_all`` does.

        Cancelling it stops the transfer.
        """
        return self._loop.submit(self._transfers.read_all(href, most_bytes, deadline, counts))

    def list(
        self,
        href: str,
        limit: int,
        deadline: Deadline | None = None,
        counts: DecodingCounts | None = None,
    ) -> Listing:
        """List what lies directly in a directory, on disk or ``s3://bucket/prefix``.

        Raises ListingTooLongError where that is more than ``limit`` files and directories,
        SceneUnreadableError for a directory that does not exist, and for one on a web server,
        and what ``Transfers.get`` does. A store gives a thousand entries in a round trip, one
        page after another until the deadline passes.
        """
        if not is_remote(href):
            return list_local(href, limit)
        return self._loop.submit(
            self._transfers.list(href, limit, *_or_patient(deadline, counts))
        ).result()

    def wait(self, work: Callable[[], Result]) -> "Future[Result]":
        """Do ``work`` that reads remote files on a thread that may wait for them."""
        return self._waiting.submit(work)

    def read_long(self, work: Callable[[], Result]) -> "Future[Result]":
        """Do ``work`` that reads much, part by part, once fewer than LARGE_AT_ONCE others do."""
        return self._reading_long.submit(work)

    def close(self) -> None:
        """Give up what is being transferred; whoever waits for it has a ServiceStoppingError."""
        self._loop.close()
        self._reading_long.end()
        self._waiting.end()


def _or_patient(
    deadline: Deadline | None, counts: DecodingCounts | None
) -> tuple[Deadline, DecodingCounts]:
    return deadline or Deadline.after(PATIENCE_SECONDS), counts or DecodingCounts()
