"""Maps of the demo products, as the service draws them."""

import numpy as np
from demo_images import DemoProduct, Window
from numpy.typing import NDArray
from pictures import decode_picture
from serving import Served

AUTUMN, SPRING = "2020-09-21", "2025-05-10"
WEST, EAST = "32UNE", "32UPE"
PRODUCTS = [(day, cell) for day in (AUTUMN, SPRING) for cell in (WEST, EAST)]


def inside(product: DemoProduct, size: int = 320) -> Window:
    """A part that the neighbouring cell does not cover, across the border of a tile of 1024."""
    return product.window(20 if product.cell == WEST else 1150, 900, size, size)


def draw(
    service: Served, window: Window, layer: str, **parameters: str
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    reply = service.ows(window.request(layer) | parameters)
    assert reply.status == 200, reply.body
    assert reply.content_type == parameters.get("FORMAT", "image/png")
    assert "x-sentinel-ows-warning" not in reply.headers
    return decode_picture(reply.body)
