"""What of a scene is taken out as cloud: by its classification, probability, mask or polygons."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from function.errors import ImageLackingError
from function.layer import CLOUD_KINDS, ArchiveLayer
from function.scene import Asset, Scene
from function.scenes.classification import (
    CLASSIFICATION,
    Classification,
    Keep,
    Part,
    classified_part,
)
from function.scenes.decoder import PixelWindow, Samples, Wanted
from function.scenes.lattice import Lattice
from function.scenes.masking import outside_classes
from function.scenes.placement import Placement
from function.scenes.steps import Steps

Mask = NDArray[np.bool_]

# ESA's names of the cloud probability (L2A, percent) and of the cloud and snow mask (L1C from
# baseline 04.00, an image of three components; before, polygons of the kind CLOUDS).
PROBABILITY = "CLDPRB"
CLOUDS = "MSK_CLASSI"
POLYGONS = "CLOUDS"
# ESA finds clouds at 60 m, and draws its polygons along such pixels.
FOUND_AT = 60.0


@dataclass(frozen=True, slots=True)
class MaskRule:
    """An image by its band name, and where it lets a scene's pixels be shown."""

    band: str
    keep: Keep


class CloudMask:
    """Where a part of a scene is clear by all rules."""

    def __init__(self, looked_up: Mapping[MaskRule, Classification]) -> None:
        self._looked_up = looked_up

    def find(self, band: str) -> Classification | None:
        """The image of ``band`` that was decoded."""
        return next((image for rule, image in self._looked_up.items() if rule.band == band), None)

    @property
    def images(self) -> Iterable[Classification]:
        """All that was decoded."""
        return self._looked_up.values()

    def samples_clear(self, lattice: Lattice, window: PixelWindow, reach: float) -> Mask:
        """Tell which samples of a ``window`` of ``lattice`` are clear, also ``reach`` around."""
        clear = np.ones((window.height, window.width), np.bool_)
        for rule, image in self._looked_up.items():
            clear &= image.samples_kept(rule.keep, lattice, window, reach)
        return clear

    def pixels_clear(self, placement: Placement) -> Mask:
        """Tell which pixels of ``placement`` are clear."""
        clear = np.ones(placement.inside.shape, np.bool_)
        for rule, image in self._looked_up.items():
            clear &= image.pixels_kept(rule.keep, placement)
        return clear


def all_rules(layer: ArchiveLayer) -> tuple[MaskRule, ...]:
    """What CLOUDMASK takes out of ``layer``."""
    rules = []
    if layer.masked_classes:
        classes = partial(outside_classes, masked=layer.masked_classes)
        rules.append(MaskRule(CLASSIFICATION, classes))
    if layer.masked_probability is not None:
        rules.append(MaskRule(PROBABILITY, partial(_below, least=layer.masked_probability)))
    if layer.masked_clouds:
        kinds = [kind in layer.masked_clouds for kind in CLOUD_KINDS]
        rules.append(MaskRule(CLOUDS, partial(_free_of, kinds=np.array(kinds))))
    return tuple(rules)


def mask_parts(
    scene: Scene,
    rules: Sequence[MaskRule],
    resolution: float,
    parts: Sequence[tuple[Lattice, PixelWindow]],
) -> list[Part]:
    """Find what ``rules`` look at, in order, where it meets any of ``parts``.

    Raises ImageLackingError for a scene that lacks the image of a rule.
    """
    found = []
    for rule in rules:
        images = mask_images(scene, rule.band)
        if not images:
            raise ImageLackingError(f"the scene has no {rule.band}, so nothing can be masked")
        found.append(classified_part(images, resolution, parts))
    return found


def read_cloud_mask(
    rules: Sequence[MaskRule], parts: Sequence[Part], likely: Sequence[Wanted] = ()
) -> Steps[CloudMask]:
    """Decode the ``parts`` that ``rules`` look at; windows ``likely`` wanted next come along."""
    codes = yield [*(part.wanted() for part in parts), *likely]
    images = map(Classification, parts, codes)
    return CloudMask(dict(zip(rules, images, strict=True)))


def mask_images(scene: Scene, band: str) -> list[Asset]:
    """The images of ``band``; polygons stand in for an image of clouds that there is not."""
    images = [asset for asset in scene.assets if asset.band == band]
    if images or band != CLOUDS:
        return images
    return list(_drawn(scene))[:1]


def _drawn(scene: Scene) -> Iterator[Asset]:
    grids = [asset.grid for asset in scene.assets if asset.resolution <= FOUND_AT]
    for mask in scene.vector_masks:
        if mask.kind == POLYGONS and grids:
            grid = max(grids, key=lambda each: float(each.transform.a))
            yield Asset(CLOUDS, mask.href, grid, len(CLOUD_KINDS), 8, nodata=None)


def _below(percent: Samples, least: float) -> Mask:
    below: Mask = percent[0] < least
    return below


def _free_of(found: Samples, kinds: NDArray[np.bool_]) -> Mask:
    free: Mask = (found[kinds] == 0).all(axis=0)
    return free
