"""The stage read: the mosaic of each layer of a request."""

from collections.abc import Mapping
from dataclasses import replace

from function.answer.searching import Found
from function.answer.stages import Reader
from function.deadline import Deadline
from function.layer import ArchiveLayer
from function.parse.query import PixelRequest
from function.raster import Raster
from function.settings import Settings
from function.telemetry import StageTrace


class LayerReading:
    """Has ``reader`` read layers, and tells what was found, read and left out."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
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
            stage.add("scenes", len(raster.scenes))
            stage.add("scenes_read", raster.counts.scenes)
            stage.add("scenes_skipped", raster.counts.skipped)
            stage.add("windows", raster.counts.windows)
            stage.add("samples", raster.counts.samples)
            stage.add("tiles_decoded", raster.counts.tiles_decoded)
            stage.add("tiles_kept", raster.counts.tiles_kept)
            stage.add("fetches", raster.counts.fetches)
            stage.add("bytes_fetched", raster.counts.bytes_fetched)
            stage.add("indexes_built", raster.counts.indexes_built)
            stage.add("windows_unfit", raster.counts.windows_unfit)
            for warning in raster.warnings:
                stage.warn(warning)
            rasters[selection.name] = raster
        return rasters

    def _cut_warning(self, layer: ArchiveLayer) -> str:
        return (
            f"layer {layer.name} is made of the best {self._settings.max_scenes} scenes,"
            " there are more: ask for a smaller area or a shorter time"
        )
