"""``sentinel-ows ingest``: catalogues products. Running it again changes nothing."""

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import Protocol

from function.catalogue.codestream_indexes import KnownIndexes
from function.catalogue.pool import CataloguePool
from function.catalogue.writing import SceneWriter
from function.command.running_catalogue import running_catalogue
from function.ingest.discovery import discover
from function.ingest.ingestion import Ingested, Outcome, ingest_products
from function.ingest.scene_indexing import SceneIndexer
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.image_header import read_image_header, read_image_shape
from function.settings import Settings

ALL_GOOD = 0
SOME_REFUSED = 1
# Products by what became of them, then image files: those whose codestream index was made, and
# those that cannot have one.
COUNTED: Sequence[str] = (*Outcome, "partial", "indexed", "unfit")
# Files indexed at once. It is mostly waiting, and CDSE's store allows four connections.
FILES_AT_ONCE = 4
TO_LINE_START = "\r\x1b[2K"  # and erase it: every terminal since the VT100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the paths of products, or of directories that hold them."""
    parser.description = (
        "Catalogue products of Sentinel-2 (L1C, L2A) and Sentinel-1 (GRD). Exits with 0"
        " where all could be read, if only in part, and with 1 where one was refused. Writes a"
        " line of JSON for each product where standard output is no terminal."
    )
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="a product's directory, or one that holds some at any depth: a path, or s3://bucket/prefix",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Ingest, report each product and sum up."""
    archive = Archive(
        AccessLimits(
            settings.archive_connections,
            settings.archive_timeout_seconds,
            settings.archive_tries,
            settings.archive_cache_bytes,
        )
    )
    products = [found for path in arguments.paths for found in discover(str(path), archive)]
    report: Report = TerminalReport(len(products)) if sys.stdout.isatty() else JsonReport()
    counts: Counter[str] = Counter()
    try:
        with (
            running_catalogue(settings) as running,
            _catalogue(running.database_url) as pool,
            ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="index") as executor,
        ):
            for ingested in ingest_products(
                products,
                archive,
                partial(read_image_header, archive=archive),
                partial(read_image_shape, archive=archive),
                SceneIndexer(archive.open, executor),
                KnownIndexes(pool),
                SceneWriter(pool),
            ):
                counts[ingested.outcome] += 1
                counts["partial"] += bool(ingested.warnings)
                counts["indexed"] += ingested.indexed
                counts["unfit"] += sum(map(len, ingested.unfit.values()))
                report.product(ingested)
    finally:
        archive.close()
        report.summary(counts)
    return SOME_REFUSED if counts[Outcome.REFUSED] else ALL_GOOD


@contextmanager
def _catalogue(url: str) -> Iterator[CataloguePool]:
    pool = CataloguePool(url, connections=1)
    pool.open()
    try:
        yield pool
    finally:
        pool.close()


class Report(Protocol):
    """Tells an operator, or the program that runs us, how the ingest goes."""

    def product(self, ingested: Ingested) -> None: ...

    def summary(self, counts: Counter[str]) -> None: ...


class JsonReport:
    """A line of JSON a product, and one for the summary."""

    def product(self, ingested: Ingested) -> None:
        line: dict[str, object] = {"path": ingested.path, "outcome": ingested.outcome}
        if ingested.warnings:
            line["warnings"] = ingested.warnings
        if ingested.reason is not None:
            line["reason"] = ingested.reason
        if ingested.indexed:
            line["indexed"] = ingested.indexed
        if ingested.unfit:
            line["unfit"] = ingested.unfit
        print(json.dumps(line), flush=True)

    def summary(self, counts: Counter[str]) -> None:
        print(json.dumps({"summary": {name: counts[name] for name in COUNTED}}), flush=True)


class TerminalReport:
    """A line that counts up, above it what deserves a look."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0

    def product(self, ingested: Ingested) -> None:
        self._done += 1
        name = PurePosixPath(ingested.path).name
        notes = [f"refused: {ingested.reason}"] if ingested.reason is not None else []
        notes += [f"partial: {warning}" for warning in ingested.warnings]
        notes += [
            f"read through GDAL: {', '.join(names)}: {reason}"
            for reason, names in ingested.unfit.items()
        ]
        for note in notes:
            print(f"{TO_LINE_START}{name}\n    {note}")
        progress = f"{self._done} of {self._total}  {ingested.outcome}  {name}"
        width = shutil.get_terminal_size().columns - 1
        print(f"{TO_LINE_START}{progress[:width]}", end="", flush=True)

    def summary(self, counts: Counter[str]) -> None:
        told = ", ".join(f"{counts[name]} {name}" for name in COUNTED)
        print(f"{TO_LINE_START}{told}")
