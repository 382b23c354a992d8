"""Pictures that the service answered, as arrays."""

import cv2
import numpy as np
from numpy.typing import NDArray

OPAQUE = 255

# ESA's colours of the scene classification (Sen2Cor, L2A_SCL legend).
SCL_COLOURS = {
    1: (255, 0, 0),
    2: (47, 47, 47),
    3: (100, 50, 0),
    4: (0, 160, 0),
    5: (255, 230, 90),
    6: (0, 0, 255),
    7: (128, 128, 128),
    8: (192, 192, 192),
    9: (255, 255, 255),
    10: (100, 200, 255),
    11: (255, 150, 255),
}


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
