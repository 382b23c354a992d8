"""Which gaps to read across: windows of three bands over S3, fetched by different rules.

    python -m bench.remote_windows [--delay 0.03] [--rate 20e6]

Only fetching is measured: the indexes are in memory, nothing is kept, nothing is decoded. Each
window is fetched from all bands of one or more scenes at once. *Near* is the gap up to which ranges
are always read as one, *far* the one up to which they are while there are more reads than
connections. Round trips are those that had to wait for one another. CPU is the whole process's,
the store's included.
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import rasterio

from bench.archive import make_archive
from bench.delayed_archive import (
    BUCKET,
    DELAY_SECONDS,
    DelayedArchive,
    delayed_archive,
    sequential_round_trips,
)
from bench.full_size_products import SIZE
from bench.report import circumstances, milliseconds, table, write
from function.codestream_record import CodestreamRecord
from function.deadline import Deadline
from function.grid import Grid
from function.scene import Asset
from function.scenes.access import rounds
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.decoder import PixelWindow, Wanted
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg

TILE = 1024
BANDS = ("B02", "B03", "B04")
KB = 1024


@dataclass(frozen=True, slots=True)
class Case:
    """Windows of one kind: of ``size`` samples a side, ``start`` from the corner of a tile."""

    name: str
    size: int
    start: int
    scenes: int = 1
    reduction: int = 0

    def windows(self, count: int) -> Iterator[PixelWindow]:
        choose = random.Random(self.name)  # noqa: S311 - windows, no secrets
        tile = TILE >> self.reduction
        most = ((SIZE >> self.reduction) - self.size) // tile
        for _ in range(count):
            column, row = (tile * choose.randint(1, most) + self.start for _ in range(2))
            yield PixelWindow(column, row, self.size, self.size)


CASES = (
    Case("256 inside a tile", 256, 384),
    Case("256 on a corner", 256, -128),
    Case("512", 512, -200),
    Case("1024", 1024, -300),
    Case("256 at 80 m", 256, -60, reduction=3),
    Case("512, four scenes", 512, -200, scenes=4),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """How reads are joined, and how many go at once."""

    near: int
    far: int
    connections: int


RULES = (
    # The first joins what touches alone: it fetches what is needed, and no byte more.
    *(Rule(near * KB, near * KB, 32) for near in (0, 8, 32, 128, 512)),
    *(Rule(32 * KB, far * KB, 32) for far in (200, 600)),
    *(Rule(32 * KB, far * KB, 4) for far in (32, 200, 600, 1200)),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What fetching windows of one kind by one rule took; medians over windows."""

    case: str
    connections: int
    near: int
    far: int
    wall_ms: float
    cpu_ms: float
    reads: float
    round_trips: float
    fetched_kb: float


class Indexes:
    """Keeps codestream indexes from one decoder to the next."""

    def __init__(self) -> None:
        self._records: dict[str, CodestreamRecord] = {}

    def load(self, assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
        hrefs = {asset.href for asset in assets}
        return {href: record for href, record in self._records.items() if href in hrefs}

    def keep(self, asset: Asset, record: CodestreamRecord) -> None:
        self._records[asset.href] = record


@contextmanager
def fetching(rule: Rule, indexes: Indexes) -> Iterator[PacketDecoder]:
    """Make a decoder that reads by ``rule`` and keeps nothing but indexes."""
    archive = Archive(AccessLimits(rule.connections, 30.0, 1, kept_bytes=0))
    with (
        patch.object(rounds, "NEAR_GAP", rule.near),
        patch.object(rounds, "FAR_GAP", rule.far),
        ThreadPoolExecutor(1) as workers,
    ):
        gdal = GdalDecoder(archive)
        yield PacketDecoder(OpenJpeg(), gdal, archive, workers, Caches(0, 1 << 26), indexes)
        archive.close()


def measure(
    case: Case,
    rule: Rule,
    assets: Sequence[Asset],
    store: DelayedArchive,
    indexes: Indexes,
    count: int,
) -> Figures:
    """Fetch all windows by one rule."""
    walls, cpus, logs = [], [], []
    with fetching(rule, indexes) as decoder:
        for number, window in enumerate((*case.windows(1), *case.windows(count))):
            wanted = [Wanted(asset, window, case.reduction) for asset in assets]
            if number == 0:
                for item in wanted:
                    decoder.decode(item.asset, item.window, item.reduction)
            store.take_log()
            wall, cpu = time.perf_counter(), time.process_time()
            for future in decoder.prepare(wanted, Deadline.after(60.0)):
                future.result()
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            logs.append(store.take_log())
    return Figures(
        case=case.name,
        connections=rule.connections,
        near=rule.near // KB,
        far=rule.far // KB,
        wall_ms=round(milliseconds(walls[1:]), 1),
        cpu_ms=round(milliseconds(cpus[1:]), 1),
        reads=statistics.median(map(len, logs[1:])),
        round_trips=statistics.median(map(sequential_round_trips, logs[1:])),
        fetched_kb=round(
            statistics.median(sum(each.sent for each in log) for log in logs[1:]) / 1e3
        ),
    )


def as_table(figures: Sequence[Figures]) -> str:
    """Lay out every rule for every kind of window."""
    heads = ["windows", "connections", "near KB", "far KB", "ms", "CPU ms", "reads", "round trips"]
    rows = [
        [
            each.case,
            str(each.connections),
            str(each.near),
            str(each.far),
            f"{each.wall_ms:.0f}",
            f"{each.cpu_ms:.1f}",
            f"{each.reads:g}",
            f"{each.round_trips:g}",
            f"{each.fetched_kb:.0f}",
        ]
        for each in figures
    ]
    return table([*heads, "KB"], rows)


def assets_of(products: Sequence[Path], root: Path) -> Iterator[Asset]:
    """Name the bands of products as files of the store."""
    for product in products:
        for band in BANDS:
            (path,) = product.glob(f"GRANULE/*/IMG_DATA/R10m/*_{band}_10m.jp2")
            with rasterio.open(path) as dataset:
                grid = Grid("EPSG:32632", dataset.transform, dataset.width, dataset.height)
            href = f"s3://{BUCKET}/{path.relative_to(root).as_posix()}"
            yield Asset(band, href, grid, 1, 15)


def main() -> None:
    """Parse the command line, measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of a 10 m image")
    parser.add_argument("--windows", type=int, default=15, help="windows of each kind")
    parser.add_argument("--delay", type=float, default=DELAY_SECONDS, help="seconds")
    parser.add_argument("--rate", type=float, default=20e6, help="bytes a second of a connection")
    parser.add_argument("--keep", action="store_true", help="keep the figures in bench/results/")
    arguments = parser.parse_args()
    directory = arguments.directory.absolute()
    products = make_archive(directory, arguments.size).products
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    figures: list[Figures] = []
    indexes = Indexes()
    with delayed_archive(directory, arguments.delay, arguments.rate) as store:
        os.environ["AWS_ENDPOINT_URL"] = store.endpoint
        for case in CASES:
            assets = list(assets_of(products[: case.scenes], directory))
            for rule in RULES:
                figures.append(measure(case, rule, assets, store, indexes, arguments.windows))
                print(as_table(figures[-1:]).splitlines()[2], file=sys.stderr, flush=True)
    text = as_table(figures)
    print(f"{circumstances()}\n\n{text}")
    if arguments.keep:
        write("remote_windows", [asdict(each) for each in figures], text)


if __name__ == "__main__":
    main()
