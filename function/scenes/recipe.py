"""From the values of a layer's images to its finished bands."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.layer import ArchiveLayer, LayerKind
from function.raster import NO_VALUE
from function.scene import Asset
from function.scenes.calibration import calibrate, reflectance
from function.scenes.colour import stretch
from function.scenes.decoder import Samples
from function.scenes.expression import Expression

Mask = NDArray[np.bool_]
Bands = NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Values (components, height, width) of an image on a grid; they count where ``shown``."""

    asset: Asset
    values: Samples
    shown: Mask


class Recipe:
    """How a layer's images become its bands; made once for all scenes of a request.

    Raises InvalidParameterError for an index whose expression does not read its bands.
    """

    def __init__(self, layer: ArchiveLayer) -> None:
        self._layer = layer
        self._expression = (
            Expression(layer.expression or "", layer.bands)
            if layer.kind is LayerKind.INDEX
            else None
        )

    @property
    def bands(self) -> int:
        """Bands of the finished layer."""
        if self._layer.kind is LayerKind.VALUES:
            return len(self._layer.bands)
        return 3 if self._layer.kind is LayerKind.COLOUR else 1

    @property
    def blank(self) -> np.uint8 | np.float32 | np.int16:
        """What a pixel without a value is; its type is that of the bands."""
        if self._layer.kind is LayerKind.INDEX:
            return np.float32(np.nan)
        return np.int16(NO_VALUE) if self._layer.kind is LayerKind.VALUES else np.uint8(0)

    def finish(self, images: Sequence[Resampled | None]) -> tuple[Bands, Mask]:
        """Finish the bands that ``images`` come to.

        These are the layer's bands in order, or its visual image alone; of values, None where the
        scene lacks the band. Returns bands and where they are numbers at all, which an expression
        need not be.
        """
        present = [image for image in images if image is not None]
        shown = [image.shown for image in present]
        if self._layer.kind is LayerKind.VALUES:
            bands = np.full((len(images), *shown[0].shape), NO_VALUE, np.int16)
            for band, image in zip(bands, images, strict=True):
                if image is not None:
                    np.copyto(band, reflectance(image.asset, image.values[0]), where=image.shown)
            return bands, np.logical_or.reduce(shown)
        combined, defined = self._combine(present)
        return combined, np.logical_and.reduce([defined, *shown])

    def _combine(
        self, images: Sequence[Resampled]
    ) -> tuple[NDArray[np.uint8] | NDArray[np.float32], Mask]:
        first = images[0]
        everywhere = np.ones(first.shown.shape, np.bool_)
        if self._expression is not None:
            pairs = zip(self._layer.bands, images, strict=True)
            index = self._expression.evaluate(
                {band: calibrate(image.asset, image.values[0]) for band, image in pairs}
            )
            return index[np.newaxis], np.isfinite(index)
        if self._layer.kind is LayerKind.CLASSES:
            return first.values.astype(np.uint8, copy=False), everywhere
        if len(images) == 1 and first.asset.components == self.bands:
            return first.values.astype(np.uint8, copy=False), everywhere
        darkest, brightest = self._layer.stretch
        colours = [
            stretch(calibrate(image.asset, image.values[0]), darkest, brightest) for image in images
        ]
        return np.stack(colours), everywhere
