"""Whole GetMap requests: sentinel-ows against MapServer's own raster path, side by side.

    python -m bench.maps_against_mapserver [--crs EPSG:32632] [--only TCI]

The same maps in the same format are asked of sentinel-ows, as ``sentinel-ows serve`` runs it by
default, of MapServer over the same JPEG 2000 files, and of MapServer over cloud-optimised GeoTIFF
copies of them, in turn. Figures are medians of what a client waits, over one connection.

- *cold*: a place that this process has not shown yet. All servers are started anew for each kind
  of map and have made one small map over another product. The files are in the page cache.
- *warm*: the same maps once more.
- *alone*: one client. *4 at once*: four clients, at other places; again after a new start.

A map that is blank, an error, or not the same picture as MapServer's ends the run.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from bench.archive import Archive, make_archive
from bench.asking import Client, Reply, WrongMapError, ask_at_once, client, difference
from bench.full_size_products import SIZE
from bench.map_cases import CASES, Case, Site, elsewhere, walks
from bench.mapserver_site import mapserver
from bench.report import RESULTS, circumstances, milliseconds, table, write
from bench.running import Server
from bench.sentinel_site import empty_database, fill_catalogue, sentinel_ows
from bench.tile_index import converted, fill_tile_index, find_images

AT_ONCE = 4
# Mean difference of two maps over blocks of 16 pixels, in 256ths, that is no other picture:
# bilinear against nearest samples, of which NDVI's colours make more.
ALIKE = 8.0
OURS, ON_JP2, ON_COG = "sentinel-ows", "MapServer", "MapServer on COG"


@dataclass(frozen=True, slots=True)
class Side:
    """One of those that are compared: how it is started, and under which path it answers."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]
    path: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What one side took for one kind of map, asked in one way."""

    case: str
    crs: str
    side: str
    clients: int
    cold: bool
    maps: int
    median_ms: float
    cpu_ms: float
    maps_per_second: float
    stages_ms: dict[str, float]


@contextmanager
def started(sides: Sequence[Side], case: Case, site: Site, crs: str) -> Iterator[list[Server]]:
    """Start every side anew and let each of its processes make a first map."""
    with ExitStack() as stack:
        servers = []
        for side in sides:
            server = stack.enter_context(side.start())
            servers.append(server)
            clients = [stack.enter_context(client(server.port, side.path)) for _ in range(AT_ONCE)]
            ask_at_once(clients, [[elsewhere(case, site, crs)]] * AT_ONCE * 2)
        yield servers


def measure(case: Case, sides: Sequence[Side], site: Site, crs: str) -> list[Figures]:
    """Measure one kind of map, alone and at once, cold and warm."""
    figures = []
    for clients in (1, AT_ONCE):
        with started(sides, case, site, crs) as servers:
            asked = walks(case, site, crs, seed=clients)
            for cold in (True, False):
                found = ask_sides(sides, servers, asked, clients)
                if cold:
                    compare(case, sides, [found_here.replies for found_here in found])
                figures += [
                    _figures(case, crs, side.name, clients, cold, found_here)
                    for side, found_here in zip(sides, found, strict=True)
                ]
    return figures


@dataclass(slots=True)
class Found:
    """Replies of one side by query, the CPU seconds they cost and how long all took."""

    replies: dict[str, Reply]
    cpu: float
    seconds: float


def ask_sides(
    sides: Sequence[Side], servers: Sequence[Server], asked: list[list[str]], clients: int
) -> list[Found]:
    """Ask every side for the same; a lone client asks each of them for a walk in turn."""
    found = [Found({}, 0.0, 0.0) for _ in sides]
    shares = [[walk] for walk in asked] if clients == 1 else [asked]
    with ExitStack() as stack:
        connected = [
            [stack.enter_context(client(server.port, side.path)) for _ in range(clients)]
            for side, server in zip(sides, servers, strict=True)
        ]
        for number, share in enumerate(shares):
            for turn in range(len(sides)):
                place = (number + turn) % len(sides)
                _ask(servers[place], connected[place], share, found[place])
    return found


def _ask(server: Server, clients: Sequence[Client], share: list[list[str]], found: Found) -> None:
    cpu, started_at = server.cpu_seconds(), time.perf_counter()
    found.replies.update(ask_at_once(clients, share))
    found.seconds += time.perf_counter() - started_at
    found.cpu += server.cpu_seconds() - cpu


def compare(case: Case, sides: Sequence[Side], replies: Sequence[dict[str, Reply]]) -> None:
    """Raise WrongMapError where two sides show another picture."""
    for query, reply in replies[0].items():
        for side, others in zip(sides[1:], replies[1:], strict=True):
            apart = difference(reply.body, others[query].body)
            if apart > ALIKE:
                raise WrongMapError(f"{case.name}: {side.name} differs by {apart:.1f}: {query}")


def _figures(case: Case, crs: str, side: str, clients: int, cold: bool, found: Found) -> Figures:
    replies = list(found.replies.values())
    stages: dict[str, list[float]] = {}
    for reply in replies:
        for name, duration in reply.stages.items():
            stages.setdefault(name, []).append(duration / 1e3)
    return Figures(
        case=case.name,
        crs=crs,
        side=side,
        clients=clients,
        cold=cold,
        maps=len(replies),
        median_ms=round(milliseconds(reply.seconds for reply in replies), 1),
        cpu_ms=round(1e3 * found.cpu / len(replies), 1),
        maps_per_second=round(len(replies) / found.seconds, 2),
        stages_ms={name: round(milliseconds(each), 1) for name, each in stages.items()},
    )


def tables(figures: Sequence[Figures], cases: Sequence[Case]) -> str:
    """Lay out what a client waits, and the CPU time that it costs."""
    by_key = {(each.case, each.side, each.clients, each.cold): each for each in figures}
    parts = []
    for clients, cold in ((1, True), (1, False), (AT_ONCE, True), (AT_ONCE, False)):
        heads = ["ms a map", OURS, ON_JP2, "×", ON_COG, "×", "bar"]
        heads += [f"CPU ms, {side}" for side in (OURS, ON_JP2, ON_COG)]
        rows = []
        for case in cases:
            keys = [(case.name, side, clients, cold) for side in (OURS, ON_JP2, ON_COG)]
            if not all(key in by_key for key in keys):
                continue
            ours, jp2, cog = (by_key[key] for key in keys)
            rows.append(
                [
                    case.name,
                    *_cells(ours.median_ms),
                    *_cells(jp2.median_ms, ours.median_ms),
                    *_cells(cog.median_ms, ours.median_ms),
                    _bar(case, jp2.median_ms / ours.median_ms) if cold else "",
                    *(f"{each.cpu_ms:.0f}" for each in (ours, jp2, cog)),
                ]
            )
        title = f"{clients} at once" if clients > 1 else "alone"
        parts.append(f"**{title}, {'cold' if cold else 'warm'}**\n\n{table(heads, rows)}")
    return "\n\n".join(parts)


def _cells(median: float, ours: float | None = None) -> list[str]:
    return [f"{median:.0f}"] if ours is None else [f"{median:.0f}", f"{median / ours:.1f}"]


def _bar(case: Case, factor: float) -> str:
    return f"{case.bar:g} {'met' if factor >= case.bar else 'missed'}"


def make_sides(archive: Archive, directory: Path, url: str) -> list[Side]:
    """Fill the catalogue and the tile indexes, and tell how each side is started."""
    fill_catalogue(url, archive.products)
    images = [find_images(product) for product in archive.products]
    copies = converted(images, directory / "cog")
    indexes = {ON_JP2: ("mapserver_jp2", images), ON_COG: ("mapserver_cog", copies)}
    for name, listed in indexes.values():
        fill_tile_index(url, name, listed, directory / "vrt" / name)
    site = directory / "mapserver"
    return [
        Side(OURS, lambda: sentinel_ows(directory, url, {}), "/ows"),
        Side(ON_JP2, lambda: mapserver(site, indexes[ON_JP2][0], url), "/mapserv"),
        Side(ON_COG, lambda: mapserver(site, indexes[ON_COG][0], url), "/mapserv"),
    ]


def main() -> None:
    """Parse the command line, measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of a 10 m image")
    parser.add_argument("--crs", choices=("EPSG:3857", "EPSG:32632"), default="EPSG:3857")
    parser.add_argument("--only", default="", help="the cases whose names begin so")
    parser.add_argument("--keep", action="store_true", help=f"keep the figures in {RESULTS.name}/")
    arguments = parser.parse_args()
    directory = arguments.directory.absolute()
    archive = make_archive(directory, arguments.size)
    site = Site.of(arguments.size)
    cases = [case for case in CASES if case.name.startswith(arguments.only)]
    figures: list[Figures] = []
    with empty_database(directory / "state") as url:
        sides = make_sides(archive, directory, url)
        for case in cases:
            measured = measure(case, sides, site, arguments.crs)
            figures += measured
            print(_progress(case, measured), file=sys.stderr, flush=True)
    text = tables(figures, cases)
    print(f"{circumstances()}\n\n{text}")
    name = f"maps_against_mapserver_{arguments.crs.partition(':')[2]}"
    results = RESULTS if arguments.keep else directory / "results"
    write(name, [asdict(each) for each in figures], text, results)


def _progress(case: Case, measured: Sequence[Figures]) -> str:
    alone = [each for each in measured if each.clients == 1]
    return f"{case.name}: " + ", ".join(
        chain.from_iterable(
            [f"{each.side} {'cold' if each.cold else 'warm'} {each.median_ms:.0f} ms"]
            for each in alone
        )
    )


if __name__ == "__main__":
    main()
