"""Finds products under the paths that an operator names."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIX = ".SAFE"
MARKS = frozenset({"MTD_MSIL2A.xml", "manifest.safe"})


def find_products(paths: Iterable[Path]) -> Iterator[Path]:
    """Give every product directory at or below ``paths``, in order of name.

    A path at or below which there is none, or that does not exist, is given itself, for reading
    it will say what is wrong. Links to directories are followed only where a path is one.
    """
    for path in paths:
        found = False
        for product in _walk(path):
            found = True
            yield product
        if not found:
            yield path


def _walk(path: Path) -> Iterator[Path]:
    for directory, subdirectories, files in os.walk(path):
        if directory.endswith(SUFFIX) or not MARKS.isdisjoint(files):
            subdirectories.clear()
            yield Path(directory)
        else:
            subdirectories.sort()
