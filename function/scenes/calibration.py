"""Digital numbers to physical values."""

import numpy as np
from numpy.typing import NDArray

from function.scene import Asset
from function.scenes.decoder import Samples


def calibrate(asset: Asset, samples: Samples) -> NDArray[np.float32]:
    """Turn samples (or means of them) into (sample + offset) / quantification, float32.

    For Sentinel-2 that is reflectance (Products Specification Document, BOA_ADD_OFFSET and
    RADIO_ADD_OFFSET from processing baseline 04.00 on). Saturated samples count as measured.
    """
    numbers = samples.astype(np.float32, copy=False)
    return (numbers + np.float32(asset.offset)) / np.float32(asset.quantification)
