"""Digital numbers to physical values."""

import numpy as np
from numpy.typing import NDArray

from function.raster import NO_VALUE, SCALE
from function.scene import Asset
from function.scenes.decoder import Samples


def calibrate(asset: Asset, samples: Samples) -> NDArray[np.float32]:
    """Turn samples (or means of them) into (sample + offset) / quantification, float32.

    For Sentinel-2 that is reflectance (Products Specification Document, BOA_ADD_OFFSET and
    RADIO_ADD_OFFSET from processing baseline 04.00 on). Saturated samples count as measured.
    """
    numbers = samples.astype(np.float32, copy=False)
    return (numbers + np.float32(asset.offset)) / np.float32(asset.quantification)


def reflectance(asset: Asset, samples: Samples) -> NDArray[np.int16]:
    """Turn samples (or means of them) into ten-thousandths of what ``calibrate`` gives.

    Where the product counts in ten-thousandths, as Sentinel-2 does, that is the sample plus its
    offset, exactly. Saturated samples become the largest value.
    """
    numbers: NDArray[np.int32] | NDArray[np.float32]
    if samples.dtype.kind != "f" and asset.quantification == SCALE and asset.offset.is_integer():
        numbers = samples.astype(np.int32) + np.int32(asset.offset)
    else:
        numbers = np.rint(calibrate(asset, samples) * np.float32(SCALE))
    return numbers.clip(NO_VALUE + 1, np.iinfo(np.int16).max).astype(np.int16)
