"""Rounds of reading: what many files need, fetched all at once."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from function.codestream_record import FileState
from function.deadline import Deadline
from function.scenes.access.background_loop import BackgroundLoop
from function.scenes.access.failures import FileReplacedError
from function.scenes.access.pieces import Pieces
from function.scenes.access.range_cache import Identity, RangeCache
from function.scenes.access.rounds import Range, plan_round
from function.scenes.access.transfers import Received, RemoteName, Transfers, in_time
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.stages import completed


@dataclass(frozen=True, slots=True)
class Wish:
    """Ranges of a remote file that somebody needs."""

    file: RemoteName
    ranges: Sequence[Range]


@dataclass(frozen=True, slots=True, eq=False)
class Fetched:
    """Parts of a file that are at hand, and the state that it was in."""

    pieces: Pieces
    state: FileState


class Fetcher:
    """Fetches for all threads of a process; what was fetched is kept for the next.

    Nothing runs until the first round.
    """

    def __init__(
        self, transfers: Transfers, connections: int, kept: RangeCache, loop: BackgroundLoop
    ) -> None:
        self._transfers = transfers
        self.connections = connections
        self._kept = kept
        self._loop = loop

    def begin(
        self, wishes: Sequence[Wish], deadline: Deadline, counts: DecodingCounts
    ) -> "list[Future[Fetched]]":
        """Begin a round. Each file comes as soon as all that is wanted of it is there.

        A future fails as ``Transfers.get`` does, and with ArchiveUnavailableError where the
        deadline passes first. Cancelling it stops the file's transfers.
        """
        kept = [self._take(wish) for wish in wishes]
        missing = [pieces.missing(wish.ranges) for pieces, wish in zip(kept, wishes, strict=True)]
        rounds = plan_round(missing, self.connections)
        return [
            completed(Fetched(pieces, wish.file.state))
            if not parts and wish.file.state is not None
            else self._loop.submit(self._complete(wish.file, pieces, parts, deadline, counts))
            for wish, pieces, parts in zip(wishes, kept, rounds, strict=True)
        ]

    def _take(self, wish: Wish) -> Pieces:
        if wish.file.state is None:
            return Pieces()
        return self._kept.take(_identity(wish.file, wish.file.state), wish.ranges)

    async def _complete(
        self,
        file: RemoteName,
        pieces: Pieces,
        parts: Sequence[Range],
        deadline: Deadline,
        counts: DecodingCounts,
    ) -> Fetched:
        try:
            async with in_time(file.name, deadline), asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._transfers.get(file, part, deadline, counts))
                    for part in parts
                ]
        except BaseExceptionGroup as failed:
            first = failed.exceptions[0]
            raise first from first.__cause__
        received = [task.result() for task in tasks]
        state = _only_state(file, received)
        fetched = [(offset, got.data) for (offset, _), got in zip(parts, received, strict=True)]
        pieces.add(fetched)
        self._kept.keep(_identity(file, state), fetched)
        return Fetched(pieces, state)


def _identity(file: RemoteName, state: FileState) -> Identity:
    return file.href, state.size, state.stamp


def _only_state(file: RemoteName, received: Sequence[Received]) -> FileState:
    """Tell the state of which everything is; parts of two states do not make a file."""
    states = {got.state for got in received}
    if file.state is not None:
        states.add(file.state)
    if len(states) != 1:
        raise FileReplacedError(f"{file.name} was replaced in the archive")
    return states.pop()
