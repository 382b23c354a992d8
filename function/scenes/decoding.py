"""Decoding several windows at once, within a request's time, and counting them."""

from collections.abc import Generator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as NotInTimeError
from dataclasses import dataclass
from typing import TypeVar

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scene import Asset
from function.scenes.decoder import Decoder, PixelWindow, Samples
from function.scenes.jpeg2000.counts import DecodingCounts

STAGE = "read"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A window of an image file, to be decoded at a reduction."""

    asset: Asset
    window: PixelWindow
    reduction: int


Answer = TypeVar("Answer")
# Work that asks for windows step by step: it yields what it wants, is sent the samples in the
# same order (or has the SceneUnreadableError thrown in), and returns its answer. So the windows
# of several scenes can be decoded together.
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

    def decode(
        self, groups: Sequence[Sequence[Wanted]]
    ) -> list[list[Samples] | SceneUnreadableError]:
        """Decode all windows of all ``groups`` in parallel.

        Gives the samples of each group in order, or the error of the first window of the group
        that cannot be decoded. Raises DeadlineExceededError when time runs out; what has not
        begun by then is given up.
        """
        self._deadline.check(STAGE)
        self._decoder.prepare((item.asset for group in groups for item in group), self.counts)
        futures = [[self._submit(item) for item in group] for group in groups]
        try:
            return [self._collect(group) for group in futures]
        except NotInTimeError:
            self._deadline.check(STAGE)
            raise
        finally:
            for group in futures:
                for future in group:
                    future.cancel()

    def _submit(self, item: Wanted) -> Future[Samples]:
        return self._workers.submit(
            self._decoder.decode, item.asset, item.window, item.reduction, self.counts
        )

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
