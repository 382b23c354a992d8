"""The one interface behind which assembled codestreams are decoded."""

from typing import Any, Protocol

import numpy as np

from function.scenes.decoder import Samples
from function.scenes.jpeg2000.codestream import Component
from function.scenes.jpeg2000.geometry import Rectangle

BYTE_BITS = 8
WORD_BITS = 16


class CodestreamDecoder(Protocol):
    """Decodes codestreams that lie in memory as a whole; one object serves every thread."""

    @property
    def name(self) -> str:
        """What it is and of which version, for people."""
        ...

    def decode(
        self,
        codestream: bytes,
        components: tuple[Component, ...],
        area: Rectangle,
        window: Rectangle,
        margin: int = 0,
        threads: int = 1,
    ) -> Samples:
        """Decode ``window`` of a codestream whose image covers ``area`` of its reference grid.

        ``margin`` is how much around the window a decoder of areas has to decode for the window
        to be exact; one of whole tiles need not heed it. So many ``threads`` may be used where the
        decoder can. The result has the shape (components,
        height, width) and the type of ``sample_type``; colours that were transformed are
        transformed back. Raises CodestreamError for a damaged codestream.
        """
        ...


def sample_type(components: tuple[Component, ...]) -> np.dtype[np.number[Any]]:
    """The smallest of uint8, uint16, int16, uint32 and int32 that holds every component."""
    return np.result_type(*(_type_of(component) for component in components))


def _type_of(component: Component) -> np.dtype[np.number[Any]]:
    if component.signed:
        return np.dtype(np.int16 if component.bits <= WORD_BITS else np.int32)
    if component.bits <= BYTE_BITS:
        return np.dtype(np.uint8)
    return np.dtype(np.uint16 if component.bits <= WORD_BITS else np.uint32)
