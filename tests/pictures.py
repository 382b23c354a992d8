"""Pictures that the service answered, as arrays."""

import cv2
import numpy as np
from numpy.typing import NDArray

OPAQUE = 255


def decode_picture(body: bytes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """A PNG or JPEG as colours (3, height, width) in the order red, green, blue, and its opacity.

    The opacity (height, width) is 255 throughout where the picture has none.
    """
    decoded = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    pixels = decoded.astype(np.int32)
    if pixels.shape[2] == 3:
        pixels = np.dstack([pixels, np.full(pixels.shape[:2], OPAQUE, np.int32)])
    return np.moveaxis(pixels[..., 2::-1], 2, 0), pixels[..., 3]
