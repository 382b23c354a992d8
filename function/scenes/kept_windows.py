"""Decoded windows that will be asked for again."""

from collections.abc import Iterable
from dataclasses import replace

from function.scenes.decoder import PixelWindow, Samples, Wanted

BYTE_BITS = 8


class KeptWindows:
    """Keeps decoded windows up to ``limit`` bytes, one of an image at a reduction."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[tuple[str, int], tuple[PixelWindow, Samples]] = {}
        self.bytes_kept = 0

    def has_room(self, wanted: Iterable[Wanted]) -> bool:
        """Tell whether all windows could be kept once they are decoded."""
        return self.bytes_kept + sum(map(_decoded_bytes, wanted)) <= self._limit

    def keep(self, item: Wanted, samples: Samples) -> None:
        """Keep a window where there is room for it."""
        self._remove(item)
        if self.bytes_kept + samples.nbytes <= self._limit:
            self._kept[_place(item)] = item.window, samples
            self.bytes_kept += samples.nbytes

    def take(self, item: Wanted) -> Samples | None:
        """Give a window, or the part of one that it is, and keep it no longer."""
        window, samples = self._kept.get(_place(item), (None, None))
        if window is None or samples is None or not window.holds(item.window):
            return None
        self._remove(item)
        column, row = item.window.column - window.column, item.window.row - window.row
        within = replace(item.window, column=column, row=row)
        return samples[(slice(None), *within.slices)]

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self.bytes_kept = 0

    def _remove(self, item: Wanted) -> None:
        known = self._kept.pop(_place(item), None)
        if known is not None:
            self.bytes_kept -= known[1].nbytes


def _place(item: Wanted) -> tuple[str, int]:
    return item.asset.href, item.reduction


def _decoded_bytes(item: Wanted) -> int:
    each = -(-item.asset.bits // BYTE_BITS)
    return item.asset.components * item.window.width * item.window.height * each
