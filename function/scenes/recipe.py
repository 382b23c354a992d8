"""From the values of a layer's images to its finished bands."""

from collections.abc import Sequence

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

    def finish(
        self, assets: Sequence[Asset], values: Sequence[Samples], shown: Sequence[Mask]
    ) -> tuple[Bands, Mask]:
        """Finish the ``values`` (components, height, width) of the images ``assets``.

        The assets are the layer's bands in order, or its visual image alone; ``shown`` tells where
        the values of each count. Returns bands and where they are numbers at all, which an
        expression need not be.
        """
        if self._layer.kind is LayerKind.VALUES:
            each = [
                np.where(where, reflectance(asset, samples[0]), np.int16(NO_VALUE))
                for asset, samples, where in zip(assets, values, shown, strict=True)
            ]
            return np.stack(each), np.logical_or.reduce(shown)
        bands, defined = self._combine(assets, values)
        return bands, np.logical_and.reduce([defined, *shown])

    def _combine(
        self, assets: Sequence[Asset], values: Sequence[Samples]
    ) -> tuple[NDArray[np.uint8] | NDArray[np.float32], Mask]:
        everywhere = np.ones(values[0].shape[1:], np.bool_)
        if self._expression is not None:
            pairs = zip(self._layer.bands, assets, values, strict=True)
            index = self._expression.evaluate(
                {band: calibrate(asset, samples[0]) for band, asset, samples in pairs}
            )
            return index[np.newaxis], np.isfinite(index)
        if self._layer.kind is LayerKind.CLASSES:
            return values[0].astype(np.uint8, copy=False), everywhere
        if len(assets) == 1 and assets[0].components == self.bands:
            return values[0].astype(np.uint8, copy=False), everywhere
        darkest, brightest = self._layer.stretch
        colours = [
            stretch(calibrate(asset, samples[0]), darkest, brightest)
            for asset, samples in zip(assets, values, strict=True)
        ]
        return np.stack(colours), everywhere
