"""Fetching, decoding and keeping the tiles of a window."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np

from function.scenes.decoder import PixelWindow, Samples
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.fetching import fetch
from function.scenes.jpeg2000.geometry import Rectangle, image_area, tile_area, tiles_within
from function.scenes.jpeg2000.index import CodestreamIndex
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.parallel import run_all
from function.scenes.jpeg2000.partial import CodestreamAssembler, TileReading, plan_tile


@dataclass(frozen=True, slots=True)
class _Share:
    """One tile's share of a window, of one state of a file; what it is kept by."""

    identity: tuple[str, int, int]
    tile: int
    reduction: int
    window: Rectangle


class TileReader:
    """Reads windows tile by tile, in parallel on ``executor``.

    Decoded tiles are kept up to ``tile_bytes``, and two threads never decode the same at once.
    """

    def __init__(
        self, openjpeg: OpenJpeg, executor: Executor, tile_bytes: int, counts: DecodingCounts
    ) -> None:
        self._openjpeg = openjpeg
        self._executor = executor
        self._kept: ByteBoundedCache[_Share, Samples] = ByteBoundedCache(
            tile_bytes, lambda samples: samples.nbytes
        )
        self._counts = counts

    def read(
        self, source: ByteSource, index: CodestreamIndex, window: PixelWindow, reduction: int
    ) -> Samples:
        """Read ``window`` of the image at ``reduction``, at most its levels.

        What is missing is fetched in one call to ``source``. Raises CodestreamError where the
        file is damaged, ValueError where the window does not lie in the image.
        """
        area = _place(index, window, reduction)
        shares = _split(source, index, area, reduction)
        claims = [self._kept.claim(share) for share in shares]
        to_make = [share for share, claim in zip(shares, claims, strict=True) if claim.to_make]
        self._counts.add(windows=1, tiles_kept=len(shares) - len(to_make))
        if to_make:
            self._make(source, index, to_make)
        tiles = [claim.future.result() for claim in claims]
        samples = np.empty((tiles[0].shape[0], window.height, window.width), tiles[0].dtype)
        for share, tile in zip(shares, tiles, strict=True):
            left, top = share.window.x0 - area.x0, share.window.y0 - area.y0
            samples[:, top : top + tile.shape[1], left : left + tile.shape[2]] = tile
        return samples

    def _make(self, source: ByteSource, index: CodestreamIndex, shares: Sequence[_Share]) -> None:
        """Decode claimed shares; whatever happens, each is kept or abandoned in the end."""
        undone = set(shares)
        try:
            tiles = index.tiles([share.tile for share in shares])
            readings = [
                plan_tile(
                    index.header,
                    tiles[share.tile],
                    tile_area(index.header.size, share.tile),
                    share.window,
                    share.reduction,
                )
                for share in shares
            ]
            ranges = [item for reading in readings for item in reading.ranges]
            data, fetched = fetch(source, ranges)
            needed = sum(length for _, length in ranges)
            self._counts.add(fetches=1, bytes_needed=needed, bytes_fetched=fetched)
            assembler = CodestreamAssembler(index.header)
            tasks = []
            for share, reading in zip(shares, readings, strict=True):
                own, data = data[: len(reading.runs)], data[len(reading.runs) :]
                tasks.append(partial(self._decode, index, assembler, share, reading, own, undone))
            run_all(self._executor, tasks)
        except BaseException as error:
            for share in undone:
                self._kept.abandon(share, error)
            raise

    def _decode(
        self,
        index: CodestreamIndex,
        assembler: CodestreamAssembler,
        share: _Share,
        reading: TileReading,
        data: Sequence[memoryview],
        undone: set[_Share],
    ) -> None:
        samples = self._openjpeg.decode(
            assembler.assemble(reading, data),
            index.header,
            reading.area,
            reading.window,
            reading.reduction,
        )
        samples.flags.writeable = False
        self._counts.add(tiles_decoded=1)
        undone.discard(share)
        self._kept.keep(share, samples)


def _place(index: CodestreamIndex, window: PixelWindow, reduction: int) -> Rectangle:
    """Move a window from the image's own corner to the reference grid's."""
    image = image_area(index.header.size).reduced(reduction)
    left, top = image.x0 + window.column, image.y0 + window.row
    area = Rectangle(left, top, left + window.width, top + window.height)
    if area.empty or area.intersection(image) != area:
        raise ValueError(f"{window} does not lie in an image of {image}")
    return area


def _split(
    source: ByteSource, index: CodestreamIndex, area: Rectangle, reduction: int
) -> list[_Share]:
    size = index.header.size
    shares = [
        _Share(
            source.identity,
            tile,
            reduction,
            tile_area(size, tile).reduced(reduction).intersection(area),
        )
        for tile in tiles_within(size, area, reduction)
    ]
    return [share for share in shares if not share.window.empty]
