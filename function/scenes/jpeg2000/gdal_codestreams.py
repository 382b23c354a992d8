"""Decoding codestreams through a JPEG 2000 driver of GDAL: Kakadu's where present."""

import warnings
from dataclasses import replace

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window

from function.errors import SceneUnreadableError
from function.scenes.decoder import Samples
from function.scenes.gdal import GdalWarnings, gdal_environment
from function.scenes.jpeg2000.codestream import COMPONENT_LENGTH, Component
from function.scenes.jpeg2000.codestream_decoder import sample_type
from function.scenes.jpeg2000.errors import CodestreamError, decoding_failed
from function.scenes.jpeg2000.geometry import Rectangle

KAKADU, OPENJPEG = "JP2KAK", "JP2OpenJPEG"
# The drivers that take a codestream from memory, the fastest first.
DRIVERS = (KAKADU, OPENJPEG)
# Where the components stand in a codestream, which begins with SOC and SIZ (A.5.1): each with its
# precision, less one and with the sign as highest bit, and two steps.
FIRST_COMPONENT = 42


class DriverMissingError(Exception):
    """GDAL has none of the drivers for JPEG 2000."""


class GdalCodestreams:
    """GDAL as a CodestreamDecoder, by the first of ``preferred`` that it has.

    Raises DriverMissingError where it has none of them.
    """

    def __init__(self, preferred: tuple[str, ...] = DRIVERS) -> None:
        with gdal_environment() as environment:
            present = environment.drivers()
        found = [driver for driver in preferred if driver in present]
        if not found:
            raise DriverMissingError(f"GDAL {rasterio.__gdal_version__} has no {preferred[-1]}")
        self._driver = found[0]
        self._warnings = GdalWarnings()
        # A codestream has no place on Earth, and needs none.
        warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

    @property
    def name(self) -> str:
        return f"{self._driver} of GDAL {rasterio.__gdal_version__}"

    def decode(
        self,
        codestream: bytes,
        components: tuple[Component, ...],
        area: Rectangle,
        window: Rectangle,
        margin: int = 0,  # noqa: ARG002 - GDAL decodes tiles as a whole
        threads: int = 1,  # noqa: ARG002 - its drivers take them from the environment
    ) -> Samples:
        """Decode as the CodestreamDecoder protocol says.

        Whatever GDAL warns of counts as damage. Raises SceneUnreadableError for components of
        different types, which its datasets cannot hold.
        """
        unsigned = tuple(replace(component, signed=False) for component in components)
        if len({sample_type((component,)) for component in unsigned}) > 1:
            raise SceneUnreadableError("GDAL cannot decode components of different types")
        data = _unsigned(codestream, components)
        with self._warnings.listen() as messages:
            try:
                with gdal_environment(), MemoryFile(data, ext="j2k") as file:
                    samples = self._read(file, components, area, window)
            except RasterioError as error:
                raise decoding_failed([*messages, str(error)]) from error
        if messages:
            raise decoding_failed(messages)
        return _signed(samples, components)

    def _read(
        self,
        file: MemoryFile,
        components: tuple[Component, ...],
        area: Rectangle,
        window: Rectangle,
    ) -> Samples:
        with rasterio.open(file.name, driver=self._driver) as dataset:
            shape = len(components), area.y1 - area.y0, area.x1 - area.x0
            if (dataset.count, *dataset.shape) != shape:
                raise CodestreamError("JPEG 2000 decoding gave another image")
            column, row = window.x0 - area.x0, window.y0 - area.y0
            width, height = window.x1 - window.x0, window.y1 - window.y0
            samples: Samples = dataset.read(window=Window(column, row, width, height))
            return samples


def _unsigned(codestream: bytes, components: tuple[Component, ...]) -> bytes:
    """Announce every component as unsigned, which moves its samples up by half their range.

    GDAL's drivers have no signed bytes: they would cut them off at 0.
    """
    if not any(component.signed for component in components):
        return codestream
    changed = bytearray(codestream)
    for number, component in enumerate(components):
        changed[FIRST_COMPONENT + COMPONENT_LENGTH * number] = component.bits - 1
    return bytes(changed)


def _signed(samples: Samples, components: tuple[Component, ...]) -> Samples:
    """Move the samples of signed components back down, in the type that holds all of them."""
    kind = sample_type(components)
    if not any(component.signed for component in components):
        return samples.astype(kind, copy=False)
    halves = [1 << (component.bits - 1) if component.signed else 0 for component in components]
    moved = samples.astype(np.int64) - np.array(halves)[:, np.newaxis, np.newaxis]
    typed: Samples = moved.astype(kind)
    return typed
