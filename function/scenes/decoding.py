"""Decoding several windows at once, within a request's time, and counting them."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as NotInTimeError
from concurrent.futures import wait as wait_for
from dataclasses import replace
from itertools import compress
from typing import TypeVar

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scenes.decoder import Decode, Decoder, Need, PixelWindow, Samples, Wanted
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.parallel import run_all
from function.scenes.stages import then

STAGE = "read"


Answer = TypeVar("Answer")
# Work that asks for windows step by step: it yields what it wants, is sent the samples in the
# same order (or has the SceneUnreadableError thrown in), and returns its answer. So the windows
# of several scenes can be decoded together. Of what is wanted later nothing is sent.
Steps = Generator[list[Wanted], list[Samples], Answer]


class Decoding:
    """What one layer of one request decodes; ``windows``, ``samples`` and ``counts`` tell of it."""

    def __init__(self, decoder: Decoder, workers: Executor, deadline: Deadline) -> None:
        self._decoder = decoder
        self._workers = workers
        self._deadline = deadline
        self.counts = DecodingCounts()
        self.windows = 0
        self.samples = 0
        # By file: what is fetched ahead, and may still be coming.
        self._coming: dict[str, list[Future[Decode]]] = {}
        # By file and reduction: what was decoded and will be asked for again.
        self._kept: dict[tuple[str, int], tuple[PixelWindow, Samples]] = {}

    def decode(
        self, groups: Sequence[Sequence[Wanted]]
    ) -> list[list[Samples] | SceneUnreadableError]:
        """Decode all windows of all ``groups`` that are wanted now, in parallel.

        Gives the samples of each group in order, or the error of the first window of the group
        that cannot be decoded. Raises DeadlineExceededError when time runs out; what has not
        begun by then is given up.
        """
        self._deadline.check(STAGE)
        kept = [[self._take(item) for item in group] for group in groups]
        pairs = [
            pair
            for group, found in zip(groups, kept, strict=True)
            for pair in zip(group, found, strict=True)
        ]
        asked = [item for item, samples in pairs if samples is None]
        self._await_coming(asked)
        ready = iter(self._prepare(asked))
        begun = [
            list(self._begin(group, found, ready))
            for group, found in zip(groups, kept, strict=True)
        ]
        try:
            return [self._collect(group) for group in begun]
        except NotInTimeError:
            self._deadline.check(STAGE)
            raise
        finally:
            for group in begun:
                for each in group:
                    if isinstance(each, Future):
                        each.cancel()

    def fetch(self, wanted: Sequence[Wanted]) -> None:
        """Begin to fetch windows that are wanted later, all at once.

        What fails is not told: who asks for it then is.
        """
        self._deadline.check(STAGE)
        self._prepare(wanted)

    def keep(self, item: Wanted, samples: Samples) -> None:
        """Keep what was decoded for who asks for it, or for a part of it, once more."""
        self._kept[item.asset.href, item.reduction] = item.window, samples

    def forget(self) -> None:
        """Give up what was fetched ahead and not asked for, and let go of what was kept."""
        for futures in self._coming.values():
            for future in futures:
                future.cancel()
        self._coming.clear()
        self._kept.clear()

    def compute(self, tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """Do independent work, by this thread and by those workers that are free."""
        return run_all(self._workers, tasks)

    def _take(self, item: Wanted) -> Samples | None:
        """Give what was kept of a window that is wanted now, and keep it no longer."""
        place = item.asset.href, item.reduction
        if item.need is not Need.NOW or place not in self._kept:
            return None
        window, samples = self._kept[place]
        if not window.holds(item.window):
            return None
        del self._kept[place]
        column, row = item.window.column - window.column, item.window.row - window.row
        within = replace(item.window, column=column, row=row)
        return samples[(slice(None), *within.slices)]

    def _await_coming(self, wanted: Sequence[Wanted]) -> None:
        """Wait for what is coming of files that are wanted now, lest it be fetched twice."""
        coming = [
            future
            for item in wanted
            if item.need is Need.NOW
            for future in self._coming.pop(item.asset.href, ())
        ]
        wait_for(coming, max(0.0, self._deadline.remaining()))

    def _prepare(self, wanted: Sequence[Wanted]) -> "list[Future[Decode] | None]":
        """Prepare windows, but none for later of a file that is on its way already."""
        new = [
            item.need is Need.NOW or all(map(Future.done, self._coming.get(item.asset.href, ())))
            for item in wanted
        ]
        prepared = iter(
            self._decoder.prepare(list(compress(wanted, new)), self._deadline, self.counts)
        )
        ready = [next(prepared) if fresh else None for fresh in new]
        for item, future in zip(wanted, ready, strict=True):
            if future is not None and item.need is not Need.NOW:
                self._coming.setdefault(item.asset.href, []).append(future)
        return ready

    def _begin(
        self,
        group: Sequence[Wanted],
        kept: Sequence[Samples | None],
        ready: "Iterator[Future[Decode] | None]",
    ) -> "Iterator[Samples | Future[Samples]]":
        """Decode each window on the workers as soon as its bytes are there."""
        for item, samples in zip(group, kept, strict=True):
            if samples is not None:
                yield samples
                continue
            coming = next(ready)
            if coming is not None and item.need is Need.NOW:
                yield then(coming, lambda done: self._workers.submit(done.result()))

    def _collect(
        self, begun: "Sequence[Samples | Future[Samples]]"
    ) -> list[Samples] | SceneUnreadableError:
        decoded = []
        try:
            for each in begun:
                if isinstance(each, Future):
                    samples = each.result(timeout=max(0.0, self._deadline.remaining()))
                    self.windows += 1
                    self.samples += samples.size
                else:
                    samples = each
                decoded.append(samples)
        except SceneUnreadableError as error:
            return error
        return decoded


def run(works: Sequence[Steps[Answer]], decoding: Decoding) -> list[Answer | SceneUnreadableError]:
    """Run all of ``works`` step by step together; give their answers, or what they failed with."""
    answers: dict[int, Answer | SceneUnreadableError] = {}
    given: dict[int, list[Samples] | SceneUnreadableError | None]
    given = dict.fromkeys(range(len(works)))
    while given:
        wanted: dict[int, list[Wanted]] = {}
        for number, samples in given.items():
            try:
                wanted[number] = _advance(works[number], samples)
            except StopIteration as end:
                answers[number] = end.value
            except SceneUnreadableError as error:
                answers[number] = error
        groups = decoding.decode(list(wanted.values())) if wanted else []
        given = dict(zip(wanted, groups, strict=True))
    return [answers[number] for number in range(len(works))]


def _advance(
    work: Steps[Answer], given: list[Samples] | SceneUnreadableError | None
) -> list[Wanted]:
    if isinstance(given, SceneUnreadableError):
        return work.throw(given)
    return next(work) if given is None else work.send(given)
