"""Scenes of arrays, a decoder of them, and layers to read them for."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scene_images import UTM29

from function.deadline import Deadline
from function.errors import (
    SceneUnreadableError,
)
from function.grid import Grid
from function.layer import ArchiveLayer, LayerKind
from function.raster import Raster
from function.scene import Asset, Scene
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Need, PixelWindow, Samples, Wanted
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.reader import SceneReader
from function.scenes.stages import completed

SIZE = 120
WEST, NORTH = 600000.0, 5800000.0
GRID = Grid(UTM29, Affine(10, 0, WEST, 0, -10, NORTH), SIZE, SIZE)
WHOLE = "MULTIPOLYGON(((-8 51, -6 51, -6 53, -8 53, -8 51)))"
INDEX = ArchiveLayer(
    "NDVI",
    "sentinel-2-l2a",
    LayerKind.INDEX,
    ("B04", "B08"),
    expression="(B08-B04)/(B08+B04)",
    masked_classes=frozenset({0, 8, 9}),
)
COLOUR = ArchiveLayer(
    "TRUE_COLOUR",
    "sentinel-2-l2a",
    LayerKind.COLOUR,
    ("B04", "B03", "B02"),
    visual="TCI",
    stretch=(0.0, 0.25),
    masked_classes=frozenset({0, 8, 9}),
)
CLASSES = replace(COLOUR, name="SCL", kind=LayerKind.CLASSES, bands=("SCL",), visual=None)


# How it is told what is not decoded at once.
WORDS = {Need.NOW: "", Need.SOON: "soon ", Need.PERHAPS: "perhaps "}
Images = dict[str, NDArray[np.uint8] | NDArray[np.uint16]]


class ArrayDecoder:
    """A decoder of arrays, by address; counts what it is asked for."""

    def __init__(self) -> None:
        self.images: dict[str, Samples] = {}
        self.decoded: list[tuple[str, PixelWindow, int]] = []
        self.prepared: list[list[str]] = []
        self._lock = threading.Lock()

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,  # noqa: ARG002
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> list[Future[Decode]]:
        now_first = sorted(wanted, key=lambda item: item.need is not Need.NOW)
        self.prepared.append([f"{WORDS[item.need]}{item.asset.href}" for item in now_first])
        if counts is not None:
            counts.add(indexes_loaded=len(self.prepared[-1]))
        for item in wanted:
            if ahead is not None and item.need is not Need.NOW:
                ahead.take(item.window.width * item.window.height)
        return [
            completed(partial(self.decode, item.asset, item.window, item.reduction, counts))
            for item in wanted
        ]

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        with self._lock:
            self.decoded.append((asset.href, window, reduction))
        if counts is not None:
            counts.add(windows=1)
        if asset.href not in self.images:
            raise SceneUnreadableError(f"{asset.href} cannot be decoded")
        step = 1 << reduction
        reduced = self.images[asset.href][:, ::step, ::step]
        return reduced[(slice(None), *window.slices)]

    @property
    def files(self) -> list[str]:
        return [href for href, _, _ in self.decoded]


@dataclass(frozen=True, slots=True)
class AfterDecoding(Deadline):
    """Passes once a decoder has been asked for a number of images."""

    decoder: ArrayDecoder
    images: int

    def remaining(self) -> float:
        return 60.0 if len(self.decoder.decoded) < self.images else -1.0


class Archive:
    """Makes scenes of arrays."""

    def __init__(self, decoder: ArrayDecoder) -> None:
        self._decoder = decoder

    def scene(
        self,
        name: str,
        images: Images,
        west: float = WEST,
        footprint: str = WHOLE,
        missing: frozenset[str] = frozenset(),
    ) -> Scene:
        """Make a scene; bands are 10 m, SCL 20 m; ``missing`` are catalogued, but no files."""
        assets = []
        for band, samples in images.items():
            stack = samples if samples.ndim == 3 else samples[np.newaxis]
            resolution = 20.0 if band == "SCL" else 10.0
            transform = Affine(resolution, 0, west, 0, -resolution, NORTH)
            href = f"{name}_{band}.jp2"
            if band not in missing:
                self._decoder.images[href] = stack
            reflectance = band.startswith("B")
            assets.append(
                Asset(
                    band,
                    href,
                    Grid(UTM29, transform, stack.shape[2], stack.shape[1]),
                    stack.shape[0],
                    15 if reflectance else 8,
                    offset=-1000.0 if reflectance else 0.0,
                    quantification=10000.0 if reflectance else 1.0,
                )
            )
        moment = datetime(2026, 6, 1, tzinfo=UTC)
        return Scene(
            "sentinel-2-l2a", name, moment, moment, "S2A", "05.12", "", 23, "29UPU", 0.0,
            footprint, tuple(assets),
        )  # fmt: skip


def plain(value: int, size: int = SIZE) -> NDArray[np.uint16]:
    return np.full((size, size), value, np.uint16)


def bands(red: int, infrared: int) -> Images:
    return {"B04": plain(red), "B08": plain(infrared)}


def read(
    reader: SceneReader,
    layer: ArchiveLayer,
    scenes: list[Scene],
    cloud_mask: bool = False,
    grid: Grid = GRID,
) -> Raster:
    return reader.read(layer, grid, scenes, cloud_mask, Deadline.after(60.0))


def ndvi(red: int, infrared: int) -> np.float32:
    r, n = (np.float32((number - 1000) / 10000) for number in (red, infrared))
    return np.float32((n - r) / (n + r))
