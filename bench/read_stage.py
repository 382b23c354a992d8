"""The read stage of a map by itself: what it takes, and what of it is the requesting thread's own.

    OPENBLAS_NUM_THREADS=1 python -m bench.read_stage [--crs EPSG:32632] [--only TCI]

A reader in this process makes 24 maps of one date, one after another: first *cold*, places whose
tiles are not decoded yet, then the same *warm*. Medians of the time that it takes, of the CPU time
of the thread that asks (what maps made at once have to take turns for), and of the whole process.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import parse_qs

from bench.archive import make_archive
from bench.full_size_products import SIZE
from bench.map_cases import CASES, ONE_DATE, Case, Site, elsewhere, walks
from bench.report import RESULTS, circumstances, milliseconds, table, write
from bench.sentinel_site import write_mapfile
from function.deadline import Deadline
from function.grid import Grid
from function.ingest.local_files import LocalFiles
from function.ingest.products import read_product
from function.mapserver.server import MapServer
from function.scene import Scene
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.image_header import read_image_header, read_image_shape
from function.scenes.jpeg2000.codestream_choice import choose_codestreams
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.reader import SceneReader
from function.settings import Jpeg2000Decoder

SEEDS = (1, 2)  # twelve places each
# More than the tiles of all places.
TILE_BYTES, INDEX_BYTES = 1 << 32, 1 << 26


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of one kind of map, in milliseconds."""

    case: str
    crs: str
    cold: bool
    maps: int
    wall_ms: float
    own_cpu_ms: float
    all_cpu_ms: float


@contextmanager
def reading() -> Iterator[SceneReader]:
    """Give a reader without a decoded tile, its workers one for each CPU."""
    archive = Archive(AccessLimits(connections=1, timeout=1.0, tries=1, kept_bytes=0))
    gdal = GdalDecoder(archive)
    cpus = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(cpus) as workers:
        codestreams = choose_codestreams(Jpeg2000Decoder.AUTO)
        decoder = PacketDecoder(
            codestreams, gdal, archive, workers, Caches(TILE_BYTES, INDEX_BYTES), cpus=cpus
        )
        yield SceneReader(decoder, workers)
    gdal.close()


def grid_of(query: str) -> Grid:
    """Lay out the pixels that a GetMap query asks for."""
    values = {key: texts[0] for key, texts in parse_qs(query).items()}
    west, south, east, north = map(float, values["BBOX"].split(","))
    bounds = (west, south, east, north)
    return Grid.from_bounds(values["CRS"], bounds, int(values["WIDTH"]), int(values["HEIGHT"]))


def measure(
    case: Case, scenes: Sequence[Scene], server: MapServer, site: Site, crs: str
) -> list[Figures]:
    """Measure one kind of map, cold and then warm."""
    layer = server.publication.archive_layers[case.layer]
    grids = [
        grid_of(query) for seed in SEEDS for walk in walks(case, site, crs, seed) for query in walk
    ]
    figures = []
    with reading() as reader:
        for scene in scenes:
            # The index of each file is at hand, as the catalogue has it.
            reader.read(layer, grid_of(elsewhere(case, site, crs)), [scene], False, _ample())
            reader.read(layer, _corner(scene), [scene], False, _ample())
        for cold in (True, False):
            taken = []
            for grid in grids:
                before = time.perf_counter(), time.thread_time(), time.process_time()
                raster = reader.read(layer, grid, scenes, False, _ample())
                after = time.perf_counter(), time.thread_time(), time.process_time()
                taken.append([end - start for start, end in zip(before, after, strict=True)])
                if not raster.valid.all():
                    raise RuntimeError(f"{case.name}: a map has gaps")
            medians = [round(milliseconds(each), 1) for each in zip(*taken, strict=True)]
            figures.append(Figures(case.name, crs, cold, len(grids), *medians))
    return figures


def _corner(scene: Scene) -> Grid:
    image = scene.assets[0].grid
    return Grid(image.crs, image.transform, 32, 32)


def _ample() -> Deadline:
    return Deadline.after(60.0)


def tables(figures: Sequence[Figures]) -> str:
    """Lay out the medians."""
    heads = ["ms a map", "", "in all", "CPU, requesting thread", "CPU, all threads"]
    rows = [
        [
            f"{each.case}, {each.crs}",
            "cold" if each.cold else "warm",
            *(f"{value:.1f}" for value in (each.wall_ms, each.own_cpu_ms, each.all_cpu_ms)),
        ]
        for each in figures
    ]
    return table(heads, rows)


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
    server = MapServer(write_mapfile(directory / "maps"), "")
    files = LocalFiles(archive.products[0])
    scenes = [read_product(files, read_image_header, read_image_shape).scene]
    site = Site.of(arguments.size)
    figures: list[Figures] = []
    for case in CASES:
        if case.name.startswith(arguments.only) and case.dates == ONE_DATE and not case.pans:
            figures += measure(case, scenes, server, site, arguments.crs)
    text = tables(figures)
    print(f"{circumstances()}\n\n{text}")
    results = RESULTS if arguments.keep else directory / "results"
    name = f"read_stage_{arguments.crs.partition(':')[2]}"
    write(name, [asdict(each) for each in figures], text, results)


if __name__ == "__main__":
    main()
