"""One process with threads, several of them, or one synchronous worker for each CPU?

    python -m bench.processes_or_threads

The same mix of maps is asked by 1, 4 and 8 clients of each arrangement, started anew: first at
places that it has not shown yet (cold), then at the same places again, in another order (warm).
Processes that `sentinel-ows serve` forks are told by its settings; synchronous workers are
gunicorn's, each with its share of the bytes for decoded tiles. Clients keep their connections, as
proxies do, so that each stays with the process that it came to first. Memory is what all processes
hold at the end, what they share counted once.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.archive import make_archive
from bench.asking import Reply, ask_at_once, client, pixels_of
from bench.full_size_products import SIZE
from bench.map_cases import CASES, Case, Site, elsewhere, walks
from bench.report import RESULTS, circumstances, milliseconds, table, write
from bench.running import Server, free_port, running
from bench.sentinel_site import empty_database, fill_catalogue, sentinel_ows, write_mapfile
from function.container import read_container
from function.settings import Settings
from function.shares import fitted

CRS = "EPSG:3857"
MIX = ("TCI, 256 px", "TCI, 512 px at 40 m", "bands, 256 px", "NDVI, 512 px")
SEEDS = 2  # places of each kind: twelve a seed
CLIENTS = (1, 4, 8)
CPUS = len(os.sched_getaffinity(0))
GUNICORN = Path(sys.executable).with_name("gunicorn")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How many processes, and how many requests all of them serve at once."""

    processes: int
    requests: int
    synchronous: bool = False

    @property
    def name(self) -> str:
        if self.synchronous:
            return f"{self.processes}, synchronous"
        return f"{self.processes}, {self.requests} requests"


ARRANGEMENTS = (
    *(Arrangement(processes, requests) for processes in (1, 2, CPUS) for requests in (4, 2 * CPUS)),
    Arrangement(CPUS, CPUS, synchronous=True),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What clients of one arrangement waited, and what it held of the machine."""

    arrangement: str
    clients: int
    cold: bool
    maps: int
    median_ms: float
    slowest_tenth_ms: float
    maps_per_second: float
    cpu_ms: float
    memory_mb: float


@contextmanager
def serving(arrangement: Arrangement, directory: Path, url: str) -> Iterator[Server]:
    """Serve the catalogue at ``url``."""
    settings = {
        "SENTINEL_OWS_PROCESSES": str(arrangement.processes),
        "SENTINEL_OWS_THREADS": str(arrangement.requests),
    }
    served = synchronous if arrangement.synchronous else sentinel_ows
    with served(directory, url, settings) as server:
        yield server


@contextmanager
def synchronous(directory: Path, url: str, settings: Mapping[str, str]) -> Iterator[Server]:
    """Serve by synchronous workers of gunicorn, each a service of its own."""
    port = free_port()
    processes = settings["SENTINEL_OWS_PROCESSES"]
    share = fitted(Settings(), read_container()).tile_cache_bytes // int(processes)
    environment = {
        "SENTINEL_OWS_DATABASE_URL": url,
        "SENTINEL_OWS_MAPFILE": str(write_mapfile(directory / "maps")),
        "SENTINEL_OWS_TILE_CACHE_BYTES": str(share),
    }
    command = [str(GUNICORN), "--bind", f"127.0.0.1:{port}", "--workers", processes]
    command += ["--no-control-socket", "--timeout", "120", "function.wsgi:application()"]
    with running(command, port, environment, directory / "gunicorn.log") as server:
        yield server


def measure(
    arrangement: Arrangement, clients: int, directory: Path, url: str, site: Site
) -> list[Figures]:
    """Ask for the mix, cold and warm."""
    cases = [case for case in CASES if case.name in MIX]
    places = mixed(cases, site, clients)
    with ExitStack() as stack:
        server = stack.enter_context(serving(arrangement, directory, url))
        connected = [stack.enter_context(client(server.port, "/ows")) for _ in range(clients)]
        first = [[elsewhere(case, site, CRS)] for case in cases]
        ask_at_once(connected, first * arrangement.requests * 2)
        figures = []
        for cold in (True, False):
            cpu, started = server.cpu_seconds(), time.perf_counter()
            replies = [reply for _, reply in ask_at_once(connected, places)]
            seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - cpu
            for reply in replies:
                pixels_of(reply.body)
            memory = server.resident_bytes()
            figures.append(_figures(arrangement, clients, cold, replies, seconds, cpu, memory))
            random.Random(0).shuffle(places)  # noqa: S311 - an order, no secret
        return figures


def mixed(cases: Sequence[Case], site: Site, clients: int) -> list[list[str]]:
    """Mix the maps of all kinds; other places for another number of clients."""
    places = [
        walk for case in cases for seed in range(SEEDS) for walk in walks(case, site, CRS, seed)
    ]
    random.Random(clients).shuffle(places)  # noqa: S311 - an order, no secret
    return places


def _figures(
    arrangement: Arrangement,
    clients: int,
    cold: bool,
    replies: Sequence[Reply],
    seconds: float,
    cpu: float,
    memory: int,
) -> Figures:
    waited = sorted(reply.seconds for reply in replies)
    return Figures(
        arrangement=arrangement.name,
        clients=clients,
        cold=cold,
        maps=len(replies),
        median_ms=round(milliseconds(waited), 1),
        slowest_tenth_ms=round(1e3 * waited[len(waited) * 9 // 10], 1),
        maps_per_second=round(len(replies) / seconds, 2),
        cpu_ms=round(1e3 * cpu / len(replies), 1),
        memory_mb=round(memory / 1e6, 1),
    )


def as_table(figures: Sequence[Figures]) -> str:
    """Lay out every arrangement by number of clients."""
    heads = ["processes", "clients", "", "median ms", "slowest tenth", "maps a second"]
    heads += ["CPU ms a map", "memory MB"]
    rows = [
        [
            each.arrangement,
            str(each.clients),
            "cold" if each.cold else "warm",
            f"{each.median_ms:.0f}",
            f"{each.slowest_tenth_ms:.0f}",
            f"{each.maps_per_second:.1f}",
            f"{each.cpu_ms:.0f}",
            f"{each.memory_mb:.0f}",
        ]
        for each in sorted(figures, key=lambda each: (each.clients, not each.cold))
    ]
    return table(heads, rows)


def main() -> None:
    """Parse the command line, measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of a 10 m image")
    parser.add_argument("--keep", action="store_true", help="keep the figures in bench/results/")
    arguments = parser.parse_args()
    directory = arguments.directory.absolute()
    archive = make_archive(directory, arguments.size)
    site = Site.of(arguments.size)
    figures: list[Figures] = []
    with empty_database(directory / "state") as url:
        fill_catalogue(url, archive.products)
        for clients in CLIENTS:
            for arrangement in ARRANGEMENTS:
                measured = measure(arrangement, clients, directory, url, site)
                figures += measured
                print(as_table(measured).splitlines()[2], file=sys.stderr, flush=True)
    text = as_table(figures)
    print(f"{circumstances()}\n\n{text}")
    results = RESULTS if arguments.keep else directory / "results"
    write("processes_or_threads", [asdict(each) for each in figures], text, results)


if __name__ == "__main__":
    main()
