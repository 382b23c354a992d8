"""Fetching, decoding and keeping the tiles of a window."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from function.scenes.decoder import PixelWindow, Samples
from function.scenes.jpeg2000.byte_source import ByteSource
from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.codestream import MainHeader
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.fetching import fetch
from function.scenes.jpeg2000.geometry import Rectangle, image_area, tile_area
from function.scenes.jpeg2000.index import CodestreamIndex, TilePackets
from function.scenes.jpeg2000.openjpeg import decoding_margin
from function.scenes.jpeg2000.parallel import SharedCpus, run_all
from function.scenes.jpeg2000.partial import CodestreamAssembler, TilePlan, plan_tile
from function.scenes.jpeg2000.shared_blocks import SharedBlocks
from function.scenes.jpeg2000.tile_blocks import WindowBlock, split_window

Identity = tuple[str, int, str]

# OpenJPEG's threads share out code-blocks. To hand one of 64 × 64 samples to another thread costs
# nothing beside decoding it; with those of 16 × 16 decoding takes a fifth more.
SMALLEST_SHARED = 32 * 32


@dataclass(frozen=True, slots=True)
class _Key:
    """What a decoded block is kept by: a window's share, of one state of a file."""

    identity: Identity
    reduction: int
    window: Rectangle

    @property
    def name(self) -> bytes:
        """The same key in bytes, whatever characters a file's name has."""
        area = self.window
        return repr((self.identity, self.reduction, area.x0, area.y0, area.x1, area.y1)).encode()


class _GivenUpError(Exception):
    """Who was to make a block did not come to it: whoever waits for it makes it."""


class TileReader:
    """Reads windows by blocks of tiles, in parallel on ``executor``.

    Decoded blocks are kept up to ``kept_bytes``, and two threads never decode the same at once.
    Others are looked for in ``shared``, where other processes keep theirs too. ``counts`` are of
    reads that bring none of their own. Where there are fewer blocks than ``cpus``, several threads
    decode one.
    """

    def __init__(
        self,
        codestreams: CodestreamDecoder,
        executor: Executor,
        kept_bytes: int,
        counts: DecodingCounts,
        cpus: int = 1,
        shared: SharedBlocks | None = None,
    ) -> None:
        self._cpus = SharedCpus(cpus)
        self._codestreams = codestreams
        self._executor = executor
        self._kept: ByteBoundedCache[_Key, Samples] = ByteBoundedCache(
            kept_bytes, lambda samples: samples.nbytes
        )
        self._shared = shared
        self._counts = counts

    def read(
        self,
        source: ByteSource,
        index: CodestreamIndex,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        """Read ``window`` of the image at ``reduction``, at most its levels.

        What is missing is fetched in one call to ``source``. Raises CodestreamError where the
        file is damaged, ValueError where the window does not lie in the image.
        """
        area = _place(index, window, reduction)
        blocks = _blocks(source.identity, index, area, reduction)
        counts = counts or self._counts
        counts.add(windows=1)
        parts: dict[_Key, Samples] = {}
        while len(parts) < len(blocks):
            claims = {key: self._kept.claim(key) for key in blocks if key not in parts}
            to_make = {key: blocks[key] for key, claim in claims.items() if claim.to_make}
            if to_make:
                self._make(source, index, reduction, to_make, counts)
            for key, claim in claims.items():
                with suppress(_GivenUpError):
                    parts[key] = claim.future.result()
                    counts.add(tiles_kept=0 if claim.to_make else len(blocks[key].tiles))
        first = next(iter(parts.values()))
        samples = np.empty((first.shape[0], window.height, window.width), first.dtype)
        for key, part in parts.items():
            left, top = key.window.x0 - area.x0, key.window.y0 - area.y0
            samples[:, top : top + part.shape[1], left : left + part.shape[2]] = part
        return samples

    def missing(
        self, identity: Identity, index: CodestreamIndex, window: PixelWindow, reduction: int
    ) -> list[tuple[int, int]]:
        """Tell which ranges (offset, length) of a file ``read`` would fetch now.

        Raises what ``read`` does for a damaged index or a window outside of the image.
        """
        blocks = _blocks(identity, index, _place(index, window, reduction), reduction)
        unknown = [block for key, block in blocks.items() if not self._is_at_hand(key)]
        plans = _plan(index, reduction, unknown)
        return [item for block in plans for plan in block for item in plan.ranges]

    def _is_at_hand(self, key: _Key) -> bool:
        if key in self._kept:
            return True
        return self._shared is not None and self._shared.holds(key.name)

    def _shared_already(self, keys: Iterable[_Key]) -> Iterator[tuple[_Key, Samples]]:
        if self._shared is None:
            return
        for key in keys:
            samples = self._shared.find(key.name)
            if samples is not None:
                yield key, samples

    def _make(
        self,
        source: ByteSource,
        index: CodestreamIndex,
        reduction: int,
        blocks: Mapping[_Key, WindowBlock],
        counts: DecodingCounts,
    ) -> None:
        """Find or decode claimed blocks; each is kept or abandoned in the end, come what may."""
        undone = set(blocks)
        try:
            for key, samples in self._shared_already(blocks):
                undone.discard(key)
                self._kept.keep(key, samples)
                counts.add(tiles_kept=len(blocks[key].tiles))
            missing = {key: block for key, block in blocks.items() if key in undone}
            if missing:
                self._decode_all(source, index, reduction, missing, undone, counts)
        except BaseException:
            for key in undone:
                # What failed may be another block, or this thread's time or network.
                self._kept.abandon(key, _GivenUpError())
            raise

    def _decode_all(
        self,
        source: ByteSource,
        index: CodestreamIndex,
        reduction: int,
        blocks: Mapping[_Key, WindowBlock],
        undone: set[_Key],
        counts: DecodingCounts,
    ) -> None:
        """Fetch, decode and keep blocks; ``undone`` are left with those that were not."""
        plans = _plan(index, reduction, blocks.values())
        ranges = [item for block in plans for plan in block for item in plan.ranges]
        data, fetched = fetch(source, ranges)
        needed = sum(length for _, length in ranges)
        counts.add(bytes_needed=needed)
        if not source.metered:
            counts.add(fetches=1, bytes_fetched=fetched)
        views = iter(data)
        tiles = {
            key: [(plan, list(islice(views, len(plan.runs)))) for plan in block_plans]
            for key, block_plans in zip(blocks, plans, strict=True)
        }
        assembler = CodestreamAssembler(index.header, reduction)
        with self._cpus.expecting([key.window.area for key in blocks]) as ended:
            making = _Making(assembler, index.header, reduction, undone, counts, ended)
            # A large block that is begun last would keep one thread busy alone.
            largest_first = sorted(blocks, key=lambda key: key.window.area, reverse=True)
            tasks = [
                partial(self._decode, making, key, blocks[key], tiles[key]) for key in largest_first
            ]
            run_all(self._executor, tasks)

    def _decode(
        self,
        making: "_Making",
        key: _Key,
        block: WindowBlock,
        tiles: Sequence[tuple[TilePlan, Sequence[memoryview]]],
    ) -> None:
        samples = self._codestreams.decode(
            making.assembler.assemble(block.block, tiles),
            making.header.size.components,
            block.block.area,
            block.window,
            decoding_margin(making.header, making.reduction),
            self._cpus.threads(key.window.area, costly=making.shares_little),
        )
        samples.flags.writeable = False
        making.counts.add(tiles_decoded=len(tiles))
        making.ended(key.window.area)
        making.undone.discard(key)
        self._kept.keep(key, samples)
        if self._shared is not None:
            self._shared.offer(key.name, samples)


@dataclass(frozen=True, slots=True)
class _Making:
    """What the blocks of one window have in common while they are decoded."""

    assembler: CodestreamAssembler
    header: MainHeader
    reduction: int
    undone: set[_Key]
    counts: DecodingCounts
    ended: Callable[[int], None]

    @property
    def shares_little(self) -> bool:
        """Whether it costs something to decode a block by several threads."""
        return any(
            1 << style.block_width + style.block_height < SMALLEST_SHARED
            for style in self.header.styles
        )


def _blocks(
    identity: Identity, index: CodestreamIndex, area: Rectangle, reduction: int
) -> dict[_Key, WindowBlock]:
    return {
        _Key(identity, reduction, block.window): block
        for block in split_window(index.header.size, area, reduction)
    }


def _plan(
    index: CodestreamIndex, reduction: int, blocks: Collection[WindowBlock]
) -> list[list[TilePlan]]:
    """Plan the reading of every tile of every block."""
    packets = index.tiles([tile for block in blocks for tile in block.tiles])
    return [
        [_plan_tile(index, packets[tile], block.window, reduction) for tile in block.tiles]
        for block in blocks
    ]


def _plan_tile(
    index: CodestreamIndex, packets: TilePackets, window: Rectangle, reduction: int
) -> TilePlan:
    area = tile_area(index.header.size, packets.tile)
    share = window.intersection(area.reduced(reduction))
    return plan_tile(index.header, packets, area, share, reduction)


def _place(index: CodestreamIndex, window: PixelWindow, reduction: int) -> Rectangle:
    """Move a window from the image's own corner to the reference grid's."""
    image = image_area(index.header.size).reduced(reduction)
    left, top = image.x0 + window.column, image.y0 + window.row
    area = Rectangle(left, top, left + window.width, top + window.height)
    if area.empty or area.intersection(image) != area:
        raise ValueError(f"{window} does not lie in an image of {image}")
    return area
