"""Remote files for GDAL, which reads them from memory.

GDAL's own network drivers know other credentials, other time-outs and other limits than ours, and
tell a read that failed halfway as a broken image. So what has to go through GDAL is read whole.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from rasterio.io import DatasetReader, MemoryFile

from function.deadline import Deadline
from function.errors import ArchiveUnavailableError, SceneUnreadableError
from function.scenes.access.archive import Archive
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.counts import DecodingCounts

# The largest of ESA's images, a band at 10 m, take 100 to 150 MB.
LONGEST = 256 << 20
# Bytes of a file that are fetched at a time, which are held twice until they are in place: some
# 70 MB beside it. They come by eight connections, and take far longer than the round trip.
AT_ONCE = 32 << 20

# Opens a dataset of the file at a reduction.
Lend = Callable[[int], AbstractContextManager[DatasetReader]]


class WholeFiles:
    """Reads files whole, one at a time, since each may take a good part of the memory."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._one = threading.Lock()

    @contextmanager
    def open(
        self, href: str, deadline: Deadline, counts: DecodingCounts | None = None
    ) -> Iterator[tuple[Lend, ByteSource]]:
        """Give what opens datasets of a file, and its bytes, in memory until the block ends.

        Raises what reading remote files does, ArchiveUnavailableError also where others are read
        for half of the time that is left, and SceneUnreadableError for one that is too large.
        """
        with self._alone(href, deadline.half()), self._archive.open(href, deadline, counts) as file:
            size = file.size()
            if size > LONGEST:
                message = f"{file_name(href)} is too large to be read whole from a remote archive"
                raise SceneUnreadableError(message)
            with MemoryFile() as memory:
                for start in range(0, size, AT_ONCE):
                    memory.write(*file.read_ranges([(start, min(AT_ONCE, size - start))]))
                yield partial(_lend, memory), file

    @contextmanager
    def _alone(self, href: str, deadline: Deadline) -> Iterator[None]:
        if not self._one.acquire(timeout=max(0.0, deadline.remaining())):
            message = f"{file_name(href)} has to be read whole, and others were until time ran out"
            raise ArchiveUnavailableError(message)
        try:
            yield
        finally:
            self._one.release()


@contextmanager
def _lend(memory: MemoryFile, reduction: int) -> Iterator[DatasetReader]:
    options = {"OVERVIEW_LEVEL": reduction - 1} if reduction else {}
    with memory.open(**options) as dataset:
        yield dataset
