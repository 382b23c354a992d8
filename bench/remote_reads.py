"""Whole GetMap requests over an archive on S3, with 30 ms of delay a round trip.

    python -m bench.remote_reads [--delay 0.03]

Each map is asked once, of a process that has shown maps of other products, at places that it has
not shown. *First* is the first map of a product: nothing is known of its files but what the
catalogue holds. Round trips are those that had to wait for one another, counted by the store. A
busy machine that is slow to ask seems to need more of them than it does: count with 0.3 s. Maps
without clouds are asked of archives under skies that are clear, half and very cloudy.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg

from bench.archive import Archive, make_archive
from bench.asking import Client, client, pixels_of
from bench.cloudy_archive import SKIES, make_cloudy_archive
from bench.delayed_archive import (
    BUCKET,
    DELAY_SECONDS,
    DelayedArchive,
    Exchange,
    delayed_archive,
    sequential_round_trips,
)
from bench.full_size_products import SIZE
from bench.map_cases import CASES, CLOUDLESS_CASES, Case, Site, elsewhere, walks
from bench.report import RESULTS, circumstances, milliseconds, table, write
from bench.sentinel_site import empty_database, fill_catalogue, sentinel_ows

CRS = "EPSG:3857"
# Beyond the catalogue search, whatever the map.
MOST_ROUND_TRIPS = 2
# What was catalogued on disk is read from the store.
MOVE = """
UPDATE scenes
SET assets = jsonb_set(
    assets::jsonb, '{root}', to_jsonb(replace(assets::jsonb ->> 'root', %s, %s))
)::text
"""
# As ingest from the store would have it: the ETag stands for the time of the file.
STAMP = """
UPDATE codestream_indexes
SET file_stamp = format('"%%s-%%s"', to_hex(file_stamp::bigint), to_hex(file_size))
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What maps of one kind took; sums are medians over maps, round trips also the most."""

    case: str
    first: bool
    maps: int
    median_ms: float
    read_ms: float
    requests: float
    kilobytes: float
    usual_round_trips: float
    round_trips: int


def measure(
    case: Case, store: DelayedArchive, directory: Path, url: str, site: Site
) -> list[Figures]:
    """Ask for the first map of a product, then for maps at other places of it."""
    settings = {
        "AWS_ENDPOINT_URL": store.endpoint,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }
    with (
        sentinel_ows(directory, url, settings) as server,
        client(server.port, "/ows") as connected,
    ):
        connected.ask(elsewhere(case, site, CRS))
        queries = [query for walk in walks(case, site, CRS, seed=0) for query in walk]
        return [
            _ask(case, True, connected, store, queries[:1]),
            _ask(case, False, connected, store, queries[1:]),
        ]


def _ask(
    case: Case, first: bool, connected: Client, store: DelayedArchive, queries: Sequence[str]
) -> Figures:
    logs: list[list[Exchange]] = []
    replies = []
    for query in queries:
        store.take_log()
        replies.append(connected.ask(query))
        logs.append(store.take_log())
        pixels_of(replies[-1].body)
    chains = [sequential_round_trips(log) for log in logs]
    return Figures(
        case=case.name,
        first=first,
        maps=len(queries),
        median_ms=round(milliseconds(reply.seconds for reply in replies), 1),
        read_ms=round(statistics.median(reply.stages["read"] for reply in replies), 1),
        requests=statistics.median(map(len, logs)),
        kilobytes=round(statistics.median(sum(each.sent for each in log) for log in logs) / 1e3),
        usual_round_trips=statistics.median(chains),
        round_trips=max(chains),
    )


@contextmanager
def catalogue(directory: Path, archive: Archive) -> Iterator[str]:
    """Catalogue products as they lie on the store, and give the URL of the database."""
    with empty_database(directory / "state") as url:
        fill_catalogue(url, archive.products)
        with psycopg.connect(url) as connection:
            connection.execute(MOVE, (f"{directory}/", f"s3://{BUCKET}/"))
            connection.execute(STAMP, ())
        yield url


def as_table(figures: Sequence[Figures]) -> str:
    """Lay out every kind of map."""
    heads = ["map", "", "ms", "of which read", "GETs", "KB", "round trips", "most", "bar"]
    rows = [
        [
            each.case,
            "first" if each.first else "",
            f"{each.median_ms:.0f}",
            f"{each.read_ms:.0f}",
            f"{each.requests:g}",
            f"{each.kilobytes:.0f}",
            f"{each.usual_round_trips:g}",
            str(each.round_trips),
            "met" if 0 < each.round_trips <= MOST_ROUND_TRIPS else "missed",
        ]
        for each in figures
    ]
    return table(heads, rows)


def main() -> None:
    """Parse the command line, measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of a 10 m image")
    parser.add_argument("--delay", type=float, default=DELAY_SECONDS, help="seconds")
    parser.add_argument("--only", default="", help="the cases whose names begin so")
    parser.add_argument("--keep", action="store_true", help="keep the figures in bench/results/")
    arguments = parser.parse_args()
    # As the store and the catalogue have it, with links followed.
    directory = arguments.directory.resolve()
    plain = make_archive(directory, arguments.size)
    begun = arguments.only
    parts = [(plain, [case for case in CASES if case.name.startswith(begun)])]
    for sky in SKIES:
        cases = [replace(case, name=f"{sky.name}: {case.name}") for case in CLOUDLESS_CASES]
        cases = [case for case in cases if case.name.startswith(begun)]
        if cases:
            parts.append((make_cloudy_archive(directory, sky, arguments.size), cases))
    parts = [(archive, cases) for archive, cases in parts if cases]
    site = Site.of(arguments.size)
    figures: list[Figures] = []
    with delayed_archive(directory, arguments.delay) as store:
        for archive, cases in parts:
            with catalogue(directory, archive) as url:
                for case in cases:
                    figures += measure(case, store, directory, url, site)
                    print(as_table(figures[-1:]).splitlines()[2], file=sys.stderr, flush=True)
    text = as_table(figures)
    print(f"{circumstances()}\n\n{text}")
    results = RESULTS if arguments.keep else directory / "results"
    write("remote_reads", [asdict(each) for each in figures], text, results)


if __name__ == "__main__":
    main()
