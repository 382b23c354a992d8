"""Masks that are polygons in GML, drawn as if they were images (Sentinel-2 before 04.00)."""

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from function.deadline import Deadline
from function.scene import Asset
from function.scenes.access.address import is_remote
from function.scenes.access.archive import PATIENCE_SECONDS, Archive
from function.scenes.allowance import Allowance
from function.scenes.decoder import Decode, Decoder, Need, PixelWindow, Samples, Wanted
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.polygon_library import PolygonLibrary, Polygons
from function.scenes.polygons import draw_polygons
from function.scenes.stages import completed, then

SUFFIX = ".gml"
# Files that are fetched before they are needed. How large they are is only known then; those of
# the cloudiest tile take some 10 MB.
AHEAD = 8


class PolygonMasks:
    """A decoder that draws polygons, and leaves images to another.

    ``kept_bytes`` bounds the polygons that are kept.
    """

    def __init__(self, decoder: Decoder, archive: Archive, kept_bytes: int) -> None:
        self._decoder = decoder
        self._library = PolygonLibrary(archive, kept_bytes)

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> "list[Future[Decode]]":
        """Prepare images as the other decoder does, and fetch polygons that are far.

        Of what is wanted later no more than AHEAD files are fetched.
        """
        images = [item for item in wanted if not _is_polygons(item.asset)]
        ready = iter(self._decoder.prepare(images, deadline, counts, ahead))
        later = iter(range(AHEAD))
        counts = counts or DecodingCounts()
        prepared: list[Future[Decode]] = []
        for item in wanted:
            if not _is_polygons(item.asset):
                prepared.append(next(ready))
            elif is_remote(item.asset.href) and (
                item.need is Need.NOW or next(later, None) is not None
            ):
                coming = self._library.fetch(item.asset.href, deadline, counts)
                prepared.append(then(coming, partial(_drawing, item)))
            else:
                prepared.append(completed(partial(self._draw, item, deadline, counts)))
        return prepared

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        """Draw polygons on a window of the asset's grid, a component for each kind of cloud."""
        if not _is_polygons(asset):
            return self._decoder.decode(asset, window, reduction, counts)
        wanted = Wanted(asset, window, reduction)
        return self._draw(wanted, Deadline.after(PATIENCE_SECONDS), counts or DecodingCounts())

    def _draw(self, item: Wanted, deadline: Deadline, counts: DecodingCounts) -> Samples:
        polygons = self._library.read(item.asset.href, deadline, counts)
        return draw_polygons(polygons, item.asset.grid, item.window)


def _drawing(item: Wanted, read: "Future[Polygons]") -> "Future[Decode]":
    return completed(partial(draw_polygons, read.result(), item.asset.grid, item.window))


def _is_polygons(asset: Asset) -> bool:
    return file_name(asset.href).lower().endswith(SUFFIX)
