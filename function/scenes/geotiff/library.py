"""The directories of the GeoTIFFs in use: read once, kept in memory."""

from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from function.codestream_record import FileState
from function.deadline import Deadline
from function.errors import ArchiveUnavailableError, SceneUnreadableError
from function.scenes.access.archive import Archive
from function.scenes.gdal import file_name
from function.scenes.geotiff.directory import read_directories
from function.scenes.geotiff.errors import DamagedTiffError, UnfitTiffError
from function.scenes.geotiff.image import OVERHEAD, TiffLevel, read_levels
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import TruncatedError
from function.scenes.jpeg2000.index_record import state_of

# What a file is replaced by may be read by blocks: where it was not, nothing else would tell so.
UNFIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class TiffFile:
    """One state of a remote file: its image and overviews; none where it is not read by blocks."""

    href: str
    state: FileState
    levels: tuple[TiffLevel, ...]
    read_at: float = field(default_factory=monotonic)

    @property
    def outdated(self) -> bool:
        """Tell whether it has to be asked anew how the file is read."""
        return not self.levels and monotonic() - self.read_at > UNFIT_SECONDS

    @property
    def size(self) -> int:
        """Count the bytes that it takes in memory."""
        return OVERHEAD + sum(level.size for level in self.levels)


class _GivenUpError(Exception):
    """Who was to read directories did not come to it: whoever waits for them reads them."""


class TiffLibrary:
    """The directories of remote files, up to ``kept_bytes``; shared by threads."""

    def __init__(self, archive: Archive, kept_bytes: int) -> None:
        self._archive = archive
        self._files: ByteBoundedCache[str, TiffFile] = ByteBoundedCache(
            kept_bytes, lambda file: file.size
        )

    def known(self, href: str) -> TiffFile | None:
        """Give what is at hand of a file, which may have been replaced since."""
        return self._files.peek(href)

    def find(self, href: str, deadline: Deadline, counts: DecodingCounts) -> TiffFile:
        """Give what is at hand, or read the file's directories, once for all who ask meanwhile.

        Raises SceneUnreadableError for a damaged file, and what reading remote files does;
        ArchiveUnavailableError also where another thread reads them for half of the time left.
        """
        while True:
            claim = self._files.claim(href)
            if claim.to_make:
                return self._make(href, deadline, counts)
            with suppress(_GivenUpError):
                file = _wait(claim.future, href, deadline.half())
                if not file.outdated:
                    return file
                self.forget(file)

    def forget(self, file: TiffFile) -> None:
        """Forget a file that is not as it was, unless it was read again since."""
        self._files.discard(file.href, file)

    def _make(self, href: str, deadline: Deadline, counts: DecodingCounts) -> TiffFile:
        try:
            with self._archive.open(href, deadline, counts) as source:
                made = _read(href, source)
        except (DamagedTiffError, TruncatedError) as error:
            damaged = SceneUnreadableError(f"{file_name(href)} cannot be decoded: {error}")
            self._files.abandon(href, damaged)
            raise damaged from error
        except BaseException:
            # What failed may be this thread's time or network.
            self._files.abandon(href, _GivenUpError())
            raise
        self._files.keep(href, made)
        return made


def _wait(coming: "Future[TiffFile]", href: str, deadline: Deadline) -> TiffFile:
    try:
        return coming.result(max(0.0, deadline.remaining()))
    except TimeoutError as error:
        raise ArchiveUnavailableError(f"{file_name(href)} was not read in time") from error


def _read(href: str, source: ByteSource) -> TiffFile:
    try:
        levels = read_levels(read_directories(source))
    except UnfitTiffError:
        levels = ()
    return TiffFile(href, state_of(source), levels)
