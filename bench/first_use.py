"""How long does it take to index a remote image, which its first map waits for?

    python -m bench.first_use [--delay 0.03] [--connections 64]

Images of a full-size product over HTTP, without TLM, as most of the archive is: with the walks from
many places that the service makes, and with one from the first tile-part to the last. A connection
brings 20 MB/s.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.archive import make_archive
from bench.delayed_archive import (
    BUCKET,
    DELAY_SECONDS,
    DelayedArchive,
    delayed_archive,
    sequential_round_trips,
)
from bench.full_size_products import SIZE
from bench.report import RESULTS, circumstances, table, write
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.index_record import index_file

IMAGES = ("TCI_10m", "B04_10m", "B11_20m", "SCL_20m", "B01_60m")
# As CDSE gives it.
RATE = 20e6
CONNECTIONS = 64
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What it took to index an image, from many places or from one."""

    image: str
    places: str
    seconds: float
    megabytes: float
    reads: int
    round_trips: int


class FromOnePlace:
    """A source that tells of nothing to gain by reading several ranges at once."""

    at_once = 1

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.gap = source.gap
        self.metered = source.metered

    @property
    def identity(self) -> tuple[str, int, str]:
        return self._source.identity

    def size(self) -> int:
        """Count the file's bytes."""
        return self._source.size()

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Read as the source does."""
        return self._source.read_ranges(ranges)


def measure(image: Path, store: DelayedArchive, connections: int) -> list[Figures]:
    """Index an image in both ways; raises AssertionError where they do not find the same."""
    href = f"{store.endpoint}/{BUCKET}/{image.relative_to(store.directory)}"
    figures, found = [], []
    for places in ("many", "one"):
        archive = Archive(AccessLimits(connections, PATIENCE, 1, 0))
        store.take_log()
        start = time.perf_counter()
        with archive.open(href) as source:
            found.append(index_file(source if places == "many" else FromOnePlace(source)))
        seconds = time.perf_counter() - start
        archive.close()
        log = store.take_log()
        figures.append(
            Figures(
                image.stem[-7:],
                places,
                seconds,
                sum(each.sent for each in log) / 1e6,
                len(log),
                sequential_round_trips(log),
            )
        )
    many, one = found
    assert many.index is not None
    assert many.equals(one)
    return figures


def as_table(figures: Sequence[Figures]) -> str:
    """Lay out a line for each image and way."""
    heads = ("image", "from places", "seconds", "MB", "reads", "round trips")
    return table(
        heads,
        [
            (
                each.image,
                each.places,
                f"{each.seconds:.2f}",
                f"{each.megabytes:.1f}",
                f"{each.reads}",
                f"{each.round_trips}",
            )
            for each in figures
        ],
    )


def main() -> None:
    """Parse the command line, measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of a 10 m image")
    parser.add_argument("--delay", type=float, default=DELAY_SECONDS, help="seconds")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--keep", action="store_true", help="keep the figures in bench/results/")
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    product = make_archive(directory, arguments.size).products[0]
    figures: list[Figures] = []
    with delayed_archive(directory, arguments.delay, RATE) as store:
        for name in IMAGES:
            (image,) = product.glob(f"GRANULE/*/IMG_DATA/R*/*_{name}.jp2")
            figures += measure(image, store, arguments.connections)
            print(as_table(figures[-2:]), file=sys.stderr, flush=True)
    text = as_table(figures)
    print(f"{circumstances()}\n\n{text}")
    results = RESULTS if arguments.keep else directory / "results"
    write("first_use", [asdict(each) for each in figures], text, results)


if __name__ == "__main__":
    main()
