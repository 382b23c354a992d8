"""What is fetched before it is wanted, until it is."""

from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for

from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    SceneUnreadableError,
)
from function.scenes.access.failures import FileMissingError
from function.scenes.decoder import Decode

# The archive was asked as often as may help. What else failed may do when it is asked for: a file
# that was replaced is looked at anew, and a smaller window may fit where a large one did not.
FINAL = (ArchiveThrottledError, ArchiveUnavailableError, ArchiveDeniedError, FileMissingError)


class Coming:
    """Windows that are on their way, or have come, by their files.

    As long as they are held here, their bytes are found by whoever fetches of the same file.
    """

    def __init__(self) -> None:
        self._futures: dict[str, list[Future[Decode]]] = {}

    def add(self, href: str, future: "Future[Decode]") -> None:
        """Hold what is being fetched of a file."""
        self._futures.setdefault(href, []).append(future)

    def under_way(self, href: str) -> bool:
        """Tell whether something of a file has not come yet."""
        return not all(future.done() for future in self._futures.get(href, ()))

    def wait(self, hrefs: Iterable[str], seconds: float) -> None:
        """Wait for what is coming of files."""
        coming = [future for href in hrefs for future in self._futures.get(href, ())]
        wait_for(coming, max(0.0, seconds))

    def failure(self, href: str) -> SceneUnreadableError | None:
        """Give what fetching of a file failed with, where it would be in vain to ask again."""
        for future in self._futures.get(href, ()):
            if future.done() and not future.cancelled():
                error = future.exception()
                if isinstance(error, FINAL):
                    return error
        return None

    def drop(self, hrefs: Iterable[str]) -> None:
        """Hold files no longer that somebody else does."""
        for href in hrefs:
            self._futures.pop(href, None)

    def give_up(self) -> None:
        """Fetch no more, and hold nothing."""
        for futures in self._futures.values():
            for future in futures:
                future.cancel()
        self._futures.clear()
