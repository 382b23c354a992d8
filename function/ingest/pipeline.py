"""Catalogues products, several at once, and tells what became of every one.

A worker takes a chunk of candidates from end to end: those that are as they were are passed over
by their fingerprints, the others are read, and what they became is written in one transaction. So
a run that ends anywhere has either written a chunk or not, and the next one goes on from there.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from function.catalogue.codestream_indexes import KnownIndexes
from function.catalogue.pool import CatalogueForbiddenError
from function.catalogue.writing import (
    Delivery,
    ScenePackage,
    SceneRefusedError,
    SceneWriter,
    Written,
)
from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    CatalogueUnavailableError,
    DeadlineExceededError,
    SceneUnreadableError,
    with_notes,
)
from function.ingest.candidate import Candidate
from function.ingest.errors import ProductRefusedError
from function.ingest.outcome import Ingested, Outcome
from function.ingest.scene_indexing import IndexedScene, SceneIndexer
from function.ingest.sources import Source, SourceUnreachableError

Result = TypeVar("Result")
# Candidates; a source that failed; what ends the run, for it should not happen; None is the end.
Find: TypeAlias = Sequence[Candidate] | Ingested | Exception | None
Found: TypeAlias = "queue.Queue[Find]"
InHand: TypeAlias = "deque[Future[list[Ingested]]]"

# Chunks that are read ahead of the one that is reported next, for each worker: enough that none
# waits while the slowest of them is finished.
AHEAD = 3
POLL_SECONDS = 0.1
# A database that is restarted or fails over is back by then.
PATIENCE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0

UNREACHABLE = (ArchiveThrottledError, ArchiveUnavailableError, ArchiveDeniedError)
OUTCOMES = {
    Written.NEW: Outcome.NEW,
    Written.UNCHANGED: Outcome.UNCHANGED,
    Written.UPDATED: Outcome.UPDATED,
}
NOT_INDEXED = IndexedScene({}, {}, ())


@dataclass(frozen=True, slots=True)
class _Read:
    """A product that was read, with its indexes and fingerprint, ready to be written."""

    candidate: Candidate
    package: ScenePackage
    warnings: tuple[str, ...]
    indexed: IndexedScene

    def told(self, delivery: Delivery | SceneRefusedError) -> Ingested:
        if isinstance(delivery, SceneRefusedError):
            return Ingested(self.candidate.label, Outcome.REFUSED, reason=str(delivery))
        return Ingested(
            self.candidate.label,
            OUTCOMES[delivery.written],
            self.warnings,
            superseding=delivery.superseding,
            superseded=delivery.superseded and delivery.written is not Written.UNCHANGED,
            indexed=sum(record.unfit is None for record in self.indexed.made.values()),
            unfit=self.indexed.unfit,
        )


class Stop(Protocol):
    """The wish that a run end, as soon as what is in hand is written."""

    def is_set(self) -> bool:
        """Tell whether it is there."""
        ...

    def wait(self, seconds: float, /) -> bool:
        """Wait so long for it, and tell whether it is there."""
        ...


class Pipeline:
    """Takes products from sources into the catalogue, ``workers`` chunks at a time.

    Once ``stop`` is set nothing new is begun; what is in hand is finished and told. ``again`` has
    everything read, whatever the fingerprints say.
    """

    def __init__(
        self,
        indexer: SceneIndexer,
        known_indexes: KnownIndexes,
        writer: SceneWriter,
        workers: int,
        stop: Stop,
        patience: float = PATIENCE_SECONDS,
        *,
        again: bool = False,
    ) -> None:
        self._indexer = indexer
        self._known_indexes = known_indexes
        self._writer = writer
        self._workers = workers
        self._stop = stop
        self._patience = patience
        self._again = again

    def run(self, sources: Iterable[Source]) -> Iterator[Ingested]:
        """Catalogue all products, and tell of each in the order in which they were found.

        A product that is refused does not keep the others out, nor does a source that fails.

        Raises:
            CatalogueUnavailableError: it was away for a minute. What was written stays.
        """
        found: Found = queue.Queue(self._workers)
        ended = threading.Event()
        threading.Thread(
            target=self._find, args=(sources, found, ended), name="sources", daemon=True
        ).start()
        in_hand: InHand = deque()
        executor = ThreadPoolExecutor(self._workers, thread_name_prefix="ingest")
        try:
            more = True
            while more or in_hand:
                if self._stop.is_set():
                    more = False
                    while in_hand and in_hand[-1].cancel():
                        in_hand.pop()
                elif more and len(in_hand) < AHEAD * self._workers:
                    more = self._take(found, in_hand, executor)
                if in_hand and (not more or in_hand[0].done() or self._is_full(in_hand)):
                    yield from self._finished(in_hand)
        finally:
            ended.set()
            executor.shutdown(cancel_futures=True)

    def _is_full(self, in_hand: InHand) -> bool:
        return len(in_hand) >= AHEAD * self._workers

    def _take(
        self,
        found: Found,
        in_hand: InHand,
        executor: ThreadPoolExecutor,
    ) -> bool:
        """Put what was found into workers' hands; tell whether there may be more."""
        try:
            taken = found.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return True
        if taken is None:
            return False
        if isinstance(taken, Exception):
            raise taken
        if isinstance(taken, Ingested):
            failed: Future[list[Ingested]] = Future()
            failed.set_result([taken])
            in_hand.append(failed)
        else:
            in_hand.append(executor.submit(self._ingest, taken))
        return True

    def _finished(self, in_hand: InHand) -> Iterator[Ingested]:
        try:
            ingested = in_hand[0].result(POLL_SECONDS)
        except NotYetError:
            return
        in_hand.popleft()
        yield from ingested

    def _find(self, sources: Iterable[Source], found: Found, ended: threading.Event) -> None:
        """Go through the sources ahead of the workers, on a thread that may wait for them."""
        try:
            for source in sources:
                self._search(source, found, ended)
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits for it
            self._put(found, error, ended)
        else:
            self._put(found, None, ended)

    def _search(self, source: Source, found: Found, ended: threading.Event) -> None:
        try:
            for chunk in source.chunks():
                if not self._put(found, chunk, ended):
                    return
        except SourceUnreachableError as error:
            failed = Ingested(source.label, Outcome.UNREACHABLE, reason=str(error))
            self._put(found, failed, ended)

    def _put(self, found: Found, item: Find, ended: threading.Event) -> bool:
        """Hand over what was found once there is room; tell whether that came about."""
        while not (self._stop.is_set() or ended.is_set()):
            try:
                found.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def _ingest(self, chunk: Sequence[Candidate]) -> list[Ingested]:
        fingerprints = [candidate.fingerprint() for candidate in chunk]
        passable = () if self._again else fingerprints
        given = {fingerprint for fingerprint in passable if fingerprint is not None}
        known = self._patiently(lambda: self._writer.known(given))
        outcomes: list[Ingested | _Read] = [
            Ingested(candidate.label, Outcome.UNCHANGED)
            if fingerprint in known
            else self._read(candidate, fingerprint)
            for candidate, fingerprint in zip(chunk, fingerprints, strict=True)
        ]
        read = [outcome for outcome in outcomes if isinstance(outcome, _Read)]
        packages = [each.package for each in read]
        written = iter(self._patiently(lambda: self._writer.write_all(packages)) if read else ())
        return [
            outcome.told(next(written)) if isinstance(outcome, _Read) else outcome
            for outcome in outcomes
        ]

    def _read(self, candidate: Candidate, fingerprint: UUID | None) -> Ingested | _Read:
        try:
            product = candidate.read()
        except UNREACHABLE as error:
            return Ingested(candidate.label, Outcome.UNREACHABLE, reason=with_notes(error))
        except (ProductRefusedError, SceneUnreadableError) as error:
            return Ingested(candidate.label, Outcome.REFUSED, reason=str(error))
        scene = product.scene
        indexed = NOT_INDEXED
        if candidate.indexed:
            known = self._patiently(lambda: self._known_indexes.of_scene(scene.name))
            indexed = self._indexer.index(scene, known)
        warnings = product.warnings + indexed.warnings
        # What is missing may be there the next time, without a change of what was looked at.
        kept = None if warnings else fingerprint
        package = ScenePackage(scene, indexed.made, kept, product.source)
        return _Read(candidate, package, warnings, indexed)

    def _patiently(self, ask: Callable[[], Result]) -> Result:
        """Ask the catalogue, again and again while it is away and there is patience."""
        pause = FIRST_PAUSE_SECONDS
        end = time.monotonic() + self._patience
        while True:
            try:
                return ask()
            except CatalogueForbiddenError:
                raise  # which a minute will not change
            except (CatalogueUnavailableError, DeadlineExceededError) as error:
                left = end - time.monotonic()
                if left <= 0 or self._stop.wait(min(pause, left)):
                    raise CatalogueUnavailableError(str(error)) from error
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
