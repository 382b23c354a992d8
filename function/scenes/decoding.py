"""Decoding several windows at once, within a request's time, and counting them."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as NotInTimeError
from concurrent.futures import wait as wait_for
from typing import TypeVar

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scenes.decoder import Decode, Decoder, Samples, Wanted
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.parallel import run_all
from function.scenes.stages import then

STAGE = "read"


Answer = TypeVar("Answer")
# Work that asks for windows step by step: it yields what it wants, is sent the samples in the
# same order (or has the SceneUnreadableError thrown in), and returns its answer. So the windows
# of several scenes can be decoded together. Of what is only likely nothing is sent.
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
        # What was likely to be wanted, and may still be coming.
        self._likely: dict[str, Future[Decode]] = {}

    def decode(
        self, groups: Sequence[Sequence[Wanted]]
    ) -> list[list[Samples] | SceneUnreadableError]:
        """Decode all windows of all ``groups`` in parallel.

        Gives the samples of each group in order, or the error of the first window of the group
        that cannot be decoded. Raises DeadlineExceededError when time runs out; what has not
        begun by then is given up.
        """
        self._deadline.check(STAGE)
        wanted = [item for group in groups for item in group]
        self._await_likely(wanted)
        ready = iter(self._decoder.prepare(wanted, self._deadline, self.counts))
        futures = [list(self._begin(zip(group, ready, strict=False))) for group in groups]
        try:
            return [self._collect(group) for group in futures]
        except NotInTimeError:
            self._deadline.check(STAGE)
            raise
        finally:
            for group in futures:
                for future in group:
                    future.cancel()

    def compute(self, tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """Do independent work, by this thread and by those workers that are free."""
        return run_all(self._workers, tasks)

    def _begin(self, pairs: Iterable[tuple[Wanted, Future[Decode]]]) -> Iterator[Future[Samples]]:
        """Decode each window on the workers as soon as its bytes are there."""
        for item, ready in pairs:
            if item.likely:
                self._likely[item.asset.href] = ready
            else:
                yield then(ready, lambda done: self._workers.submit(done.result()))

    def _await_likely(self, wanted: Sequence[Wanted]) -> None:
        """Wait for what is coming of the files of ``wanted``, lest it be fetched twice."""
        coming = {item.asset.href for item in wanted} & self._likely.keys()
        wait_for([self._likely.pop(href) for href in coming], max(0.0, self._deadline.remaining()))

    def _collect(self, futures: list[Future[Samples]]) -> list[Samples] | SceneUnreadableError:
        decoded = []
        try:
            for future in futures:
                samples = future.result(timeout=max(0.0, self._deadline.remaining()))
                self.windows += 1
                self.samples += samples.size
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
