"""What the pipeline makes of sources, without a catalogue."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from function.catalogue.codestream_indexes import KnownIndexes
from function.catalogue.pool import CataloguePool
from function.catalogue.writing import SceneWriter
from function.ingest.candidate import Candidate
from function.ingest.pipeline import Pipeline
from function.ingest.scene_indexing import SceneIndexer


class Failing:
    """A source that fails as no source should."""

    label = "failing"

    def count(self) -> None:
        return None

    def chunks(self) -> Iterator[Sequence[Candidate]]:
        raise NotImplementedError("a mistake of ours")


def test_a_mistake_in_a_source_ends_the_run() -> None:
    pool = cast("CataloguePool", None)  # nothing is found, so that nobody asks
    with ThreadPoolExecutor(1) as executor:
        indexer = SceneIndexer(cast("Any", None), executor)
        pipeline = Pipeline(indexer, KnownIndexes(pool), SceneWriter(pool), 1, threading.Event())
        with pytest.raises(NotImplementedError, match="a mistake of ours"):
            list(pipeline.run([Failing()]))
