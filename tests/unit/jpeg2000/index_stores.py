"""A store of codestream indexes in memory, and images to be indexed."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
from affine import Affine
from codestreams import Encoding, encode, texture
from numpy.typing import NDArray

from function.codestream_record import CodestreamRecord
from function.grid import Grid
from function.scene import Asset
from function.scenes.decoder import PixelWindow
from function.scenes.jpeg2000.byte_source import LocalByteSource
from function.scenes.jpeg2000.index_record import index_file

TILED = Encoding(tile=(32, 32), resolutions=3)
WHOLE = PixelWindow(0, 0, 70, 60)
Samples = NDArray[np.int64]


class MemoryStore:
    """A store in memory that tells what it was asked."""

    def __init__(self) -> None:
        self.records: dict[str, CodestreamRecord] = {}
        self.loads: list[list[str]] = []
        self.kept: list[str] = []

    def load(self, assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
        hrefs = [asset.href for asset in assets]
        self.loads.append(hrefs)
        return {href: self.records[href] for href in hrefs if href in self.records}

    def keep(self, asset: Asset, record: CodestreamRecord) -> None:
        self.kept.append(asset.href)
        self.records[asset.href] = record


def image(directory: Path, seed: int = 0, encoding: Encoding = TILED) -> tuple[Asset, Samples]:
    """A file of 70 × 60 samples, and what it holds."""
    directory.mkdir(parents=True, exist_ok=True)
    samples = texture(1, 60, 70, 8, seed=seed)
    path = encode(directory, samples, encoding)
    return asset_of(path), samples


def asset_of(path: Path, width: int = 70) -> Asset:
    return Asset("B04", str(path), Grid("EPSG:32629", Affine.identity(), width, 60), 1, 8)


def record_of(asset: Asset) -> CodestreamRecord:
    with LocalByteSource(Path(asset.href)) as source:
        return index_file(source).to_record()
