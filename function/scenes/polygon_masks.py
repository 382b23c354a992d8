"""Masks that are polygons in GML, drawn as if they were images (Sentinel-2 before 04.00)."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache, partial

import cv2
import numpy as np
from affine import Affine
from lxml import etree
from numpy.typing import NDArray

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import CLOUD_KINDS
from function.scene import Asset
from function.scenes.access.address import is_remote
from function.scenes.access.archive import Archive
from function.scenes.allowance import Allowance
from function.scenes.clipping import clip_polygon
from function.scenes.decoder import Decode, Decoder, Need, PixelWindow, Samples, Wanted
from function.scenes.gdal import file_name
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.stages import completed, then
from function.untrusted_xml import MAX_BYTES, parse_untrusted_xml

Ring = NDArray[np.float64]

SUFFIX = ".gml"
# Files whose polygons are kept; those of the cloudiest tile take some 10 MB.
KEPT = 8
# Corners are drawn to a 256th of a pixel.
SHIFT = 8
# What is cut off lies this many pixels outside, so that no edge of the cut is drawn.
BEYOND = 4.0
# A closed ring of three corners.
FEWEST_CORNERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """What a polygon outlines, ``kind`` in lower case, and its rings: the outer one, then holes.

    A ring's corners have the shape (corners, 2), in the CRS of the scene.
    """

    kind: str
    rings: tuple[Ring, ...]


class PolygonMasks:
    """A decoder that draws polygons, and leaves images to another."""

    def __init__(self, decoder: Decoder, archive: Archive) -> None:
        self._decoder = decoder
        self._archive = archive
        self._read = lru_cache(KEPT)(self._fetch)

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,
    ) -> "list[Future[Decode]]":
        """Prepare images as the other decoder does, and fetch polygons that are far.

        Of what is wanted later no more are fetched than are kept.
        """
        images = [item for item in wanted if not _is_polygons(item.asset)]
        ready = iter(self._decoder.prepare(images, deadline, counts, ahead))
        later = iter(range(KEPT))
        prepared: list[Future[Decode]] = []
        for item in wanted:
            if not _is_polygons(item.asset):
                prepared.append(next(ready))
            elif is_remote(item.asset.href) and (
                item.need is Need.NOW or next(later, None) is not None
            ):
                coming = self._archive.wait(partial(self._read, item.asset.href))
                prepared.append(then(coming, partial(_drawing, item)))
            else:
                decode = partial(self.decode, item.asset, item.window, item.reduction, counts)
                prepared.append(completed(decode))
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
        return draw_polygons(self._read(asset.href), asset.grid, window)

    def _fetch(self, href: str) -> tuple[Polygon, ...]:
        return read_polygons(self._archive.read_all(href, MAX_BYTES), file_name(href))


def _drawing(item: Wanted, read: "Future[tuple[Polygon, ...]]") -> "Future[Decode]":
    return completed(partial(draw_polygons, read.result(), item.asset.grid, item.window))


def _is_polygons(asset: Asset) -> bool:
    return file_name(asset.href).lower().endswith(SUFFIX)


def read_polygons(content: bytes, name: str) -> tuple[Polygon, ...]:
    """Read the polygons of a mask (S2-PDGS-TAS-DI-PSD, annex of quality masks).

    Raises SceneUnreadableError for a file that is no such mask.
    """
    root = parse_untrusted_xml(content, name)
    try:
        return tuple(
            Polygon(_kind(feature), tuple(map(_ring, _named(part, "posList"))))
            for feature in _named(root, "MaskFeature")
            for part in _named(feature, "Polygon")
        )
    except ValueError as error:
        raise SceneUnreadableError(f"{name} is no mask of polygons: {error}") from error


def _named(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iter(f"{{*}}{name}")


def _kind(feature: etree._Element) -> str:
    return next((kind.text or "" for kind in _named(feature, "maskType")), "").strip().lower()


def _ring(corners: etree._Element) -> Ring:
    numbers = np.array((corners.text or "").split(), np.float64)
    if numbers.size % 2 or numbers.size < 2 * FEWEST_CORNERS or not np.isfinite(numbers).all():
        raise ValueError("a ring is no list of corners")
    return numbers.reshape(-1, 2)


def draw_polygons(
    polygons: Sequence[Polygon], grid: Grid, window: PixelWindow
) -> NDArray[np.uint8]:
    """Draw ``polygons`` on a window of ``grid``: (kinds of cloud, height, width), 1 where one is.

    A pixel that an edge touches counts as inside.
    """
    drawn = np.zeros((len(CLOUD_KINDS), window.height, window.width), np.uint8)
    to_pixels = ~(grid.transform @ Affine.translation(window.column + 0.5, window.row + 0.5))
    for polygon in polygons:
        if polygon.kind in CLOUD_KINDS:
            rings = [_pixels(ring, to_pixels, window) for ring in polygon.rings]
            rings = [ring for ring in rings if len(ring)]
            if rings:
                canvas = drawn[CLOUD_KINDS.index(polygon.kind)]
                _fill(canvas, rings)
    return drawn


def _fill(canvas: NDArray[np.uint8], rings: list[NDArray[np.int32]]) -> None:
    """Fill what lies in an odd number of ``rings``: an outer ring without its holes."""
    only = np.zeros_like(canvas)
    cv2.fillPoly(only, rings, (1,), shift=SHIFT)
    canvas |= only


def _pixels(ring: Ring, to_pixels: Affine, window: PixelWindow) -> NDArray[np.int32]:
    x, y = ring.T
    columns = to_pixels.a * x + to_pixels.c
    rows = to_pixels.e * y + to_pixels.f
    near = clip_polygon(
        np.stack([columns, rows], axis=1),
        (-BEYOND, -BEYOND),
        (window.width + BEYOND, window.height + BEYOND),
    )
    return np.round(near * (1 << SHIFT)).astype(np.int32)
