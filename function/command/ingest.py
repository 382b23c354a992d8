"""``sentinel-ows ingest``: catalogues products. Running it again changes nothing."""

import argparse
import math
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TypeVar

from function.catalogue.codestream_indexes import KnownIndexes
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter
from function.command.catalogue_pool import open_pool
from function.command.ingest_report import report_for
from function.command.running_catalogue import running_catalogue
from function.command.scene_filter import span
from function.command.stopping import Stopping
from function.database.server import Login
from function.errors import CatalogueUnavailableError, UsageError
from function.ingest.discovery import ProductAddress
from function.ingest.outcome import Ingested, Outcome, Tally
from function.ingest.pipeline import Pipeline
from function.ingest.products import open_product, read_product
from function.ingest.readers import Readers
from function.ingest.reading import ReadProduct
from function.ingest.scene_indexing import SceneIndexer
from function.ingest.sources import ProductDirectories, Source
from function.ingest.stac.documents import STANDARD_INPUT, ItemDocument, ItemLines
from function.scenes.access.address import (
    BUCKET,
    is_bucket_address,
    is_remote,
    is_web_address,
)
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.image_header import read_image_header, read_image_shape
from function.settings import Settings
from function.shares import READS_OF_PROCESS

Number = TypeVar("Number", int, float)

ALL_GOOD = 0
SOME_REFUSED = 1
UNREACHABLE = 3
# Files indexed at once. It is mostly waiting, and CDSE's store allows four connections.
FILES_AT_ONCE = 4
DOCUMENTS = frozenset({".json", ".geojson"})
LINES = frozenset({".ndjson", ".jsonl", ".geojsonl"})
EXITS = """exit codes:
  0    all products are in the catalogue, if only in part; or --watch was stopped
  1    some were refused; the others are in
  2    the arguments or settings do not parse
  3    the catalogue, a source or an archive could not be reached: run again
  130, 143  Ctrl-C or SIGTERM ended it; what was in hand is finished
  141  whoever read standard output has gone
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take sources, a search of a STAC API, and how to go about it."""
    parser.description = (
        "Catalogue products of Sentinel-2 (L1C, L2A) and Sentinel-1 (GRD). Run again, it goes on"
        " where it ended and passes over what is as it was. Writes a line of JSON for each product"
        " where standard output is no terminal."
    )
    parser.epilog = EXITS
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="a product's directory, or one that holds some at any depth: a path, or"
        " s3://bucket/prefix; a product on a web server, each by its own address:"
        " https://host/path/X.SAFE; a file of a STAC item or a collection of items (.json,"
        " .geojson), or of an item a line (.ndjson, .jsonl, or - for standard input)",
    )
    parser.add_argument(
        "--products-at-once",
        metavar="N",
        type=_positive(int),
        help="instead of SENTINEL_OWS_INGEST_PRODUCTS",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="read also what is as it was: for products that the catalogue has from another place,"
        " which is gone, or whose images were replaced in a bucket or on a web server",
    )
    parser.add_argument(
        "--watch",
        metavar="SECONDS",
        type=_positive(float),
        help="look for new products that long after each look, until stopped",
    )
    search = parser.add_argument_group("search of a STAC API")
    search.add_argument("--stac-api", metavar="URL", help="the API's landing page")
    search.add_argument(
        "--collection", metavar="NAME", action="append", help="may be given several times"
    )
    search.add_argument(
        "--bbox", metavar=("WEST", "SOUTH", "EAST", "NORTH"), nargs=4, type=float, help="degrees"
    )
    search.add_argument(
        "--datetime",
        metavar="TIME",
        type=span,
        help="2026-06, 2026-06-01/2026-06-30, 2026-06-01/..",
    )
    search.add_argument("--max-cloud", metavar="PERCENT", type=float)
    search.add_argument("--limit", metavar="N", type=_positive(int), help="no more than N items")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Ingest, report each product and sum up."""
    _check(arguments)
    workers = arguments.products_at_once or settings.ingest_products
    archive = _archive(settings)
    sources = list(_sources(arguments, archive))
    stopping = Stopping()
    tally = Tally()
    report = report_for(None if arguments.watch else _total(sources))
    try:
        with (
            running_catalogue(settings, Login.INGEST) as running,
            open_pool(running.database_url, workers + 1) as pool,
            ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="index") as executor,
        ):
            SceneCatalogue(pool).ready()
            pipeline = Pipeline(
                SceneIndexer(archive.open, executor),
                KnownIndexes(pool),
                SceneWriter(pool),
                workers,
                stopping,
                again=arguments.again,
            )
            with closing(_look(pipeline, sources, arguments.watch, stopping)) as looks:
                for ingested in looks:
                    tally.add(ingested)
                    report.product(ingested)
    except CatalogueUnavailableError as error:
        print(f"sentinel-ows: {error}", file=sys.stderr)
        return UNREACHABLE
    finally:
        report.summary(tally)
        archive.close()
    if arguments.watch:
        return ALL_GOOD
    return stopping.exit_code or _exit_code(tally)


def _look(
    pipeline: Pipeline, sources: Sequence[Source], seconds: float | None, stop: Stopping
) -> Generator[Ingested, None, None]:
    """Look through the sources once, or again and again; then what is as it was goes untold."""
    refused: dict[str, Ingested] = {}
    for ingested in pipeline.run(sources):
        if ingested.outcome is Outcome.REFUSED:
            refused[ingested.product] = ingested
        yield ingested
    while seconds is not None and not stop.wait(seconds):
        try:
            for ingested in pipeline.run(sources):
                is_known = refused.pop(ingested.product, None) == ingested
                if ingested.outcome is Outcome.REFUSED:
                    refused[ingested.product] = ingested
                if not (is_known or ingested.outcome is Outcome.UNCHANGED):
                    yield ingested
        except CatalogueUnavailableError as error:
            print(f"sentinel-ows: {error}; trying again in {seconds:g} s", file=sys.stderr)


def _check(arguments: argparse.Namespace) -> None:
    """Raise UsageError for what does not go together."""
    if arguments.stac_api is None:
        if not arguments.sources:
            raise UsageError("name a SOURCE, or a STAC API with --stac-api")
        for name in ("collection", "bbox", "datetime", "max_cloud", "limit"):
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} goes with --stac-api")
    elif not arguments.collection:
        raise UsageError("--stac-api needs a --collection")
    elif not is_web_address(arguments.stac_api):
        raise UsageError("--stac-api is no address as of https://stac.example.com/v1")
    if arguments.watch and arguments.again:
        raise UsageError("--again is for one look: it does not go with --watch")
    if arguments.watch and STANDARD_INPUT in arguments.sources:
        raise UsageError("standard input cannot be watched")


def _sources(arguments: argparse.Namespace, archive: Archive) -> Iterator[Source]:
    readers = _readers(archive)
    for word in arguments.sources:
        yield _source(word, archive, readers)
    if arguments.stac_api is not None:
        # pystac-client takes a third of a second to import, which others need not wait for.
        search = import_module("function.ingest.stac.search")
        query = search.Query(
            tuple(arguments.collection),
            tuple(arguments.bbox) if arguments.bbox else None,
            arguments.datetime,
            arguments.max_cloud,
            arguments.limit,
        )
        yield search.StacSearch(arguments.stac_api, query, readers)


def _source(word: str, archive: Archive, readers: Readers) -> Source:
    path = Path(word)
    if is_remote(word):
        _check_address(word)
    is_file = not (is_remote(word) or path.is_dir())
    if word == STANDARD_INPUT or (is_file and path.suffix.lower() in LINES):
        return ItemLines(path, readers)
    if is_file and path.suffix.lower() in DOCUMENTS:
        return ItemDocument(path, readers)
    return ProductDirectories(word, archive, readers)


def _check_address(word: str) -> None:
    """Raise UsageError for a source that cannot be one wherever it is said to lie."""
    named = word.partition("?")[0]  # a query may be a signature
    scheme = named.partition("://")[0]
    if scheme == BUCKET and not is_bucket_address(word):
        raise UsageError(f"{named} names no proper bucket")
    if scheme != BUCKET and not is_web_address(word):
        raise UsageError(f"{named} is no source: what is no path begins with s3:// or https://")
    if PurePosixPath(named).suffix.lower() in DOCUMENTS | LINES:
        raise UsageError(f"{named} is to be downloaded first: STAC items are read from disk")


def _readers(archive: Archive) -> Readers:
    read_header = partial(read_image_header, archive=archive)
    read_shape = partial(read_image_shape, archive=archive)

    def read_directory(href: str) -> ReadProduct:
        return read_product(open_product(ProductAddress(href), archive), read_header, read_shape)

    return Readers(read_header, read_directory)


def _total(sources: Sequence[Source]) -> int | None:
    """Count the products for the progress bar, where there is one and every source can tell."""
    if not sys.stderr.isatty():
        return None
    counts = [source.count() for source in sources]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _exit_code(tally: Tally) -> int:
    if tally[Outcome.UNREACHABLE]:
        return UNREACHABLE
    return SOME_REFUSED if tally[Outcome.REFUSED] else ALL_GOOD


def _archive(settings: Settings) -> Archive:
    return Archive(
        AccessLimits(
            settings.archive_connections or READS_OF_PROCESS,
            settings.archive_timeout_seconds,
            settings.archive_tries,
            settings.archive_cache_bytes,
        )
    )


def _positive(kind: type[Number]) -> Callable[[str], Number]:
    def read(text: str) -> Number:
        value = kind(text)
        if not 0 < value < math.inf:
            raise ValueError
        return value

    read.__name__ = f"positive {kind.__name__}"  # as argparse tells of what does not parse
    return read
