"""Decoding several windows at once, within a request's time, and counting them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as NotInTimeError
from itertools import chain, compress
from typing import TypeVar

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scenes.allowance import Allowance
from function.scenes.coming import Coming
from function.scenes.decoder import Decode, Decoder, Need, Samples, Wanted
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.parallel import run_all
from function.scenes.kept_windows import KeptWindows
from function.scenes.stages import then

STAGE = "read"
Answer = TypeVar("Answer")
# Bytes that a map may have fetched before it needs them: twice what most maps of 1024 pixels with
# ten dates were measured to take. What is beyond is fetched when it is needed.
MOST_AHEAD = 64 << 20
# Bytes of decoded masks that a map may keep until their scenes are read. Of 2048 pixels, which are
# filled at once, a mask has 1 MB at its own scale: so that is two kinds of some thirty scenes. Of
# whole cells, 30 MB each, it is two.
MOST_KEPT = 64 << 20


class Decoding:
    """What one layer of one request decodes; ``windows``, ``samples`` and ``counts`` tell of it.

    ``kept`` has windows that were decoded and will be asked for again.
    """

    def __init__(self, decoder: Decoder, workers: Executor, deadline: Deadline) -> None:
        self._decoder = decoder
        self._workers = workers
        self._deadline = deadline
        self.counts = DecodingCounts()
        self.windows = 0
        self.samples = 0
        self.kept = KeptWindows(MOST_KEPT)
        self._allowance = Allowance(MOST_AHEAD)
        self._ahead = Coming()
        # What came along with the last windows, for those that are decoded next.
        self._along = Coming()

    def decode(
        self, groups: Sequence[Sequence[Wanted]]
    ) -> list[list[Samples] | SceneUnreadableError]:
        """Decode all windows of all ``groups`` that are wanted now, in parallel.

        Gives the samples of each group in order, or the error of the first window of the group
        that cannot be decoded. A file that the archive failed to give ahead is not asked for again.
        Raises DeadlineExceededError when time runs out; what has not begun by then is given up, as
        is what came along with the windows before these and is not among them.
        """
        self._deadline.check(STAGE)
        failed = self._await_coming(groups)
        sound = [() if error else group for error, group in zip(failed, groups, strict=True)]
        begun = self._begin(sound)
        try:
            return [
                error or self._collect(group) for error, group in zip(failed, begun, strict=True)
            ]
        except NotInTimeError:
            self._deadline.check(STAGE)
            raise
        finally:
            for group in begun:
                for each in group:
                    if isinstance(each, Future):
                        each.cancel()

    def fetch(self, wanted: Sequence[Wanted]) -> bool:
        """Begin to fetch windows that are wanted later, all at once.

        Tells whether more may be fetched ahead. What fails is not told: who asks for it then is.
        """
        self._deadline.check(STAGE)
        self._prepare(wanted, self._ahead, self._allowance)
        return not self._allowance.used_up

    def forget(self) -> None:
        """Give up what was fetched ahead and not asked for, and let go of what was kept."""
        self._ahead.give_up()
        self._along.give_up()
        self._allowance = Allowance(MOST_AHEAD)
        self.kept.clear()

    def compute(self, tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """Do independent work, by this thread and by those workers that are free."""
        return run_all(self._workers, tasks)

    def _await_coming(
        self, groups: Sequence[Sequence[Wanted]]
    ) -> list[SceneUnreadableError | None]:
        """Wait for what is coming of files that are wanted now, lest it be fetched twice.

        Gives, of each group, what that failed with.
        """
        hrefs = [_hrefs_now(group) for group in groups]
        for coming in (self._ahead, self._along):
            coming.wait(chain.from_iterable(hrefs), self._deadline.remaining())
        return [next(filter(None, map(self._failure, each)), None) for each in hrefs]

    def _failure(self, href: str) -> SceneUnreadableError | None:
        return self._ahead.failure(href) or self._along.failure(href)

    def _begin(self, groups: Sequence[Sequence[Wanted]]) -> "list[list[Samples | Future[Samples]]]":
        """Give what was kept, and begin to decode what was not."""
        kept = [
            [self.kept.take(item) if item.need is Need.NOW else None for item in group]
            for group in groups
        ]
        asked = [
            item
            for group, found in zip(groups, kept, strict=True)
            for item, samples in zip(group, found, strict=True)
            if samples is None
        ]
        along = Coming()
        ready = iter(self._prepare(asked, along))
        # Until here their bytes had to be held.
        self._ahead.drop(chain.from_iterable(map(_hrefs_now, groups)))
        self._along.give_up()
        self._along = along
        return [
            list(self._decode_group(group, found, ready))
            for group, found in zip(groups, kept, strict=True)
        ]

    def _prepare(
        self, wanted: Sequence[Wanted], later: Coming, allowance: Allowance | None = None
    ) -> "list[Future[Decode] | None]":
        """Prepare windows, and add to ``later`` those that are not wanted now.

        Of these none is prepared whose file is on its way already, or cannot be had.
        """
        new = [item.need is Need.NOW or self._may_fetch(item.asset.href) for item in wanted]
        prepared = iter(
            self._decoder.prepare(
                list(compress(wanted, new)), self._deadline, self.counts, allowance
            )
        )
        ready = [next(prepared) if fresh else None for fresh in new]
        for item, future in zip(wanted, ready, strict=True):
            if future is not None and item.need is not Need.NOW:
                later.add(item.asset.href, future)
        return ready

    def _may_fetch(self, href: str) -> bool:
        under_way = self._ahead.under_way(href) or self._along.under_way(href)
        return not under_way and self._failure(href) is None

    def _decode_group(
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


def _hrefs_now(group: Sequence[Wanted]) -> list[str]:
    return [item.asset.href for item in group if item.need is Need.NOW]
