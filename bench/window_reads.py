"""Windows of full-size images: the packet decoder against rasterio on the same file.

Every window is read by both, in turn, in one run; figures are medians over windows. CPU is that
of the whole process. "Busy" is the wall time of a window while every core does the same work.
rasterio gets a new handle for each window, opened off the clock, so that nothing is left in its
block cache from an earlier one; the packet decoder has its index in memory and keeps no tiles.

Run as ``python -m bench.window_reads``; the images are made first where they are missing.
"""

import argparse
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

from bench.full_size_band import SIZE, make_band, make_true_colour
from bench.report import RESULTS, circumstances, table, write
from function.grid import Grid
from function.scene import Asset
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.decoder import PixelWindow, Samples, reduced_size
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg

Read = Callable[[PixelWindow], Samples]
GDAL_OPTIONS = {"GDAL_NUM_THREADS": "1", "GDAL_PAM_ENABLED": "NO"}


@dataclass(frozen=True)
class Case:
    """Windows of one kind: ``place`` chooses where, on tiles of ``tile`` samples."""

    name: str
    image: str
    size: int
    reduction: int
    tile: int
    place: str

    def windows(self, count: int) -> list[PixelWindow]:
        choose = random.Random(self.name)  # noqa: S311
        return [
            PixelWindow(self._start(choose, "x"), self._start(choose, "y"), self.size, self.size)
            for _ in range(count)
        ]

    def _start(self, choose: random.Random, axis: str) -> int:
        tiles = SIZE // self.tile
        if self.place == "anywhere":
            return choose.randrange(reduced_size(SIZE, self.reduction) - self.size)
        if self.place == "on a corner" or (self.place == "on an edge" and axis == "x"):
            edge = self.tile * choose.randrange(1, tiles)
            return edge - choose.randrange(32, self.size - 32)
        start = self.tile * choose.randrange(tiles)
        if self.place == "aligned":
            return start + 256 * choose.randrange(self.tile // 256)
        return start + choose.randrange(self.tile - self.size)


CASES = [
    Case("256 inside a tile", "B04", 256, 0, 1024, "inside"),
    Case("256 inside, on precincts", "B04", 256, 0, 1024, "aligned"),
    Case("256 on an edge", "B04", 256, 0, 1024, "on an edge"),
    Case("256 on a corner", "B04", 256, 0, 1024, "on a corner"),
    Case("512", "B04", 512, 0, 1024, "anywhere"),
    Case("1024", "B04", 1024, 0, 1024, "anywhere"),
    Case("256 at 1/2", "B04", 256, 1, 1024, "anywhere"),
    Case("256 at 1/4", "B04", 256, 2, 1024, "anywhere"),
    Case("256 at 1/8", "B04", 256, 3, 1024, "anywhere"),
    Case("256 at 1/16", "B04", 256, 4, 1024, "anywhere"),
    Case("TCI 256", "TCI", 256, 0, 256, "anywhere"),
    Case("TCI 512", "TCI", 512, 0, 256, "anywhere"),
    Case("TCI 1024", "TCI", 1024, 0, 256, "anywhere"),
    Case("TCI 256 at 1/4", "TCI", 256, 2, 256, "anywhere"),
]


@dataclass(frozen=True)
class Figures:
    """Medians of one case; times in milliseconds, sizes in bytes, a window."""

    case: str
    windows: int
    cpu: float
    cpu_rasterio: float
    busy: float
    busy_rasterio: float
    needed: float
    fetched: float
    fetches: float
    read_by_rasterio: float


class Ours:
    """The packet decoder on one thread, its index loaded, keeping no tiles."""

    def __init__(self, path: Path, case: Case) -> None:
        grid = Grid("EPSG:32631", rasterio.Affine.identity(), SIZE, SIZE)
        components = 3 if case.image == "TCI" else 1
        self._asset = Asset(case.image, str(path), grid, components, 15)
        self._reduction = case.reduction
        archive = Archive(AccessLimits(connections=1, timeout=1.0, tries=1, kept_bytes=0))
        self.decoder = PacketDecoder(
            OpenJpeg(),
            GdalDecoder(archive),
            archive,
            ThreadPoolExecutor(1),
            Caches(tile_bytes=0, index_bytes=1 << 24),
        )
        self.read(PixelWindow(0, 0, 1, 1))

    def read(self, window: PixelWindow) -> Samples:
        return self.decoder.decode(self._asset, window, self._reduction)


@contextmanager
def opened(
    who: str, case: Case, path: Path
) -> Iterator[Callable[[], AbstractContextManager[Read]]]:
    """Give what makes ready for a window: its ``with`` block gives the reading itself."""
    if who == "ours":
        ours = Ours(path, case)
        yield lambda: nullcontext(ours.read)
    else:
        with rasterio.Env(**GDAL_OPTIONS):
            yield lambda: rasterio_reader(path, case.reduction)


@contextmanager
def rasterio_reader(path: Path, reduction: int) -> Iterator[Read]:
    level = {"OVERVIEW_LEVEL": reduction - 1} if reduction else {}
    with rasterio.open(path, sharing=False, **level) as dataset:

        def read(window: PixelWindow) -> Samples:
            samples: Samples = dataset.read(
                window=Window(window.column, window.row, window.width, window.height)
            )
            return samples

        yield read


def bytes_read() -> int:
    """Bytes that this process has asked the kernel for."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(lines[0].split()[1])


def measure(case: Case, path: Path, count: int, cores: int) -> Figures:
    ours = Ours(path, case)
    cpu: list[float] = []
    cpu_rasterio: list[float] = []
    read_by_rasterio: list[int] = []
    before = ours.decoder.counts.snapshot()
    with opened("rasterio", case, path) as prepare:
        for window in case.windows(count):
            start = time.process_time()
            found = ours.read(window)
            cpu.append(time.process_time() - start)
            with prepare() as read:
                at = bytes_read()
                start = time.process_time()
                expected = read(window)
                cpu_rasterio.append(time.process_time() - start)
                read_by_rasterio.append(bytes_read() - at)
            assert np.array_equal(found, expected)
    after = ours.decoder.counts.snapshot()

    def mean(name: str) -> float:
        return (after[name] - before[name]) / count

    return Figures(
        case=case.name,
        windows=count,
        cpu=1e3 * statistics.median(cpu),
        cpu_rasterio=1e3 * statistics.median(cpu_rasterio),
        busy=busy_time("ours", case, path, count, cores),
        busy_rasterio=busy_time("rasterio", case, path, count, cores),
        needed=mean("bytes_needed"),
        fetched=mean("bytes_fetched"),
        fetches=mean("fetches"),
        read_by_rasterio=statistics.median(read_by_rasterio),
    )


def busy_time(who: str, case: Case, path: Path, count: int, cores: int) -> float:
    """Median wall time of a window, in ms, with one process on every core."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(cores)
    results: multiprocessing.Queue[list[float]] = context.Queue()
    arguments = (who, case, path, count, barrier, results)
    workers = [context.Process(target=work, args=arguments) for _ in range(cores)]
    for worker in workers:
        worker.start()
    times = [seconds for _ in workers for seconds in results.get()]
    for worker in workers:
        worker.join()
    return 1e3 * statistics.median(times)


def work(
    who: str,
    case: Case,
    path: Path,
    count: int,
    barrier: Barrier,
    results: "multiprocessing.Queue[list[float]]",
) -> None:
    """Read every window in a process of its own, once all processes are ready."""

    times = []
    with opened(who, case, path) as prepare:
        barrier.wait()
        for window in case.windows(count):
            with prepare() as read:
                start = time.perf_counter()
                read(window)
                times.append(time.perf_counter() - start)
    results.put(times)


def as_table(all_figures: list[Figures]) -> str:
    """Lay out a line for each kind of window."""
    heads = ["window", "CPU ms", "rasterio", "×", "busy ms", "rasterio", "×"]
    heads += ["KB needed", "fetched", "rasterio", "round trips"]
    rows = [
        [
            figures.case,
            f"{figures.cpu:.1f}",
            f"{figures.cpu_rasterio:.0f}",
            f"{figures.cpu_rasterio / figures.cpu:.1f}",
            f"{figures.busy:.1f}",
            f"{figures.busy_rasterio:.0f}",
            f"{figures.busy_rasterio / figures.busy:.1f}",
            f"{figures.needed / 1e3:.0f}",
            f"{figures.fetched / 1e3:.0f}",
            f"{figures.read_by_rasterio / 1e3:.0f}",
            f"{figures.fetches:.0f}",
        ]
        for figures in all_figures
    ]
    return table(heads, rows)


def main() -> None:
    """Parse the command line, measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--windows", type=int, default=25, help="windows of each kind")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--keep", action="store_true", help=f"keep the figures in {RESULTS.name}/")
    arguments = parser.parse_args()
    directory: Path = arguments.directory
    directory.mkdir(parents=True, exist_ok=True)
    band, colour = directory / "B04_10m.jp2", directory / "TCI_10m.jp2"
    if not band.exists():
        make_band(band)
    if not colour.exists():
        make_true_colour(colour)
    figures = []
    for case in CASES:
        path = colour if case.image == "TCI" else band
        figures.append(measure(case, path, arguments.windows, arguments.cores))
        print(as_table(figures[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    text = as_table(figures)
    print(f"{circumstances()}\n\n{text}")
    results = RESULTS if arguments.keep else directory / "results"
    write("window_reads", [asdict(each) for each in figures], text, results)


if __name__ == "__main__":
    main()
