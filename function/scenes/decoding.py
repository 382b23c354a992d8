"""Decoding several windows at once, within a request's time, and counting them."""

from collections.abc import Iterable
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as NotInTimeError
from dataclasses import dataclass

from function.deadline import Deadline
from function.scene import Asset
from function.scenes.decoder import Decoder, PixelWindow, Samples

STAGE = "read"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A window of an image file, to be decoded at a reduction."""

    asset: Asset
    window: PixelWindow
    reduction: int


class Decoding:
    """What one layer of one request decodes; ``windows`` and ``samples`` count it."""

    def __init__(self, decoder: Decoder, workers: Executor, deadline: Deadline) -> None:
        self._decoder = decoder
        self._workers = workers
        self._deadline = deadline
        self.windows = 0
        self.samples = 0

    def decode(self, wanted: Iterable[Wanted]) -> list[Samples]:
        """Decode all of ``wanted`` in parallel and give their samples in the same order.

        Raises SceneUnreadableError for the first that cannot be, DeadlineExceededError when time
        runs out; what has not begun by then is given up.
        """
        self._deadline.check(STAGE)
        futures = [
            self._workers.submit(self._decoder.decode, item.asset, item.window, item.reduction)
            for item in wanted
        ]
        decoded = []
        try:
            for future in futures:
                samples = future.result(timeout=max(0.0, self._deadline.remaining()))
                self.windows += 1
                self.samples += samples.size
                decoded.append(samples)
        except NotInTimeError:
            self._deadline.check(STAGE)
            raise
        finally:
            for future in futures:
                future.cancel()
        return decoded
