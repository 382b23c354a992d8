"""The stage read: the mosaic of each layer of a request, or one pixel of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from function.answer.searching import Found
from function.answer.stages import PixelReader, Reader
from function.deadline import Deadline
from function.errors import DeadlineExceededError
from function.layer import ArchiveLayer
from function.parse.feature_info import FeatureInfoRequest
from function.parse.query import PixelRequest
from function.pixel import PixelReading
from function.raster import Raster
from function.settings import Settings
from function.telemetry import StageTrace

Read = TypeVar("Read", Raster, PixelReading)


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
        above: Mapping[str, Raster],
        deadline: Deadline,
        stage: StageTrace,
    ) -> dict[str, Raster]:
        """Read each archive layer of ``found``; what there is of it ``above`` stays.

        Raises SceneUnreadableError, of the kind that all scenes failed with, where none of a layer
        could be read and there are no others below; DeadlineExceededError where time runs out and
        nothing of it was drawn ``above``.
        """
        rasters: dict[str, Raster] = {}
        for selection in query.layers:
            if selection.name not in found:
                continue
            deadline.check("read")
            layer, scenes = selection.recipe, found[selection.name]
            upper = above.get(selection.name)
            patience = deadline.half() if drawn(upper) else deadline
            raster = self._reader.read(
                layer, query.grid, scenes.scenes, selection.cloud_mask, patience, upper
            )
            raster = _taken(stage, raster, upper)
            if raster.late:
                raster = without_below(raster, layer.name, "time ran out", stage)
            elif not wants_below(scenes, raster):
                raster.unread.check(layer.name)
                if scenes.cut and not raster.full:
                    warning = self._cut_warning(layer)
                    stage.warn(warning)
                    raster = replace(raster, warnings=(*raster.warnings, warning))
            rasters[selection.name] = raster
        return rasters

    def read_pixel(
        self,
        query: FeatureInfoRequest,
        found: Mapping[str, Found],
        above: Mapping[str, PixelReading],
        deadline: Deadline,
        stage: StageTrace,
    ) -> dict[str, PixelReading]:
        """Read the pixel that is asked about of each archive layer of ``found``.

        Raises as ``read`` does.
        """
        readings: dict[str, PixelReading] = {}
        for selection in query.layers:
            if selection.name not in found:
                continue
            deadline.check("read")
            scenes = found[selection.name]
            reading = self._pixels.read(
                selection.recipe,
                query.grid,
                (query.column, query.row),
                scenes.scenes,
                selection.cloud_mask,
                deadline,
            )
            reading = _taken(stage, reading, above.get(selection.name))
            if not wants_below(scenes, reading):
                reading.unread.check(selection.name)
            readings[selection.name] = reading
        return readings

    def _cut_warning(self, layer: ArchiveLayer) -> str:
        return (
            f"layer {layer.name} is made of the best {self._settings.max_scenes} scenes,"
            " there are more: ask for a smaller area or a shorter time"
        )


def wants_below(found: Found, read: Read) -> bool:
    """Whether what scenes leave empty that cannot be read may lie below, where no search went."""
    return found.covering and not read.full and read.unread.of_scenes


def drawn(read: Raster | PixelReading | None) -> bool:
    """Whether there are pixels, which are worth more than an error for want of those below."""
    return read is not None and bool(read.scenes)


def without_below(read: Read, layer: str, reason: str, stage: StageTrace) -> Read:
    """Give ``read`` with a warning that what lies below may be lacking, and why."""
    warning = f"layer {layer} may lack what lies below scenes that could not be read: {reason}"
    stage.warn(warning)
    return replace(read, warnings=(*read.warnings, warning))


def _taken(stage: StageTrace, read: Read, above: Read | None) -> Read:
    """Record what was read, and join it to what is ``above``.

    Raises DeadlineExceededError where it came late, and there is nothing to answer with.
    """
    _record(stage, read)
    if read.late and not drawn(above):
        raise DeadlineExceededError("the request ran out of time in stage read")
    return read if above is None else _joined(above, read)


def _joined(above: Read, below: Read) -> Read:
    """What two readings of a layer come to; ``below`` went on where the other had ended."""
    return replace(
        below,
        scenes=(*above.scenes, *below.scenes),
        warnings=(*above.warnings, *below.warnings),
        unread=above.unread.joined(below.unread),
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
    for note in read.unread.notes:
        stage.note(note)
