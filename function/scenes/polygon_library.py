"""The polygons of the masks in use: read once, kept in memory."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from function.deadline import Deadline
from function.scenes.access.address import is_remote
from function.scenes.access.archive import Archive
from function.scenes.access.failures import check_size
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.polygons import Polygon, read_polygons
from function.scenes.stages import completed, then
from function.untrusted_xml import MAX_BYTES

Polygons = tuple[Polygon, ...]
# A remote file by its href alone, a local one by its size and time of modification as well.
Key = str | tuple[str, int, str]

# To ask whether a remote file was replaced costs a round trip, as reading it does: so that is done
# once in a while, not for each map.
FRESH_SECONDS = 60.0
# What Python was measured to take beside the corners, 400 bytes for a polygon of one ring.
POLYGON_BYTES = 300
RING_BYTES = 100


@dataclass(frozen=True, slots=True, eq=False)
class _Mask:
    """What a file outlined when it was read."""

    polygons: Polygons
    read_at: float = field(default_factory=monotonic)

    @property
    def outdated(self) -> bool:
        return monotonic() - self.read_at > FRESH_SECONDS

    @property
    def size(self) -> int:
        """Count the bytes that it takes in memory."""
        rings = [ring for polygon in self.polygons for ring in polygon.rings]
        corners = sum(ring.nbytes for ring in rings)
        return POLYGON_BYTES * (1 + len(self.polygons)) + RING_BYTES * len(rings) + corners


class PolygonLibrary:
    """The polygons of files, up to ``kept_bytes``; shared by threads.

    A local file that was replaced is read anew at once, a remote one FRESH_SECONDS after it was
    read. Each request fetches by itself what is not kept, so that nobody's deadline is another's.
    """

    def __init__(self, archive: Archive, kept_bytes: int) -> None:
        self._archive = archive
        self._masks: ByteBoundedCache[Key, _Mask] = ByteBoundedCache(
            kept_bytes, lambda mask: mask.size
        )

    def read(self, href: str, deadline: Deadline, counts: DecodingCounts) -> Polygons:
        """Give the polygons of a file; a remote one is waited for.

        Raises SceneUnreadableError for a file that cannot be read or is no mask.
        """
        if is_remote(href):
            return self.fetch(href, deadline, counts).result()
        with self._archive.open(href) as file:
            return self._find(file.identity, href, partial(_read_whole, file, href))

    def fetch(self, href: str, deadline: Deadline, counts: DecodingCounts) -> "Future[Polygons]":
        """Give the polygons of a remote file, which is fetched where it is not at hand.

        No thread waits for that. The future fails as ``Archive.fetch_all`` does, and with
        SceneUnreadableError where the file is no mask. Cancelling it gives up the fetching.
        """
        kept = self._masks.peek(href)
        if kept is not None and not kept.outdated:
            return completed(kept.polygons)
        if kept is not None:
            self._masks.discard(href, kept)

        def parse(fetching: "Future[bytes]") -> "Future[Polygons]":
            # What fails is this request's alone. What is found is told to others as well.
            data = fetching.result()
            # Apart from the loop that fetches, which all others wait for.
            return self._archive.wait(partial(self._find, href, href, lambda: data))

        return then(self._archive.fetch_all(href, MAX_BYTES, deadline, counts), parse)

    def _find(self, key: Key, href: str, read: Callable[[], bytes]) -> Polygons:
        """Give the polygons that are kept, or parse them, once for all who come meanwhile."""
        make = partial(_parse, file_name(href), read)
        return self._masks.get(key, make).polygons


def _read_whole(file: ByteSource, href: str) -> bytes:
    check_size(file.size(), MAX_BYTES, file_name(href))
    return file.read_ranges([(0, file.size())])[0]


def _parse(name: str, read: Callable[[], bytes]) -> _Mask:
    return _Mask(read_polygons(read(), name))
