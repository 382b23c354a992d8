"""QGIS without its window, run by the system's Python: does what each line of its input asks for.

A line is JSON, ``{"step": name}`` with the step's arguments, and is answered with one line of JSON.
Pictures and values go to the file that a step names.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsDateTimeRange,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsNetworkAccessManager,
    QgsNetworkRequestParameters,
    QgsPointXY,
    QgsRaster,
    QgsRasterDataProviderTemporalCapabilities,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
)
from qgis.PyQt.QtCore import QDateTime, QSize, Qt
from qgis.PyQt.QtGui import QColor

FORMATS = {
    "text": QgsRaster.IdentifyFormatText,
    "html": QgsRaster.IdentifyFormatHtml,
    "features": QgsRaster.IdentifyFormatFeature,
    "values": QgsRaster.IdentifyFormatValue,
}

# The addresses that QGIS has asked since the line came.
asked: list[str] = []

# QGIS deletes what Python has let go of, also while a thread of its own still works on it.
kept: list[Any] = []


def open_layer(source: str, provider: str, crs: str | None = None) -> Any:
    """Add a layer, in ``crs`` where one is given, as the user chooses it in the dialogue."""
    if crs is not None:
        source = "&".join(
            f"crs={crs}" if part.startswith("crs=") else part for part in source.split("&")
        )
    layer = QgsRasterLayer(source, "layer", provider)
    kept.append(layer)
    if not layer.isValid():
        raise ValueError(layer.error().message(0))
    return layer


def browse(service: str, url: str) -> dict[str, str]:
    """What the browser shows below a connection: titles of layers, and their sources."""
    # Where connections are kept before QGIS 3.26, and since.
    for key in ("qgis/connections-{}/{}/url", "connections/ows/items/{}/connections/items/{}/url"):
        QgsSettings().setValue(key.format(service, "service"), url)
    providers = QgsApplication.dataItemProviderRegistry().providers()
    (provider,) = (one for one in providers if one.name() == service.upper())
    waiting = [provider.createDataItem(f"{service}:/service", None)]
    sources = {}
    while waiting:
        item = waiting.pop()
        kept.append(item)
        item.populate(True)
        waiting += item.children()
        if hasattr(item, "uri"):
            sources[item.name()] = item.uri()
    return sources


def describe(source: str, provider: str) -> dict[str, Any]:
    """What QGIS makes of a layer."""
    layer = open_layer(source, provider)
    extent = layer.extent()
    return {
        "crs": layer.crs().authid(),
        "bounds": [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()],
        "size": [layer.width(), layer.height()],
        "bands": [layer.bandName(band + 1) for band in range(layer.bandCount())],
        "abstract": layer.abstract(),
        "times": [
            moment.toString(Qt.ISODate)
            for period in layer.dataProvider().temporalCapabilities().allAvailableTemporalRanges()
            for moment in (period.begin(), period.end())
        ],
    }


def draw(
    source: str,
    crs: str,
    bounds: list[float],
    size: list[int],
    file: str,
    dpi: int = 96,
    period: list[str] | None = None,
    match: str = "FindClosestMatchToStartOfRange",
) -> str:
    """Draw a map as PNG, at a step of the temporal controller where a ``period`` is given.

    ``match`` is the layer's setting of what is asked for of the period.
    """
    layer = open_layer(source, "wms", crs)
    settings = QgsMapSettings()
    settings.setOutputDpi(dpi)
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
    settings.setExtent(QgsRectangle(*bounds))
    settings.setOutputSize(QSize(*size))
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    if period is not None:
        layer.temporalProperties().setIntervalHandlingMethod(
            getattr(QgsRasterDataProviderTemporalCapabilities, match)
        )
        settings.setIsTemporal(True)
        settings.setTemporalRange(
            QgsDateTimeRange(*(QDateTime.fromString(moment, Qt.ISODate) for moment in period))
        )
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    if not job.renderedImage().save(file, "PNG"):
        raise ValueError(f"{file} cannot be written")
    return "; ".join(error.message for error in job.errors())


def identify(
    source: str,
    provider: str,
    format: str,  # noqa: A002
    point: list[float],
    bounds: list[float],
    size: list[int],
    crs: str | None = None,
) -> Any:
    """What the identify tool tells of a point, as ``format``."""
    layer = open_layer(source, provider, crs)
    found = layer.dataProvider().identify(
        QgsPointXY(*point), FORMATS[format], QgsRectangle(*bounds), *size
    )
    if not found.isValid():
        raise ValueError(found.error().message(0))
    if format != "features":
        return found.results()
    return [
        dict(zip(feature.fields().names(), map(str, feature.attributes()), strict=True))
        for stores in found.results().values()
        for store in stores
        for feature in store.features()
    ]


def read(source: str, band: int, bounds: list[float], size: list[int], file: str) -> Any:
    """Read a band of a coverage into a file of its bare values, row by row from the north."""
    layer = open_layer(source, "wcs")
    block = layer.dataProvider().block(band, QgsRectangle(*bounds), *size)
    if not block.isValid():
        raise ValueError(block.error().message(0))
    Path(file).write_bytes(bytes(block.data()))
    return {"bytes": block.dataTypeSize(), "nodata": block.noDataValue()}


STEPS = {step.__name__: step for step in (browse, describe, draw, identify, read)}


def main() -> None:
    """Answer every line of standard input."""
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    made = QgsNetworkAccessManager.instance().requestAboutToBeCreated[QgsNetworkRequestParameters]
    made.connect(lambda parameters: asked.append(parameters.request().url().toString()))
    for line in sys.stdin:
        asked.clear()
        arguments = json.loads(line)
        try:
            answer = {"result": STEPS[arguments.pop("step")](**arguments)}
        except ValueError as error:
            answer = {"error": str(error)}
        # Requests from other threads are told of by the event loop.
        application.processEvents()
        answer["asked"] = asked
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    # Taking QGIS down piece by piece may crash; nothing is left to be done.
    os._exit(0)


main()
