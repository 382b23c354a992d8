"""Asking stores: at most so much at once, tried again where that may help."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import obstore

from function.codestream_record import FileState
from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scenes.access.address import BUCKET, Address, read_address
from function.scenes.access.failures import (
    AnotherPartError,
    Failure,
    FileReplacedError,
    NoSuchRangeError,
    check_size,
    name_failure,
    unanswered,
)
from function.scenes.access.hosts import Host, Hosts, Wait
from function.scenes.access.listing import Listing, read_listing
from function.scenes.access.rounds import Range
from function.scenes.access.stores import Stores
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import TruncatedError

if TYPE_CHECKING:
    from obstore import GetOptions, ListResult, ObjectMeta

Result = TypeVar("Result")

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


@asynccontextmanager
async def in_time(name: str, deadline: Deadline) -> AsyncIterator[None]:
    """Give up what reads ``name`` when the deadline passes, by ArchiveUnavailableError."""
    try:
        async with asyncio.timeout(deadline.remaining()):
            yield
    except TimeoutError as error:
        raise unanswered(name) from error


class Transfers:
    """Reads within an event loop; each has so many ``tries``.

    A read may wait for its host for half of the time that its request has left: so much remains
    to go on without what it is of.
    """

    def __init__(self, stores: Stores, hosts: Hosts, tries: int) -> None:
        self._stores = stores
        self._hosts = hosts
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
        host = self._hosts.find(address.host)
        try:
            return await self._repeat(
                lambda: self._get(file, address, part, host, counts),
                host,
                file.name,
                deadline,
                counts,
            )
        except NoSuchRangeError as error:
            raise _past_end(file, part) from error

    async def read_all(
        self, href: str, most_bytes: int, deadline: Deadline, counts: DecodingCounts
    ) -> bytes:
        """Read a whole file as ``Archive.read_all`` says."""
        file = RemoteName(href, None)
        async with in_time(file.name, deadline):
            try:
                got = await self.get(file, (0, most_bytes + 1), deadline, counts)
            except TruncatedError:
                return b""
        check_size(got.state.size, most_bytes, file.name)
        return bytes(got.data)

    async def list(
        self, href: str, limit: int, deadline: Deadline, counts: DecodingCounts
    ) -> Listing:
        """List a directory of an object store as ``Archive.list`` says."""
        address = read_address(href)
        if not address.store.startswith(f"{BUCKET}://"):
            raise SceneUnreadableError(f"{file_name(href)} lies on a web server: nothing is listed")

        async def ask() -> "ListResult[Sequence[ObjectMeta]]":
            counts.add(fetches=1)
            store = self._stores.open(address.store)
            return await obstore.list_with_delimiter_async(store, address.path)

        host = self._hosts.find(address.host)
        async with in_time(file_name(href), deadline):
            answer = await self._repeat(ask, host, file_name(href), deadline, counts, long=True)
        return read_listing(href, address, answer, limit)

    async def _repeat(
        self,
        work: Callable[[], Awaitable[Result]],
        host: Host,
        name: str,
        deadline: Deadline,
        counts: DecodingCounts,
        *,
        long: bool = False,
    ) -> Result:
        """Try ``work`` that reads ``name`` until it succeeds, or another try would not help.

        What takes ``long``, one answer after another, may take all of the time.
        """
        tried, wait = 0, Wait(0.0, deadline)
        while True:
            async with host.connections:
                host.check(name, deadline)
                # Not before there is a connection: until then it is others who have no answer.
                if not tried and not long:
                    wait = host.wait(deadline)
                try:
                    got = await _outcome(work, name, host, wait.patience)
                except asyncio.CancelledError:
                    host.forget(deadline)
                    raise
            tried += 1
            if not isinstance(got, Failure) or not got.silent:
                host.hear()
            if not isinstance(got, Failure):
                return got
            pause = _pause(got, tried)
            if not got.passing or tried == self._tries or pause >= wait.patience.remaining():
                if got.silent:
                    host.give_up(wait)
                raise got.error
            counts.add(retries=1)
            await asyncio.sleep(pause)

    async def _get(
        self,
        file: RemoteName,
        address: Address,
        part: Range,
        host: Host,
        counts: DecodingCounts,
    ) -> Received:
        offset, length = part
        options: GetOptions = {"range": (offset, offset + length)}
        tag = _strong_tag(file.state)
        if tag is not None:
            options["if_match"] = tag
        counts.add(fetches=1)
        store = self._stores.open(address.store)
        result = await obstore.get_async(store, address.path, options=options)
        # The bytes may take their time.
        host.hear()
        data = memoryview(await result.bytes_async())
        meta = result.meta
        # What obstore compares are ranges as they are told, not the bytes that came.
        if len(data) != min(length, meta["size"] - offset):
            message = f"Requested {offset}..{offset + length}, got {len(data)} bytes"
            raise AnotherPartError(message)
        counts.add(bytes_fetched=len(data))
        state = FileState(meta["size"], meta["e_tag"] or meta["last_modified"].isoformat())
        if file.state is not None and file.state != state:
            raise FileReplacedError(f"{file.name} was replaced in the archive")
        return Received(data, state)


async def _outcome(
    work: Callable[[], Awaitable[Result]], name: str, host: Host, patience: Deadline
) -> Result | Failure:
    try:
        async with asyncio.timeout(patience.remaining()):
            return await work()
    except TimeoutError:
        return Failure(unanswered(name, host.name), silent=True)
    except Exception as error:  # noqa: BLE001 - it is named, and raised where it has no name
        return name_failure(error, name)


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
    if part[0] == 0:
        return TruncatedError(f"{file.name} is empty")
    return TruncatedError(f"{file.name} ends before byte {sum(part)}")
