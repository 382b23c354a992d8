"""The stage read: the mosaic of each layer of a request, or one pixel of it."""

from collections.abc import Mapping
from dataclasses import replace

from function.answer.searching import Found
from function.answer.stages import PixelReader, Reader
from function.deadline import Deadline
from function.layer import ArchiveLayer
from function.parse.feature_info import FeatureInfoRequest
from function.parse.query import PixelRequest
from function.pixel import PixelReading
from function.raster import Raster
from function.settings import Settings
from function.telemetry import StageTrace


class LayerReading:
    """Has ``reader`` read layers, and tells what was found, read and left out."""

    def __init__(self, reader: Reader, pixels: PixelReader, settings: Settings) -> None:
        self._reader = reader
        self._pixels = pixels
        self._settings = settings

    def read(
        self,
        query: PixelRequest,
        found: Mapping[str, Found],
        deadline: Deadline,
        stage: StageTrace,
    ) -> dict[str, Raster]:
        """Read each archive layer."""
        rasters: dict[str, Raster] = {}
        for selection in query.layers:
            deadline.check("read")
            layer = selection.recipe
            scenes = found[selection.name]
            raster = self._reader.read(
                layer, query.grid, scenes.scenes, selection.cloud_mask, deadline
            )
            if scenes.cut and not raster.valid.all():
                raster = replace(raster, warnings=(*raster.warnings, self._cut_warning(layer)))
            _record(stage, raster)
            rasters[selection.name] = raster
        return rasters

    def read_pixel(
        self,
        query: FeatureInfoRequest,
        found: Mapping[str, Found],
        deadline: Deadline,
        stage: StageTrace,
    ) -> dict[str, PixelReading]:
        """Read the pixel that is asked about of each archive layer."""
        readings: dict[str, PixelReading] = {}
        for selection in query.layers:
            deadline.check("read")
            reading = self._pixels.read(
                selection.recipe,
                query.grid,
                (query.column, query.row),
                found[selection.name].scenes,
                selection.cloud_mask,
                deadline,
            )
            _record(stage, reading)
            readings[selection.name] = reading
        return readings

    def _cut_warning(self, layer: ArchiveLayer) -> str:
        return (
            f"layer {layer.name} is made of the best {self._settings.max_scenes} scenes,"
            " there are more: ask for a smaller area or a shorter time"
        )


def _record(stage: StageTrace, read: Raster | PixelReading) -> None:
    """Record what reading a layer took."""
    counts = read.counts
    stage.add("scenes", len(read.scenes))
    stage.add("scenes_read", counts.scenes)
    stage.add("scenes_skipped", counts.skipped)
    stage.add("windows", counts.windows)
    stage.add("samples", counts.samples)
    stage.add("tiles_decoded", counts.tiles_decoded)
    stage.add("tiles_kept", counts.tiles_kept)
    stage.add("fetches", counts.fetches)
    stage.add("bytes_fetched", counts.bytes_fetched)
    stage.add("retries", counts.retries)
    stage.add("indexes_built", counts.indexes_built)
    stage.add("windows_unfit", counts.windows_unfit)
    for warning in read.warnings:
        stage.warn(warning)
