"""What the pipeline makes of sources, without a catalogue."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast
from uuid import UUID

import pytest

from function.catalogue.pool import CatalogueForbiddenError
from function.catalogue.writing import SceneWriter
from function.errors import CatalogueUnavailableError
from function.ingest.candidate import Candidate
from function.ingest.pipeline import Pipeline, Stop
from function.ingest.stac.documents import item_candidate


class Forbidden:
    """A catalogue that lets nobody ask it anything, and counts who tries."""

    asked = 0

    def known(self, _: object) -> frozenset[UUID]:
        self.asked += 1
        raise CatalogueForbiddenError("permission denied for table scene_fingerprints")


class Away:
    """A catalogue that is away: to learn that takes ``seconds`` of ``clock``. It counts askers."""

    asked = 0

    def __init__(self, clock: "Clock", seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    def known(self, _: object) -> frozenset[UUID]:
        self.asked += 1
        self._clock.now += self._seconds
        raise CatalogueUnavailableError("it is away")


class Clock:
    """Time that passes only where somebody spends it: by asking, or by waiting."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def is_set(self) -> bool:
        return False


class Single:
    """A source of one candidate."""

    label = "single"

    def count(self) -> int:
        return 1

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        yield [item_candidate("an item", b"{}", "/items.json", cast("Any", None))]


class Failing:
    """A source that fails as no source should."""

    label = "failing"

    def count(self) -> None:
        return None

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        raise NotImplementedError("a mistake of ours")


def pipeline(writer: object) -> Pipeline:
    """A pipeline in which nothing is read or indexed."""
    nobody = cast("Any", None)
    return Pipeline(nobody, nobody, cast("SceneWriter", writer), 1, threading.Event())


def test_a_mistake_in_a_source_ends_the_run() -> None:
    with pytest.raises(NotImplementedError, match="a mistake of ours"):
        list(pipeline(None).run([Failing()]))


def test_a_right_that_lacks_is_not_waited_for() -> None:
    writer = Forbidden()
    with pytest.raises(CatalogueForbiddenError, match="permission denied"):
        list(pipeline(writer).run([Single()]))
    assert writer.asked == 1


def test_patience_ends_by_the_clock_whatever_takes_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    writer = Away(clock, 29.0)
    nobody = cast("Any", None)
    monkeypatch.setattr("function.ingest.pipeline.time", clock)
    waiting = Pipeline(nobody, nobody, cast("SceneWriter", writer), 1, cast("Stop", clock), 60.0)
    with pytest.raises(CatalogueUnavailableError, match="it is away"):
        list(waiting.run([Single()]))
    # 29 s, a pause of 0.5 s, 29 s, one of 1 s, and 29 s more.
    assert (writer.asked, clock.now) == (3, 1000.0 + 3 * 29 + 1.5)
    writer = Away(clock, 0.0)
    clock.now = 0.0
    waiting = Pipeline(nobody, nobody, cast("SceneWriter", writer), 1, cast("Stop", clock), 60.0)
    with pytest.raises(CatalogueUnavailableError):
        list(waiting.run([Single()]))
    assert clock.now == 60.0
