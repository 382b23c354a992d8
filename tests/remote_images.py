"""JPEG 2000 images on a web server, and decoders that read windows of them there."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from archive_server import ArchiveServer, serving_files
from numpy.typing import NDArray

from function.codestream_record import CodestreamRecord
from function.deadline import Deadline
from function.grid import Grid
from function.scene import Asset
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.encoding import band_profile, write_jpeg2000
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.image_header import read_image_header
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg

SIZE = 1300
GRID = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), SIZE, SIZE)
PROFILE = band_profile(10, 15)
BANDS = ("B02", "B03", "B04")
# Meets all four tiles of 1024.
CORNER = PixelWindow(900, 930, 256, 256)
PATIENCE = 60.0
SOON = Need.SOON


class MemoryStore:
    """Keeps codestream indexes in memory."""

    def __init__(self) -> None:
        self.records: dict[str, CodestreamRecord] = {}

    def load(self, assets: Collection[Asset]) -> Mapping[str, CodestreamRecord]:
        hrefs = {asset.href for asset in assets}
        return {href: record for href, record in self.records.items() if href in hrefs}

    def keep(self, asset: Asset, record: CodestreamRecord) -> None:
        self.records[asset.href] = record


class Site:
    """Images on a server, and decoders that read them there."""

    def __init__(self, server: ArchiveServer, openjpeg: OpenJpeg) -> None:
        self.server = server
        self.store = MemoryStore()
        self._openjpeg = openjpeg

    def asset(self, path: Path) -> Asset:
        header = read_image_header(str(path))
        return Asset("B04", self.server.href(path), header.grid, header.components, header.bits)

    @contextmanager
    def decoder(
        self, kept: int = 0, tiles: int = 0, connections: int = 64, tries: int = 1
    ) -> Iterator[PacketDecoder]:
        archive = Archive(AccessLimits(connections, PATIENCE, tries, kept))
        with ThreadPoolExecutor(1) as workers:
            yield PacketDecoder(
                self._openjpeg,
                GdalDecoder(archive),
                archive,
                workers,
                Caches(tiles, 1 << 24),
                self.store,
            )
            archive.close()

    def bands(self) -> list[Asset]:
        """The images that are served from the start."""
        return [self.asset(self.server.directory / f"{band}.jp2") for band in BANDS]

    def index(self, assets: Sequence[Asset]) -> None:
        """Have the indexes of all files made."""
        with self.decoder() as decoder:
            for asset in assets:
                decoder.decode(asset, PixelWindow(0, 0, 1, 1), 0)
        assert self.store.records.keys() >= {asset.href for asset in assets}
        self.server.take_asked()


def texture(seed: int) -> NDArray[np.uint16]:
    random = np.random.default_rng(seed)
    field = random.standard_normal((SIZE // 10, SIZE // 10)).repeat(10, 0).repeat(10, 1)
    return (3000 + 400 * field + 90 * random.standard_normal((SIZE, SIZE))).astype(np.uint16)[None]


def write_images(directory: Path) -> Path:
    """Write an image of each band."""
    for seed, band in enumerate(BANDS):
        write_jpeg2000(directory / f"{band}.jp2", texture(seed), GRID, PROFILE)
    return directory


@contextmanager
def serving_images(images: Path, directory: Path, openjpeg: OpenJpeg) -> Iterator[Site]:
    """Serve links to ``images`` from ``directory``."""
    for path in images.iterdir():
        os.link(path, directory / path.name)
    with serving_files(directory) as server:
        yield Site(server, openjpeg)


def local(site: Site, asset: Asset) -> Path:
    return site.server.directory / Path(asset.href).name


def whole(path: Path) -> Samples:
    with rasterio.open(path) as dataset:
        samples: Samples = dataset.read()
    return samples


def decode_all(
    decoder: PacketDecoder, wanted: Sequence[Wanted], counts: DecodingCounts | None = None
) -> list[Samples]:
    coming = decoder.prepare(wanted, Deadline.after(PATIENCE), counts)
    return [future.result(PATIENCE)() for future in coming]


def windows(
    assets: Sequence[Asset], window: PixelWindow = CORNER, need: Need = Need.NOW
) -> list[Wanted]:
    return [Wanted(asset, window, 0, need) for asset in assets]


def check(site: Site, wanted: Sequence[Wanted], decoded: Sequence[Samples]) -> None:
    for item, samples in zip(wanted, decoded, strict=True):
        expected = whole(local(site, item.asset))[(slice(None), *item.window.slices)]
        np.testing.assert_array_equal(samples, expected)


def count_reads(site: Site, wanted: Sequence[Wanted]) -> int:
    """Count the reads that windows take of a decoder that has nothing at hand but indexes."""
    with site.decoder() as decoder:
        decode_all(decoder, wanted)
    return len(site.server.take_asked())


def replace_file(path: Path, samples: NDArray[np.uint16]) -> None:
    partial = path.with_suffix(".partial.jp2")
    write_jpeg2000(partial, samples, GRID, PROFILE)
    partial.replace(path)
