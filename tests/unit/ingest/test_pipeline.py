"""What the pipeline makes of sources, without a catalogue."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast
from uuid import UUID

import pytest

from function.catalogue.pool import CatalogueForbiddenError
from function.catalogue.writing import SceneWriter
from function.ingest.candidate import Candidate
from function.ingest.pipeline import Pipeline
from function.ingest.stac.documents import item_candidate


class Forbidden:
    """A catalogue that lets nobody ask it anything, and counts who tries."""

    asked = 0

    def known(self, _: object) -> frozenset[UUID]:
        self.asked += 1
        raise CatalogueForbiddenError("permission denied for table scene_fingerprints")


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
