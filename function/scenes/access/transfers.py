"""Getting ranges of remote files: at most so many at once, tried again where that may help."""

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore

from function.codestream_record import FileState
from function.deadline import Deadline
from function.scenes.access.address import Address, read_address
from function.scenes.access.failures import (
    Failure,
    FileReplacedError,
    NoSuchRangeError,
    name_failure,
)
from function.scenes.access.rounds import Range
from function.scenes.access.stores import Stores
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import TruncatedError

if TYPE_CHECKING:
    from obstore import GetOptions

# Pauses between tries, in seconds: the first, doubling up to the longest, each drawn at random
# below that so that many who failed together do not come back together.
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
# Who throttles wants to be asked less for a while: S3 counts requests by the second.
THROTTLED_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class RemoteName:
    """A remote file: its href, and the state it is expected in where that is known."""

    href: str
    state: FileState | None

    @property
    def name(self) -> str:
        return file_name(self.href)


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """Bytes of a remote file, and the state that it was in."""

    data: memoryview
    state: FileState


class Transfers:
    """Gets ranges within an event loop; ``connections`` bounds how many at once, ``tries`` each."""

    def __init__(self, stores: Stores, connections: int, tries: int) -> None:
        self._stores = stores
        self._connections = asyncio.Semaphore(connections)
        self._tries = tries

    async def get(
        self, file: RemoteName, part: Range, deadline: Deadline, counts: DecodingCounts
    ) -> Received:
        """Get a range (offset, length) of a file, or what of it lies before the file's end.

        Raises FileReplacedError where the file is not in the state that is expected,
        TruncatedError where it ends before the range, ArchiveThrottledError,
        ArchiveUnavailableError and ArchiveDeniedError, and SceneUnreadableError where it does not
        exist.
        """
        address = read_address(file.href)
        tried = 0
        while True:
            tried += 1
            async with self._connections:
                got = await self._try(file, address, part, counts)
            if isinstance(got, Received):
                return got
            pause = _pause(got, tried)
            if not got.passing or tried == self._tries or pause >= deadline.remaining():
                break
            counts.add(retries=1)
            await asyncio.sleep(pause)
        if isinstance(got.error, NoSuchRangeError):
            raise _past_end(file, part) from got.error
        raise got.error

    async def _try(
        self, file: RemoteName, address: Address, part: Range, counts: DecodingCounts
    ) -> Received | Failure:
        offset, length = part
        options: GetOptions = {"range": (offset, offset + length)}
        tag = _strong_tag(file.state)
        if tag is not None:
            options["if_match"] = tag
        counts.add(fetches=1)
        try:
            store = self._stores.open(address.store)
            result = await obstore.get_async(store, address.path, options=options)
            data = memoryview(await result.bytes_async())
        except Exception as error:  # noqa: BLE001 - it is named, and raised where it has no name
            return name_failure(error, file.name)
        counts.add(bytes_fetched=len(data))
        meta = result.meta
        state = FileState(meta["size"], meta["e_tag"] or meta["last_modified"].isoformat())
        if file.state is not None and file.state != state:
            return Failure(FileReplacedError(f"{file.name} was replaced in the archive"))
        return Received(data, state)


def _strong_tag(state: FileState | None) -> str | None:
    """Give the ETag that a store may compare, which weak ones and times are not."""
    return state.stamp if state is not None and state.stamp.startswith('"') else None


def _pause(failure: Failure, tried: int) -> float:
    """Draw how long to wait after the try of this number."""
    doubled = 1 << (tried - 1)
    if failure.throttled:
        bound = min(THROTTLED_PAUSE * doubled, LONGEST_PAUSE)
        return random.uniform(bound / 2, bound)  # noqa: S311 - a pause, no secret
    return random.uniform(0, min(FIRST_PAUSE * doubled, LONGEST_PAUSE))  # noqa: S311


def _past_end(file: RemoteName, part: Range) -> Exception:
    if file.state is not None:
        return FileReplacedError(f"{file.name} was replaced in the archive")
    return TruncatedError(f"{file.name} ends before byte {sum(part)}")
