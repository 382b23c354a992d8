"""GeoTIFFs on a real web server, and decoders that read windows of them there."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from archive_server import ArchiveServer
from numpy.typing import NDArray

from function.deadline import Deadline
from function.grid import Grid
from function.scene import Asset
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.decoder import Need, PixelWindow, Samples, Wanted
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.geotiff.decoder import BlockDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.openjpeg import OpenJpeg

SIZE = 1300
GRID = Grid("EPSG:32632", Affine(10, 0, 600_000, 0, -10, 6_000_000), SIZE, SIZE)
BANDS = ("B02", "B03", "B04")
# Meets four tiles of 256.
CORNER = PixelWindow(700, 730, 150, 140)
PATIENCE = 60.0
OPTIONS = {"DEFLATE": {"COMPRESS": "DEFLATE", "PREDICTOR": "2"}, "NONE": {"COMPRESS": "NONE"}}


class Site:
    """Images on a server, and decoders that read them there."""

    def __init__(self, server: ArchiveServer, openjpeg: OpenJpeg) -> None:
        self.server = server
        self._openjpeg = openjpeg

    @contextmanager
    def decoder(
        self, kept: int = 0, connections: int = 64, directories: int = 1 << 24
    ) -> Iterator[BlockDecoder]:
        archive = Archive(AccessLimits(connections, PATIENCE, 1, kept))
        with ThreadPoolExecutor(1) as workers:
            packets = PacketDecoder(
                self._openjpeg, GdalDecoder(archive), archive, workers, Caches(0, 1 << 24)
            )
            try:
                yield BlockDecoder(packets, archive, directories)
            finally:
                archive.close()

    def path(self, asset: Asset) -> Path:
        return self.server.directory / Path(asset.href).name


def texture(seed: int) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(1, 9999, (1, SIZE, SIZE)).astype(np.uint16)


def write(path: Path, samples: NDArray[np.uint16], compression: str = "DEFLATE") -> None:
    """Write a cloud-optimised GeoTIFF with overviews."""
    plain = path.with_suffix(".plain.tif")
    options = {"driver": "GTiff", "crs": GRID.crs, "transform": GRID.transform}
    with rasterio.Env(GDAL_PAM_ENABLED="NO"):
        with rasterio.open(
            plain, "w", width=SIZE, height=SIZE, count=len(samples), dtype="uint16", **options
        ) as dataset:
            dataset.write(samples)
        creation = {"COMPRESS": compression, "PREDICTOR": "YES" if compression != "NONE" else "NO"}
        rasterio.shutil.copy(plain, path, driver="COG", BLOCKSIZE="256", **creation)
    plain.unlink()


def asset_of(site: Site, name: str) -> Asset:
    return Asset("B04", site.server.href(site.server.directory / name), GRID, 1, 16)


def windows(
    assets: Sequence[Asset], window: PixelWindow = CORNER, need: Need = Need.NOW
) -> list[Wanted]:
    return [Wanted(asset, window, 0, need) for asset in assets]


def decode_all(
    decoder: BlockDecoder, wanted: Sequence[Wanted], counts: DecodingCounts | None = None
) -> list[Samples]:
    coming = decoder.prepare(wanted, Deadline.after(PATIENCE), counts)
    return [future.result(PATIENCE)() for future in coming]


def check(site: Site, wanted: Sequence[Wanted], decoded: Sequence[Samples]) -> None:
    for item, samples in zip(wanted, decoded, strict=True):
        with rasterio.open(site.path(item.asset)) as dataset:
            expected = dataset.read()[(slice(None), *item.window.slices)]
        np.testing.assert_array_equal(samples, expected)


def replace_file(path: Path, samples: NDArray[np.uint16]) -> None:
    partial = path.with_suffix(".partial.tif")
    write(partial, samples, "NONE")
    partial.replace(path)


def wait_for(site: Site, requests: int) -> None:
    deadline = Deadline.after(PATIENCE)
    while site.server.at_once < requests:
        deadline.check("read")
