"""Make the demo's products."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from function.demo.itinerary import GROUND, LANDSCAPE_SEED, PASSES, Pass
from function.demo.landscape import make_landscape
from function.demo.observation import Observation, observe
from function.demo.painting import ObservationPainter
from function.demo.safe_writer import images_of, write_product


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work has come: ``done`` of ``total`` steps, the next being ``what``."""

    done: int
    total: int
    what: str


Progress = Callable[[Step], None]


def product_names() -> tuple[str, ...]:
    """Name every product of the demo, without ``.SAFE``."""
    return tuple(flight.product(cell).name for flight in PASSES for cell in flight.cells)


def write_demo(directory: Path, progress: Progress) -> tuple[Path, ...]:
    """Write the demo's products below ``directory`` and give their ``.SAFE`` directories.

    Products that lie there whole are kept, and so are the finished images of one that an
    interrupted run left. The pixels are the same on every run and every platform. Where another
    run writes to the same directory, this one waits for it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory):
        missing = [flight for flight in PASSES if not _is_there(directory, flight)]
        if missing:
            counter = _Counter(progress, _steps(missing))
            counter.advance("landscape")
            landscape = make_landscape(LANDSCAPE_SEED, GROUND.shape)
            seen: dict[datetime, Observation] = {}
            for flight in missing:
                counter.advance(f"view of {flight.acquired:%Y-%m-%d}")
                if flight.acquired not in seen:
                    seen = {flight.acquired: observe(landscape, flight.season, flight.sky)}
                _write_pass(directory, flight, seen[flight.acquired], counter)
    return tuple(directory / f"{name}.SAFE" for name in product_names())


def _is_there(directory: Path, flight: Pass) -> bool:
    names = (flight.product(cell).name for cell in flight.cells)
    return all((directory / f"{name}.SAFE").exists() for name in names)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class _Counter:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def advance(self, what: str) -> None:
        self._progress(Step(self._done, self._total, what))
        self._done += 1


def _steps(flights: list[Pass]) -> int:
    images = (len(images_of(flight.product(cell))) for flight in flights for cell in flight.cells)
    return 1 + len(flights) + sum(images)


def _write_pass(directory: Path, flight: Pass, observation: Observation, counter: _Counter) -> None:
    for cell in flight.cells:
        product = flight.product(cell)
        painter = ObservationPainter(product, GROUND, observation, flight.edge, flight.sky.seed)
        write_product(directory, product, painter, counter.advance)
