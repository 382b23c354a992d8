"""The polygons of a mask in GML (Sentinel-2 before 04.00): read, and drawn on a grid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from affine import Affine
from lxml import etree
from numpy.typing import NDArray

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.layer import CLOUD_KINDS
from function.scenes.clipping import clip_polygon
from function.scenes.decoder import PixelWindow
from function.untrusted_xml import parse_untrusted_xml

Ring = NDArray[np.float64]

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
