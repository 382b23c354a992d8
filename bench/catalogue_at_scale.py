"""Searching a catalogue of one and of ten million products, and how large it is.

    python -m bench.catalogue_at_scale [--products 1000000 10000000] [--keep]

The products are synthetic: Sentinel-2's own grid cells over land, its swaths and its revisit, with
asset documents as large as real ones. They lie in a private cluster of their own in .cache/bench,
which is removed at the end; ten million take 20 GB of disk and ten minutes to make.

A search is timed as the service makes it: over a unix socket, with the time limit before it and
all assets in the rows, but without decoding these. Boxes lie around cells drawn at random, the
same ones for every size. Each is searched once before the figures, so that the pages it needs are
in memory as far as memory goes.
"""

import argparse
import os
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import psycopg

from bench.catalogue_filling import COLLECTION, fill
from bench.catalogue_grid import cells
from bench.report import REPOSITORY, circumstances, table, write
from function.catalogue.migrations import migrate
from function.catalogue.pool import CataloguePool
from function.catalogue.search import SEARCH
from function.database.cluster import PrivateCluster

DIRECTORY = REPOSITORY / ".cache" / "bench" / "catalogue"
SIZES = (1_000_000, 10_000_000)
LIMIT = 65  # one more than a map is made of, as the service asks
AT_ONCE = 16
# Degrees, east to west and south to north.
BOXES = {"street": (0.02, 0.02), "country": (8.0, 6.0), "continent": (50.0, 30.0)}
ROUNDS = {"street": 300, "country": 100, "continent": 20}
MONTH = "{[2023-01-01, 2023-02-01)}"
SEED = 4


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of a box; ``masked`` means that scenes below others may show."""

    box: str
    priority: str = "mostRecent"
    month: bool = False
    max_cloud: float | None = None
    masked: bool = False

    @property
    def name(self) -> str:
        words = [self.box, self.priority]
        words += ["a month"] * self.month
        words += [f"clouds to {self.max_cloud:g} %"] if self.max_cloud is not None else []
        words += ["masked"] * self.masked
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of one case's searches, and how many scenes these found in the middle."""

    case: str
    products: int
    connections: int
    p50: float
    p95: float
    scenes: float
    per_second: float


CASES = [
    Case(box, priority, month, cloud)
    for box in BOXES
    for priority in ("mostRecent", "leastCC")
    for month in (False, True)
    for cloud in (None, 20.0)
] + [Case(box, masked=True) for box in ("street", "country")]


@contextmanager
def cluster(keep: bool) -> Iterator[PrivateCluster]:
    """Run a cluster; it is removed at the end unless it is to be kept."""
    private = PrivateCluster(DIRECTORY)
    private.start()
    place = (DIRECTORY / "database").resolve()
    try:
        with psycopg.connect(private.url, autocommit=True) as connection:
            # Rows are written without a log: checkpoints alone would slow the filling.
            connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
            connection.execute("SELECT pg_reload_conf()")
        yield private
    finally:
        private.stop()
        if not keep:
            shutil.rmtree(place)
            shutil.rmtree(DIRECTORY)


def filled(private: PrivateCluster, products: int) -> str:
    """Give the URL of a catalogue of so many products; it is filled where it is not there."""
    name = f"products_{products}"
    url = urlunsplit(urlsplit(private.url)._replace(path=f"/{name}"))
    with psycopg.connect(private.url, autocommit=True) as connection:
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is not None:
            return url
        connection.execute(f"DROP DATABASE IF EXISTS filling_{products}".encode())
        connection.execute(f"CREATE DATABASE filling_{products}".encode())
        started = time.monotonic()
        half = urlunsplit(urlsplit(private.url)._replace(path=f"/filling_{products}"))
        migrate(half, REPOSITORY / "catalog-sql")
        fill(half, products)
        connection.execute(f"ALTER DATABASE filling_{products} RENAME TO {name}".encode())
    print(f"{products} products written in {time.monotonic() - started:.0f} s")
    return url


def questions(case: Case, centres: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    """The parameters of the searches of one case."""
    width, height = BOXES[case.box]
    return [
        {
            "collection": COLLECTION,
            "west": max(-180.0, x - width / 2),
            "south": max(-80.0, y - height / 2),
            "east": min(180.0, x + width / 2),
            "north": min(84.0, y + height / 2),
            "times": MONTH if case.month else None,
            "max_cloud": case.max_cloud,
            "priority": case.priority,
            "coverings": None if case.masked else 2,
            "limit": LIMIT,
        }
        for x, y in centres[: ROUNDS[case.box]]
    ]


def measure(url: str, products: int, case: Case, centres: Sequence[tuple[float, float]]) -> Figures:
    """Ask a case's questions one after another, all of them twice; the second time counts."""
    pool = CataloguePool(url, 1)
    pool.open()
    asked = questions(case, centres)
    for question in asked:
        pool.fetch(SEARCH, question)
    started = time.monotonic()
    answers = [_timed(pool, question) for question in asked]
    figures = _figures(case, products, 1, answers, time.monotonic() - started)
    pool.close()
    return figures


def measure_at_once(
    url: str, products: int, case: Case, centres: Sequence[tuple[float, float]]
) -> Figures:
    """Ask a case's questions over many connections at once."""
    pool = CataloguePool(url, AT_ONCE)
    pool.open()
    asked = questions(case, centres)
    with ThreadPoolExecutor(AT_ONCE) as clients:
        # Every connection makes its plan before the figures.
        list(clients.map(lambda question: pool.fetch(SEARCH, question), asked))
        started = time.monotonic()
        answers = list(clients.map(lambda question: _timed(pool, question), asked))
    figures = _figures(case, products, AT_ONCE, answers, time.monotonic() - started)
    pool.close()
    return figures


def bytes_each(url: str, products: int) -> dict[str, float]:
    """Bytes a product of the table, of what is beside it, and of each index."""
    with psycopg.connect(url) as connection:
        indexes = connection.execute(
            "SELECT indexrelname, pg_relation_size(indexrelid) FROM pg_stat_user_indexes"
            " WHERE relname = 'scenes' ORDER BY indexrelname"
        ).fetchall()
        row = connection.execute(
            "SELECT pg_relation_size('scenes'), pg_table_size('scenes'),"
            " pg_total_relation_size('scenes')"
        ).fetchone()
    assert row is not None
    heap, with_assets, total = row
    sizes = {"rows": heap, "assets": with_assets - heap, **dict(indexes), "all": total}
    return {name: round(size / products, 1) for name, size in sizes.items()}


def _timed(pool: CataloguePool, question: dict[str, Any]) -> tuple[float, int]:
    started = time.perf_counter()
    rows = pool.fetch(SEARCH, question)
    return 1e3 * (time.perf_counter() - started), len(rows)


def _figures(
    case: Case, products: int, connections: int, answers: list[tuple[float, int]], seconds: float
) -> Figures:
    durations = sorted(duration for duration, _ in answers)
    return Figures(
        case.name,
        products,
        connections,
        round(statistics.median(durations), 2),
        round(durations[int(0.95 * len(durations))], 2),
        statistics.median(scenes for _, scenes in answers),
        round(len(answers) / seconds, 1),
    )


def _centres() -> list[tuple[float, float]]:
    """Points around the middles of cells drawn at random, south of 72 degrees."""
    draw = np.random.default_rng(SEED)
    rings = [cell.ring for cell in cells() if abs(cell.ring[0][1]) < 72]
    middles = [
        ((ring[0][0] + ring[2][0]) / 2, (ring[0][1] + ring[2][1]) / 2)
        for ring in (rings[place] for place in draw.choice(len(rings), max(ROUNDS.values())))
    ]
    return [(x + draw.uniform(-0.4, 0.4), y + draw.uniform(-0.4, 0.4)) for x, y in middles]


def _report(figures: list[Figures], sizes: Sequence[int]) -> str:
    found = {(each.case, each.connections, each.products): each for each in figures}
    rows = []
    for case, connections in dict.fromkeys((each.case, each.connections) for each in figures):
        line = [f"{case}, {connections} at once" if connections > 1 else case]
        for size in sizes:
            each = found[case, connections, size]
            line += [f"{each.p50:.1f}", f"{each.p95:.1f}", f"{each.scenes:g}"]
        rows.append(line)
    heads = [f"{name}, {size:,}" for size in sizes for name in ("p50 ms", "p95 ms", "scenes")]
    return table(["search", *heads], rows)


def main() -> None:
    """Make the catalogues that are missing, measure, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--products", type=int, nargs="+", default=SIZES)
    parser.add_argument("--keep", action="store_true", help="keep the database for another run")
    arguments = parser.parse_args()
    centres = _centres()
    figures: list[Figures] = []
    sizes = {}
    with cluster(arguments.keep) as private:
        for products in arguments.products:
            url = filled(private, products)
            sizes[products] = bytes_each(url, products)
            figures += [measure(url, products, case, centres) for case in CASES]
            figures += [measure_at_once(url, products, Case(box), centres) for box in BOXES]
            print(f"load {os.getloadavg()[0]:.1f}")
    shown = _report(figures, arguments.products)
    parts = list(next(iter(sizes.values())))
    shown += "\n\n" + table(
        ["bytes a product", *parts],
        [[f"{size:,}", *(f"{each[part]:g}" for part in parts)] for size, each in sizes.items()],
    )
    print(shown)
    write(
        "catalogue_at_scale",
        {"searches": [asdict(each) for each in figures], "bytes": sizes},
        shown,
    )
    print(circumstances())


if __name__ == "__main__":
    main()
