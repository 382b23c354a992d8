"""Open GDAL datasets, each lent to one thread at a time and kept for the next read."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rasterio.io import DatasetReader

Key = tuple[str, int, int, int]


class DatasetPool:
    """Lends datasets; keeps at most ``limit`` idle ones, closing the longest unused first.

    A GDAL dataset must not be used by two threads at once, so each is lent to one borrower. A
    kept dataset spares the next reader the file's header, and holds the blocks that GDAL cached.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._idle: OrderedDict[DatasetReader, Key] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self, href: str, reduction: int) -> Iterator[DatasetReader]:
        """Lend a dataset of ``href`` at ``reduction``, opening one where none is idle.

        Raises rasterio's RasterioError where it cannot be opened. A dataset that was lent when
        an error occurred is closed, never lent again.
        """
        key = _key(href, reduction)
        dataset = self._take(key) or _open(href, reduction)
        try:
            yield dataset
        except BaseException:
            dataset.close()
            raise
        self._give_back(key, dataset)

    def close(self) -> None:
        """Close all that are idle."""
        with self._lock:
            idle, self._idle = self._idle, OrderedDict()
        for dataset in idle:
            dataset.close()

    def _take(self, key: Key) -> DatasetReader | None:
        with self._lock:
            for dataset, kept in reversed(self._idle.items()):
                if kept == key:
                    del self._idle[dataset]
                    return dataset
        return None

    def _give_back(self, key: Key, dataset: DatasetReader) -> None:
        surplus = []
        with self._lock:
            self._idle[dataset] = key
            while len(self._idle) > self._limit:
                surplus.append(self._idle.popitem(last=False)[0])
        for closing in surplus:
            closing.close()


def _open(href: str, reduction: int) -> DatasetReader:
    """Open ``href``; a JPEG 2000 file at ``reduction`` of its own resolution levels."""
    if reduction == 0:
        return rasterio.open(href)
    return rasterio.open(href, OVERVIEW_LEVEL=reduction - 1)


def _key(href: str, reduction: int) -> Key:
    """Name a dataset so that a local file which was replaced gets another name."""
    try:
        status = Path(href).stat()
    except OSError:
        return href, reduction, 0, 0
    return href, reduction, status.st_mtime_ns, status.st_size
